// Where each window's buckets and the business day stand now: worked out once for all tallies.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "daemon/engine/calendar.hpp"
#include "daemon/engine/settings.hpp"

namespace deskpulse::engine {

/// The engine's time as the windows see it. METRICS.md, Time: a rolling window W is 60 buckets
/// of W/60, aligned to the epoch; it covers the bucket that the time is in and the 59 before it.
/// advance() costs a comparison per window, and a division for each bucket edge that is passed.
///
/// Where a window's bucket is a whole number of another one's, as with 1m, 5m, 15m, 30m and 1h, the
/// longer window covers all that the shorter one does, and no bucket of the shorter one lies across
/// an edge of the longer one's. So the shorter one can *feed* the longer one: what leaves it goes
/// on.
class WindowClock {
 public:
  struct Bucket {
    Millis width{};
    std::int64_t number = 0;  ///< floor(now / width)
    int slot = 0;             ///< number modulo 60: its place in a ring
    Instant start;
    Instant end;
    unsigned feeds = 0;  ///< bit i: what leaves this window's ring goes on to that of window i
  };

  WindowClock(const std::vector<Window>& windows, const Calendar& calendar);

  /// Never back: an earlier `now` is ignored.
  void advance(Instant now);

  Instant now() const { return now_; }
  /// Grows whenever a bucket or the day changes: equal ticks, nothing to roll.
  std::uint64_t tick() const { return tick_; }
  int windows() const { return static_cast<int>(count_); }
  const Bucket& window(int index) const { return buckets_[static_cast<std::size_t>(index)]; }
  /// Bit i: window i is fed by no other, so what happens now goes to its ring.
  unsigned roots() const { return roots_; }
  /// The windows' indices; whoever feeds a window comes behind it.
  std::span<const int> fed_first() const { return {fed_first_.data(), count_}; }
  /// The window that feeds this one, or -1.
  int fed_by(int index) const { return fed_by_[static_cast<std::size_t>(index)]; }
  /// The earliest time that a window covers. What is before it changes none of them.
  Instant horizon() const { return horizon_; }
  const Calendar::Day& day() const { return day_; }
  /// The number of the business day before: of an earlier date than the one before where the zone
  /// has skipped that.
  std::int64_t day_before() const { return day_before_; }
  /// Whether what is placed at `at` counts in `today` (ruling R24).
  bool in_today(Instant at) const { return at >= day_.start; }
  /// Whether a window or the day can have what is placed at `at`.
  bool covers(Instant at) const { return at >= horizon_ || in_today(at); }

 private:
  void begin_day();

  const Calendar& calendar_;
  Instant now_{};
  Instant next_change_{};  ///< the earliest end of a bucket or of the day
  Instant horizon_{};
  std::uint64_t tick_ = 1;
  std::size_t count_;
  unsigned roots_ = 0;
  std::array<int, kMaxWindows> fed_first_{};
  std::array<int, kMaxWindows> fed_by_{};
  std::array<Bucket, kMaxWindows> buckets_;
  Calendar::Day day_;
  std::int64_t day_before_;
};

}  // namespace deskpulse::engine
