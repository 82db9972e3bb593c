// What is known to be missing from the stream, and which windows that touches.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "proto/event.hpp"

namespace deskpulse::feed {

enum class GapKind : std::uint8_t {
  hole,        ///< positions are missing between two frames
  resume,      ///< the source no longer has what came after our position
  reset,       ///< a new epoch: the source started over
  disconnect,  ///< the connection of a source without positions broke
  live_start,  ///< we began in the middle: marks windows, but is no gap (R29)
};
inline constexpr int kGapKindCount = 5;

/// Counts gaps, measures them in event time, and says which windows a gap touches. A gap reaches
/// from the newest `ts` before it to the first `ts` of an event or heartbeat after it; until that
/// is known it is open, and every window is incomplete. A break found while a gap is open belongs
/// to the same gap; it is counted unless the open one is. Everything is O(1).
class GapLedger {
 public:
  /// `newest` is the newest time heard of before; absent when there was none.
  void open(GapKind kind, std::optional<proto::Instant> newest);
  /// The source was heard at `ts` of its own time: ends the open gap, if there is one.
  void heard(proto::Instant ts);

  /// Whether the rolling window of this span, as it is at `watermark` (60 buckets of span/60, R of
  /// spec 5), holds a moment of a gap, so that its numbers may be too low.
  bool incomplete(proto::Millis span, proto::Instant watermark) const;
  /// The same for a scope that began at `start`, such as the business day.
  bool incomplete_since(proto::Instant start) const;

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
  std::optional<Open> open_;
  std::optional<proto::Instant> end_;  ///< the latest end of any gap so far
  std::array<std::uint64_t, kGapKindCount> counts_{};
  proto::Millis total_{};
  proto::Millis last_{};
};

}  // namespace deskpulse::feed
