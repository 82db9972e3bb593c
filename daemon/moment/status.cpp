#include "daemon/moment/status.hpp"

namespace deskpulse::moment {

std::string_view not_ready_reason(const Status& status) {
  if (!status.ever_connected) return "starting";
  if (!status.connected) return "feed disconnected";
  if (!status.stale) return {};
  if (status.silent) return "feed silent";
  return status.is_ahead ? "ahead of the clock" : "catching up";
}

std::string_view feed_state(const Status& status) {
  if (!status.ever_connected) return "starting";
  if (!status.connected) return "disconnected";
  if (!status.stale) return "live";
  return status.silent ? "silent" : "catching_up";
}

}  // namespace deskpulse::moment
