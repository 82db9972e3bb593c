#include "daemon/intake/disconnect.hpp"

#include <array>

namespace deskpulse::intake {

std::string_view disconnect_name(Disconnect reason) {
  static constexpr std::array<std::string_view, kDisconnectCount> kNames{"token_unreadable",
                                                                         "ca_unreadable",
                                                                         "resolve_failed",
                                                                         "resolve_timeout",
                                                                         "refused",
                                                                         "connect_timeout",
                                                                         "not_tls",
                                                                         "tls_version",
                                                                         "tls_expired",
                                                                         "tls_wrong_name",
                                                                         "tls_untrusted",
                                                                         "tls_failed",
                                                                         "handshake_timeout",
                                                                         "unauthorized",
                                                                         "redirected",
                                                                         "service_unavailable",
                                                                         "handshake_rejected",
                                                                         "handshake_malformed",
                                                                         "accept_key_wrong",
                                                                         "wrong_subprotocol",
                                                                         "wrong_extension",
                                                                         "protocol_error",
                                                                         "bad_utf8",
                                                                         "bad_compression",
                                                                         "session_error",
                                                                         "message_timeout",
                                                                         "message_too_large",
                                                                         "silence",
                                                                         "closed_by_peer",
                                                                         "dropped_by_peer",
                                                                         "connection_lost",
                                                                         "bye",
                                                                         "stopped"};
  static_assert(kNames[static_cast<std::size_t>(Disconnect::stopped)] == "stopped");
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace deskpulse::intake
