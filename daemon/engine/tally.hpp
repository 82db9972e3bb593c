// The numbers of one shop or one agent: rolling windows, the business day, counters, levels.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "daemon/engine/report.hpp"
#include "daemon/engine/row_pool.hpp"
#include "daemon/engine/window_clock.hpp"

namespace deskpulse::engine {

/// A window is a ring of 60 buckets and their sum, so that adding, leaving and reading are O(1); a
/// maximum is looked up anew only when the bucket that held it leaves. Where one window feeds
/// another (window_clock.hpp), the longer one's ring holds only what has left the shorter one's,
/// and the longer one's numbers are both sums together: whatever happens, now or late, changes one
/// bucket and one sum, however many windows cover it. Rolling is lazy: whoever touches or reads a
/// tally brings it to the clock first, and only occupied buckets are visited. The rings are
/// allocated with the first number: 88 bytes a bucket, 27 kB for five windows. The clock is passed
/// to each call rather than kept, so a tally is a plain value; its rows stay
/// with the pool when it dies.
class Tally {
 public:
  Counters counters;

  /// The rows come from `pool`, of blocks of rows_needed(), which must outlive this.
  explicit Tally(RowPool& pool) : pool_(&pool) {}
  static std::size_t rows_needed(std::size_t windows) { return windows * (1 + kBucketsPerWindow); }

  /// Changes what happened at `at`, wherever that counts: `change(ScopeNumbers&)` is called for
  /// each of the rows that stand for it, and must do the same each time (add a constant, raise a
  /// maximum).
  template <class Change>
  void place(const WindowClock& clock, Instant at, Change change) {
    place_rolling(clock, at, change);
    if (clock.in_today(at)) change(today_);
  }

  /// The same in the rolling windows only: distinct customers keep their own book for the day.
  /// False when `at` has left all of them.
  template <class Change>
  bool place_rolling(const WindowClock& clock, Instant at, Change change);

  /// The business day's numbers, to be changed where place() does not fit.
  ScopeNumbers& today(const WindowClock& clock) {
    roll(clock);
    return today_;
  }

  /// The level of open conversations changes now by one (spec 5, `peak_conversations`): the values
  /// before and after both count at this instant.
  void raise_level(const WindowClock& clock);
  void lower_level(const WindowClock& clock);
  std::uint32_t level() const { return level_; }

  /// Copies the scopes: rolling windows in their order, then today.
  void read(const WindowClock& clock, ScopeNumbers* scopes);

  /// Asks the processor for the rows that the next place() will most likely touch: mostly the
  /// second since the last event is over, so another bucket begins and one of a minute ago goes on.
  void prefetch(const WindowClock& clock) const;

  /// Gives the rings back; for a party that has been silent longer than any window.
  void release_rings() {
    if (rows_ != nullptr) pool_->release(rows_);
    rows_ = nullptr;
  }

 private:
  struct Ring {
    std::int64_t number = 0;     ///< the clock's bucket when this was last rolled
    std::uint64_t occupied = 0;  ///< bit s: the bucket in slot s holds something
    int slot = 0;                ///< that of `number`
  };

  void roll(const WindowClock& clock) {
    if (tick_ != clock.tick()) roll_to(clock);
  }
  void roll_to(const WindowClock& clock);
  /// Takes what left a shorter window and happened at `at` into those of `windows`, or the ones
  /// they feed, that still cover it.
  void take_over(unsigned windows, const WindowClock& clock, Instant at, const ScopeNumbers& row);
  void leave(int window, const WindowClock& clock);
  template <class Change>
  bool place_in(unsigned windows, const WindowClock& clock, Instant at, Change change);
  void note_peak(const WindowClock& clock, std::uint32_t level);
  void allocate();
  ScopeNumbers& sum(int window) { return rows_[static_cast<std::size_t>(window)]; }
  ScopeNumbers& bucket(int window, int slot, const WindowClock& clock) const {
    return rows_[static_cast<std::size_t>(clock.windows() + window * kBucketsPerWindow + slot)];
  }

  std::uint64_t tick_ = 0;
  std::int64_t day_ = 0;
  std::uint32_t level_ = 0;
  ScopeNumbers* rows_ = nullptr;  ///< sums, then buckets
  ScopeNumbers today_;
  std::array<Ring, kMaxWindows> rings_;
  RowPool* pool_;
};

template <class Change>
bool Tally::place_rolling(const WindowClock& clock, Instant at, Change change) {
  roll(clock);
  if (!rows_) allocate();
  return place_in(clock.roots(), clock, at, change);
}

template <class Change>
bool Tally::place_in(unsigned windows, const WindowClock& clock, Instant at, Change change) {
  bool placed = false;
  for (; windows != 0; windows &= windows - 1) {
    const int i = std::countr_zero(windows);
    const WindowClock::Bucket& now = clock.window(i);
    int slot = now.slot;
    if (at < now.start) {
      const std::int64_t number = at.time_since_epoch() / now.width;
      if (number <= now.number - kBucketsPerWindow) {
        placed |= place_in(now.feeds, clock, at, change);
        continue;
      }
      slot = static_cast<int>(number % kBucketsPerWindow);
    }
    rings_[static_cast<std::size_t>(i)].occupied |= std::uint64_t{1} << slot;
    change(bucket(i, slot, clock));
    change(sum(i));
    placed = true;
  }
  return placed;
}

}  // namespace deskpulse::engine
