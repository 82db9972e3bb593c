// The seam between a source of events and what is done with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/feed/gap_ledger.hpp"
#include "daemon/feed/source.hpp"
#include "proto/event.hpp"
#include "proto/rejection.hpp"

namespace deskpulse::feed {

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

/// How a connection, or the attempt to make one, ended.
struct End {
  Disconnect reason = Disconnect::stopped;
  std::string detail;  ///< for the log, the error's own sentence; never content
};

/// How one is to be ended.
struct Ending {
  End end;
  std::uint16_t close_code = 1000;  ///< for the close frame: RFC 6455, 7.4.1
};

/// A place in a stream that can be resumed: everything up to and with `seq` has been delivered. It
/// means nothing in another source, whatever that calls its epoch.
struct Cursor {
  std::string epoch;
  std::uint64_t seq = 0;
  Source source{};

  /// Whether the numbers of both count the same events.
  bool has_numbers_of(const Cursor& other) const {
    return source.is_same(other.source) && epoch == other.epoch;
  }
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

/// What a source tells. All calls come from one thread, never from inside start() or stop(), with
/// `wall` the wall clock of the moment. The order: connected, then any of event, rejected,
/// heartbeat, gap, then disconnected; disconnected also comes for an attempt that failed before
/// connected.
class FeedListener {
 public:
  virtual ~FeedListener() = default;
  /// The stream runs. `heartbeat`: the source is heard at least this often, also when idle.
  virtual void connected(proto::Millis heartbeat, proto::Instant wall) = 0;
  /// Views are good during the call.
  virtual void event(const proto::Event& event, proto::Instant wall) = 0;
  /// Something that could not be read; `field` is a static string.
  virtual void rejected(const proto::Rejection& rejection) = 0;
  /// The source lives. `ts` is its clock, absent when it still has events for us (then a heartbeat
  /// does not mean that we have caught up).
  virtual void heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) = 0;
  /// The source answered a question of ours: it lives, and what it had sent until then has been
  /// delivered. What its clock says is not known.
  virtual void answered(proto::Instant wall) { heartbeat(wall, wall); }
  /// Events are missing between what came before and what comes next. Comes after connected() when
  /// the break is found at the resume, after disconnected() when nothing can be resumed.
  virtual void gap(GapKind kind) = 0;
  /// Where events are missing that nothing has come behind yet: they are no newer than this moment.
  /// `ts` is the source's clock, absent where it did not say. Comes after every gap() that is found
  /// while connected, and once after each connected() and its gap().
  virtual void missed_until(std::optional<proto::Instant> ts, proto::Instant wall) {
    static_cast<void>(ts);
    static_cast<void>(wall);
  }
  /// What the source had when the connection became ready has been delivered. Once at most after
  /// each connected(); never by a source that does not say how much it has.
  virtual void caught_up() {}
  virtual void disconnected(Disconnect reason) = 0;
};

/// A source of events that connects by itself, again and again, until it is stopped.
class Feed {
 public:
  virtual ~Feed() = default;
  /// Begins; `listener` must live until the feed is gone or has said disconnected(stopped).
  virtual void start(FeedListener& listener) = 0;
  /// Begins to end, in bounded time. The last call to the listener is disconnected(stopped).
  virtual void stop() = 0;
  /// Where the source could go on after all events delivered so far; absent when it cannot.
  virtual std::optional<Cursor> cursor() const = 0;
};

}  // namespace deskpulse::feed
