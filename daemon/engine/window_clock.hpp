// Where each window's buckets and the business day stand now: worked out once for all tallies.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "daemon/engine/calendar.hpp"
#include "daemon/engine/settings.hpp"

namespace deskpulse::engine {

/// The engine's time as the windows see it. Spec 5, *Resolution*: a rolling window W is 60 buckets
/// of W/60, aligned to the epoch; it covers the bucket that the time is in and the 59 before it.
/// advance() costs a comparison per window, and a division for each bucket edge that is passed.
class WindowClock {
 public:
  struct Bucket {
    Millis width{};
    std::int64_t number = 0;  ///< floor(now / width)
    int slot = 0;             ///< number modulo 60: its place in a ring
    Instant start;
    Instant end;
  };

  WindowClock(const std::vector<Window>& windows, const Calendar& calendar);

  /// Never back: an earlier `now` is ignored.
  void advance(Instant now);

  Instant now() const { return now_; }
  /// Grows whenever a bucket or the day changes: equal ticks, nothing to roll.
  std::uint64_t tick() const { return tick_; }
  int windows() const { return static_cast<int>(count_); }
  const Bucket& window(int index) const { return buckets_[static_cast<std::size_t>(index)]; }
  /// From here on it is the current bucket of every window; never, when there is none.
  Instant current_start() const { return current_start_; }
  const Calendar::Day& day() const { return day_; }
  /// Whether what is placed at `at` counts in `today` (ruling R24).
  bool in_today(Instant at) const { return at >= day_.start; }

 private:
  const Calendar& calendar_;
  Instant now_{};
  Instant next_change_{};  ///< the earliest end of a bucket or of the day
  Instant current_start_;
  std::uint64_t tick_ = 1;
  std::size_t count_;
  std::array<Bucket, kMaxWindows> buckets_;
  Calendar::Day day_;
};

}  // namespace deskpulse::engine
