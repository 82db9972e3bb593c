#include "daemon/http/http_counts.hpp"

namespace deskpulse::http {

std::string_view label_of(CloseReason reason) {
  static constexpr std::array<std::string_view, kCloseReasons> kLabels{
      "header_timeout", "idle_timeout", "write_timeout", "held_bytes",
      "evicted",        "refused",      "no_memory"};
  return kLabels.at(static_cast<std::size_t>(reason));
}

}  // namespace deskpulse::http
