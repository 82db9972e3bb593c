#include "daemon/serve/status.hpp"

namespace deskpulse::serve {

std::string_view not_ready_reason(const Status& status) {
  if (!status.ever_connected) return "starting";
  if (!status.connected) return "feed disconnected";
  if (!status.caught_up) return "catching up";
  if (status.stale) return "stale";
  return {};
}

}  // namespace deskpulse::serve
