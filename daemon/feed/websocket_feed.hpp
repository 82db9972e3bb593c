// The client of a WebSocket stream: `deskpulse.v1`, or plain events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/feed/backoff.hpp"
#include "daemon/feed/endpoint.hpp"
#include "daemon/feed/feed.hpp"
#include "daemon/feed/feed_probe.hpp"
#include "daemon/feed/stream_position.hpp"
#include "daemon/feed/stream_session.hpp"
#include "proto/event.hpp"

namespace boost::asio {
class io_context;
}

namespace deskpulse::feed {

class NameResolver;

struct WebsocketTimeouts {
  proto::Millis handshake{10'000};  ///< name, connection, TLS, WebSocket and `ready`, together
  proto::Millis message{10'000};    ///< one message, from its first byte to its last
  proto::Millis close{2'000};       ///< then the connection is dropped
  /// deskpulse.v1: silence ends the connection after two heartbeat intervals and this.
  proto::Millis heartbeat_grace{1'000};
  proto::Millis ping_every{2'000};    ///< plain only
  proto::Millis pong_within{10'000};  ///< plain only: nothing heard for so long
};

struct WebsocketSettings {
  Endpoint endpoint;
  Protocol protocol = Protocol::v1;
  Source source;                      ///< as of StreamSettings
  StartAt start_at = StartAt::live;   ///< where there is no position yet
  std::optional<Cursor> resume_from;  ///< the position to begin with
  /// An earlier run has delivered events, though their position is not known: what comes first is
  /// behind a gap, and deskpulse.v1 is asked for all that the server still has.
  bool has_history = false;
  std::string consumer = "deskpulse";
  std::string token_file;  ///< empty = no token; read again for each connection
  std::string ca_file;     ///< empty = the system's; read again for each connection
  bool permessage_deflate = false;
  std::size_t max_message_bytes = 16 << 20;
  std::size_t max_depth = 32;
  WebsocketTimeouts timeouts;
  BackoffSettings backoff;
};

/// Connects, reads and connects again until stopped: a StreamSession over one WebsocketConnection
/// after another. Runs on the given io_context, which one thread
/// runs; every method is to be called on that thread (or before it runs). After each few hundred
/// frames it lets other work of the io_context through, so a scrape waits about a millisecond.
///
/// Every wait has a deadline; every connection ends with one reason of Disconnect, and a new one is
/// made after a pause by Backoff. About 2 µs a frame of one event with a sink that does nothing.
class WebsocketFeed final : public Feed {
 public:
  using WallClock = std::function<proto::Instant()>;

  /// `names` finds the host's addresses; null: the system's resolver, on a thread of its own.
  WebsocketFeed(boost::asio::io_context& io, WebsocketSettings settings, WallClock wall,
                Backoff::Random random, std::shared_ptr<FeedProbe> probe = {},
                std::shared_ptr<NameResolver> names = {});
  /// Drops what is still open, without a word to the server or the listener.
  ~WebsocketFeed() override;

  void start(intake::FeedListener& listener) override;
  /// Closes the WebSocket and ends within `timeouts.close`; at once where there is none yet, also
  /// while a name server does not answer. The io_context then runs out of work.
  void stop() override;
  std::optional<Cursor> cursor() const override;

  /// Goes on with other settings: says goodbye, as stop() does, and connects again at once, at the
  /// same position, so that nothing is lost where the stream is the same. Another source begins
  /// anew, and that is a gap, as when a server does not know the position; without positions
  /// (plain, before or after) it always is one. `resume_from` and `has_history` are not looked at.
  /// Does nothing once stop() has been called.
  void change(WebsocketSettings settings);

  /// Tells the server that everything up to and with `seq` is safe. Nothing is queued: the newest
  /// one goes out as soon as the connection can write; without a connection, or plain, it is
  /// dropped.
  void ack(std::uint64_t seq);

  /// Events passed over because their position had been delivered before.
  std::uint64_t already_seen() const;

 private:
  class Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace deskpulse::feed
