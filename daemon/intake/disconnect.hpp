// Why a stream ended, in one word.
#pragma once

#include <cstdint>
#include <string_view>

namespace deskpulse::intake {

/// Why a connection, or the attempt to make one, ended: for the one who is to do something about
/// it. A closed set, so that it can be a label; METRICS.md lists it.
enum class Disconnect : std::uint8_t {
  token_unreadable,     ///< the token file cannot be read, is empty or holds no token
  ca_unreadable,        ///< the CA file cannot be read
  resolve_failed,       ///< the host has no address
  resolve_timeout,      ///< the name server did not answer in time
  refused,              ///< no address of the host took the connection
  connect_timeout,      ///< no address answered in time
  not_tls,              ///< the server does not speak TLS: ws:// is meant, or another port
  tls_version,          ///< the server speaks no TLS from 1.2 on
  tls_expired,          ///< a certificate has expired, or does not count yet: or our clock is wrong
  tls_wrong_name,       ///< the certificate is for another host
  tls_untrusted,        ///< our CAs do not vouch for the certificate
  tls_failed,           ///< anything else of TLS
  handshake_timeout,    ///< connected, but not ready in time
  unauthorized,         ///< 401 or 403, or bye "auth": the slow back-off applies
  redirected,           ///< a 3xx answer: not followed, for the token would go along
  service_unavailable,  ///< 429 or a 5xx answer
  handshake_rejected,   ///< any other answer than 101
  handshake_malformed,  ///< no HTTP, or a 101 that is none for a WebSocket
  accept_key_wrong,     ///< a 101 that answers another request: a cache or a proxy is between
  wrong_subprotocol,    ///< the server did not agree to deskpulse.v1, or chose one on its own
  wrong_extension,      ///< the server uses an extension that was not offered
  protocol_error,       ///< rules of WebSocket broken by the server
  bad_utf8,             ///< a text, or the reason of a close frame, is no UTF-8
  bad_compression,      ///< a compressed message cannot be inflated
  session_error,        ///< rules of deskpulse.v1 broken by the server
  message_timeout,      ///< one message took too long from its first byte to its last
  message_too_large,    ///< a message is larger than the limit
  silence,              ///< no event, heartbeat or pong for too long
  closed_by_peer,       ///< the server closed the WebSocket
  dropped_by_peer,      ///< no close frame: the server died, or a proxy cut the connection
  connection_lost,      ///< any other network error
  bye,                  ///< the server said bye
  stopped,              ///< we wanted it
};
inline constexpr int kDisconnectCount = 33;

/// The value of the label `reason`; stable.
std::string_view disconnect_name(Disconnect reason);

}  // namespace deskpulse::intake
