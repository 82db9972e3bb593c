// What is known to be missing from the stream, and which windows that touches.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "proto/event.hpp"

namespace deskpulse::intake {

/// In the order of the image: new ones go to the end.
enum class GapKind : std::uint8_t {
  hole,        ///< positions are missing between two frames
  resume,      ///< the source no longer has what came after our position
  reset,       ///< a new epoch: the source started over
  disconnect,  ///< the connection of a source without positions broke
  live_start,  ///< we began in the middle: marks windows, but is no gap (R29)
  set_back,    ///< the clocks were set back, and what came was too late, or too early, for it
};
inline constexpr int kGapKindCount = 6;

/// The source was asked to go on behind our position, and cannot.
constexpr bool is_lost_at_source(GapKind kind) {
  return kind == GapKind::resume || kind == GapKind::reset;
}

/// The oldest moment that the rolling window of this span covers as it is at `watermark`: 60
/// buckets of span/60, aligned to the epoch (METRICS.md, Time).
proto::Instant window_start(proto::Millis span, proto::Instant watermark);

/// Counts gaps, measures them in event time, and says which windows a gap touches. A gap reaches
/// from the newest `ts` before it to the first `ts` of an event or heartbeat after it; until that
/// is known it is open, and every window is incomplete. That first one may be a late event, so what
/// is missing may be of a later time, which missed_until() says. A break found while a gap is open
/// belongs to the same gap; it is counted unless the open one is. Everything is O(1).
class GapLedger {
 public:
  /// `newest` is the newest time heard of before; absent when there was none.
  void open(GapKind kind, std::optional<proto::Instant> newest);
  /// The source was heard at `ts` of its own time: ends the open gap, if there is one.
  void heard(proto::Instant ts);
  /// Whatever is heard: events of `until` and before may be missing.
  void missed_until(proto::Instant until) { end_ = std::max(until, end_.value_or(until)); }

  /// The rolling windows, or the calendar scopes, began anew when time was `at`: what they had
  /// counted until then is missing from them, though the stream has no gap. Where `at` is still to
  /// come, as a wrong clock makes it, that counts once time has come there.
  void windows_began(proto::Instant at) { windows_began_ = at; }
  void calendar_began(proto::Instant at) { calendar_began_ = at; }

  /// All of it. Allocates nothing.
  void save(image::Writer& writer) const;
  /// Into a ledger that is new. False: this is no image of a ledger.
  bool load(image::Reader& reader);

  /// Whether the rolling window of this span, as it is at `watermark`, holds a moment of a gap, so
  /// that its numbers may be too low.
  bool incomplete(proto::Millis span, proto::Instant watermark) const;
  /// The same for a scope that began at `start`, such as the business day.
  bool incomplete_since(proto::Instant start, proto::Instant watermark) const;

  /// Whether events of `at` are known to be missing already. Scopes that began anew say nothing of
  /// the stream.
  bool misses_events_of(proto::Instant at) const {
    return open_.has_value() || (end_ && at <= *end_);
  }

  /// Gaps, without live_start.
  std::uint64_t count() const;
  std::uint64_t count(GapKind kind) const { return counts_[static_cast<std::size_t>(kind)]; }
  bool is_open() const { return open_.has_value(); }
  /// Event time inside the gaps that have ended; live_start has no length.
  proto::Millis total() const { return total_; }
  /// Of the newest gap that has ended.
  proto::Millis last() const { return last_; }

 private:
  struct Open {
    std::optional<proto::Instant> from;  ///< absent: nothing was heard before
    bool counted = false;
  };
  /// Something before `mark` or at it is missing from a scope that began at `start`, or is not
  /// known to be there.
  bool misses(proto::Instant start, proto::Instant watermark,
              const std::optional<proto::Instant>& mark) const;

  std::optional<Open> open_;
  std::optional<proto::Instant> end_;  ///< the latest end of any gap so far
  std::optional<proto::Instant> windows_began_;
  std::optional<proto::Instant> calendar_began_;
  std::array<std::uint64_t, kGapKindCount> counts_{};  ///< by GapKind
  proto::Millis total_{};
  proto::Millis last_{};
};

}  // namespace deskpulse::intake
