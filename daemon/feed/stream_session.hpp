// The client's side of a stream, without its connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/feed/feed.hpp"
#include "daemon/feed/feed_probe.hpp"
#include "daemon/feed/stream_position.hpp"
#include "proto/decoder.hpp"
#include "proto/event.hpp"
#include "proto/rejection.hpp"

namespace deskpulse::feed {

struct StreamSettings {
  Protocol protocol = Protocol::v1;
  Source source;  ///< in another one than before the position means nothing: a gap
  StartAt start_at = StartAt::live;   ///< where there is no position yet
  std::optional<Cursor> resume_from;  ///< the position to begin with
  /// An earlier run has delivered events, though their position is not known: what comes first is
  /// behind a gap.
  bool has_history = false;
  std::string consumer = "deskpulse";
  proto::DecoderLimits limits;
  /// deskpulse.v1: how much longer than two heartbeat intervals the server may be silent.
  proto::Millis heartbeat_grace{1'000};
  proto::Millis ping_every{2'000};    ///< plain only
  proto::Millis pong_within{10'000};  ///< plain only: how long the server may be silent
};

/// Everything about a stream that decides numbers: what to say to the server, what its messages
/// mean, where we are, what is missing. It outlives connections. No sockets, no timers, no clock:
/// whoever has the connection passes in messages and the time (WebsocketFeed; a simulation). For
/// each connection, in this order: opened(), message() and pong() as they come, disconnected();
/// for one that failed before it was open, disconnected() alone.
///
/// The listener is called from within these. O(1) beside the decoding. Not thread-safe.
class StreamSession {
 public:
  explicit StreamSession(StreamSettings settings);

  /// Who is told; null: nobody, from now on.
  void listen(intake::FeedListener* listener, FeedProbe* probe = nullptr);

  /// The WebSocket is open. What to send first, or nothing: a plain stream is ready at once.
  std::string opened(proto::Instant wall);

  enum class Verdict : std::uint8_t {
    go_on,
    /// The message is no JSON, and nothing has been said about it yet: it may be no UTF-8 either,
    /// and that ends a WebSocket. Where that is known not to be so, the next call is not_json().
    not_json,
    /// The connection is to be closed, as ending() says; nothing more may be passed in. That it is
    /// over has been told already.
    end,
  };
  /// A whole text message.
  Verdict message(std::string_view text, proto::Tail tail, proto::Instant wall);
  /// A message that is no JSON, among them every binary one: counted, and the stream goes on.
  void not_json();
  /// A message that there was no memory for: counted, and the stream goes on without it.
  void lost(proto::Instant wall);
  /// The server answered a ping.
  void pong(proto::Instant wall);

  /// Good after Verdict::end.
  const Ending& ending() const { return ending_; }

  /// The connection is over, or could not be made. `detail`: as of End.
  void disconnected(intake::Disconnect reason, std::string_view detail = {});

  /// Goes on with other settings at the same position, where there is one and the source is the
  /// same; only between two connections. `resume_from` and `has_history` are not looked at.
  void change(StreamSettings settings);

  /// The server has answered the hello, on this connection.
  bool is_ready() const { return ready_; }
  /// Good while ready: the longest that the server may give no sign of life.
  proto::Millis silence_limit() const { return silence_limit_; }
  /// Grows with each: a frame of events, a heartbeat, of a plain server a pong.
  std::uint64_t signs_of_life() const { return signs_of_life_; }

  /// The frame that says that everything up to and with `seq` is safe; empty when it is not to be
  /// sent, because there is nobody or nothing to say it to.
  std::string ack(std::uint64_t seq) const;
  /// Where the stream could go on after all events delivered so far; absent when it cannot.
  std::optional<Cursor> cursor() const;
  /// Events passed over because their position had been delivered before.
  std::uint64_t already_seen() const { return already_seen_; }

 private:
  bool is_plain() const { return settings_.protocol == Protocol::plain; }
  Verdict plain_message(std::string_view text, proto::Tail tail, proto::Instant wall);
  Verdict frame(const proto::ServerFrame& frame, proto::Instant wall);
  Verdict bye(const proto::Bye& bye);
  Verdict ready(const proto::Ready& ready, proto::Instant wall);
  Verdict heartbeat(const proto::Heartbeat& heartbeat, proto::Instant wall);
  Verdict events(const proto::Events& frame, proto::Instant wall);
  Verdict breach(std::string_view what);
  Verdict end(Ending ending);
  void became_ready(proto::Millis heartbeat, std::string_view resume,
                    std::optional<intake::GapKind> gap, std::optional<proto::Instant> ts,
                    proto::Instant wall);
  void deliver(const proto::Decoded<proto::Event>& event, proto::Instant wall);
  void reject(const proto::Rejection& rejection);
  /// Amid a connection.
  void found_hole(proto::Instant wall);
  void look_whether_caught_up();
  void report_gap(intake::GapKind kind);

  StreamSettings settings_;
  StreamPosition position_;
  proto::Decoder decoder_;
  intake::FeedListener* listener_ = nullptr;
  FeedProbe* probe_ = nullptr;
  bool open_ = false;
  bool ready_ = false;
  bool has_ended_ = false;     ///< by its own verdict, and the connection is not over yet
  bool has_history_;           ///< something has been delivered, or could have been
  bool has_caught_up_ = true;  ///< with the head of the last ready
  /// A stream without positions goes on behind a gap that has not been told yet.
  bool owes_gap_;
  proto::Millis silence_limit_{};
  std::uint64_t signs_of_life_ = 0;
  std::uint64_t already_seen_ = 0;
  Ending ending_;
};

}  // namespace deskpulse::feed
