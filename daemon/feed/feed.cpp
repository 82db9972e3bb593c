#include "daemon/feed/feed.hpp"

#include <array>

namespace deskpulse::feed {

std::string_view disconnect_name(Disconnect reason) {
  static constexpr std::array<std::string_view, kDisconnectCount> kNames{"token_unreadable",
                                                                         "resolve_failed",
                                                                         "refused",
                                                                         "connect_timeout",
                                                                         "tls_failed",
                                                                         "unauthorized",
                                                                         "handshake_rejected",
                                                                         "handshake_timeout",
                                                                         "wrong_subprotocol",
                                                                         "protocol_error",
                                                                         "message_timeout",
                                                                         "message_too_large",
                                                                         "silence",
                                                                         "closed_by_peer",
                                                                         "connection_lost",
                                                                         "bye",
                                                                         "stopped"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace deskpulse::feed
