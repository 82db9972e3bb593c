// Where we are in a deskpulse.v1 stream, and what is missing when we go on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/feed/feed.hpp"
#include "proto/session.hpp"

namespace deskpulse::feed {

enum class StartAt : std::uint8_t {
  live,   ///< with what comes from now on
  floor,  ///< with the oldest event that the server still has
};

/// The client's side of positions, epochs and gaps (PROTOCOL.md, "The session"), without the
/// connection. Outlives connections. O(1).
class StreamPosition {
 public:
  /// `resume_from`: where an earlier run of the daemon had got to. `has_history`: it had got
  /// somewhere, though the place is not known; implied by a place. `source`: whose positions these
  /// will be.
  StreamPosition(StartAt start_at, std::optional<Cursor> resume_from, bool has_history = false,
                 const Source& source = {});

  /// The server that comes next is that of another source, or maybe the same. Another one begins
  /// anew; until it has said ready() the place in the one before it stays good for going back.
  void go_on_in(const Source& source) { source_ = source; }

  /// What to say in `hello`; views are good until the next call of ready().
  std::optional<proto::Position> ask() const;

  /// The server's answer. The gap that it means, if it means one: live_start where there is nothing
  /// before that could be missed. In the same epoch no position that was delivered is taken again,
  /// whatever the answer says: an event without an id would count twice.
  std::optional<intake::GapKind> ready(const proto::Ready& ready);

  struct Frame {
    bool valid = true;  ///< false: no such positions exist; the connection is to be ended
    bool hole = false;  ///< positions are missing before it
  };
  /// A frame with `count` events, the first of them at `seq`.
  Frame begin(std::uint64_t seq, std::size_t count);
  /// The event at `seq` of that frame. False: delivered before, to be passed over.
  bool take(std::uint64_t seq);

  /// Whether we have what the server had at the last ready().
  bool has_head_of_ready() const { return cursor_ && cursor_->seq >= head_; }

  enum class Heartbeat {
    caught_up,  ///< we have all that the server has
    behind,     ///< events are still to come
    invalid,    ///< the server has less than it has sent: the connection is to be ended
  };
  Heartbeat heartbeat(std::uint64_t head) const;

  /// The frame that comes next cannot be taken, however often it is sent. Where nothing came since
  /// ready() and the server has more, goes on behind its first event; true then, and it is a hole.
  bool pass_over();

  /// The position is of no more use to the server; what was delivered is still known.
  void forget() { forgotten_ = true; }
  /// Behind everything delivered so far; absent before the first ready() and after forget().
  std::optional<Cursor> cursor() const { return forgotten_ ? std::nullopt : cursor_; }

 private:
  /// There is a place, and the server can be asked for what comes behind it.
  bool can_resume() const { return cursor_ && !forgotten_ && cursor_->source.is_same(source_); }

  StartAt start_at_;
  Source source_;
  std::optional<Cursor> cursor_;
  bool forgotten_ = false;
  std::uint64_t head_ = 0;      ///< the server's, at the last ready()
  std::uint64_t at_ready_ = 0;  ///< ours, then
  bool has_history_;            ///< something has been delivered, or could have been
};

}  // namespace deskpulse::feed
