// The numbers of one shop or one agent: rolling windows, the business day, counters, levels.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>

#include "daemon/engine/report.hpp"
#include "daemon/engine/window_clock.hpp"

namespace deskpulse::engine {

/// Each window is a ring of 60 buckets and their sum, so that adding, leaving and reading are O(1);
/// a maximum is looked up anew only when the bucket that held it leaves. Rolling is lazy: whoever
/// touches or reads a tally brings it to the clock first, and only occupied buckets are visited.
/// What happens in the current bucket of all windows, which is nearly everything, is gathered in
/// one row; when the first window's bucket is over that row is handed to it and to the second
/// window's gathering row, and so on: an event touches one row, and not a row and a sum of every
/// window. The rings are allocated with the first number: 88 bytes a bucket, 27 kB for five
/// windows. The clock is passed to each call rather than kept, so a tally is a plain movable value.
class Tally {
 public:
  Counters counters;

  /// Changes what happened at `at`, wherever that counts: `change(ScopeNumbers&)` is called for
  /// every scope that covers it, and must do the same each time (add a constant, raise a maximum).
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

  /// Asks the processor for what the next place() will most likely touch.
  void prefetch(const WindowClock& clock) const {
    prefetch_bytes(&counters, sizeof counters);
    prefetch_bytes(&tick_, sizeof tick_);
    prefetch_bytes(&gathered_, sizeof gathered_);
    prefetch_bytes(&today_, sizeof today_);
    prefetch_bytes(&rings_[0], 2 * sizeof(Ring));
    if (!rows_ || clock.windows() == 0) return;
    prefetch_bytes(&rows_[0], sizeof(ScopeNumbers));
    const auto windows = static_cast<std::size_t>(clock.windows());
    if (windows > 1) prefetch_bytes(&rows_[windows + 1], sizeof(ScopeNumbers));
    // Mostly the second since its last event is over, and another bucket begins.
    prefetch_bytes(&rows_[2 * windows + static_cast<std::size_t>(rings_[0].slot)],
                   sizeof(ScopeNumbers));
  }

  /// Gives the rings back; for a party that has been silent longer than any window.
  void release_rings() {
    rows_.reset();
    gathered_ = ScopeNumbers{};
    gathering_ = 0;
  }

 private:
  struct Ring {
    std::int64_t number = 0;     ///< the clock's bucket when this was last rolled
    std::uint64_t occupied = 0;  ///< bit s: the bucket in slot s holds something
    int slot = 0;                ///< that of `number`
  };

  static void prefetch_bytes(const void* from, std::size_t size) {
    for (std::size_t at = 0; at < size; at += 64)
      __builtin_prefetch(static_cast<const char*>(from) + at, 1);
  }
  void roll(const WindowClock& clock) {
    if (tick_ != clock.tick()) roll_to(clock);
  }
  void roll_to(const WindowClock& clock);
  /// Hands what was gathered to the current buckets of the windows up to `last`.
  void hand_over(const WindowClock& clock, int last);
  void leave(int window, const WindowClock& clock, std::uint64_t leaving);
  void note_peak(const WindowClock& clock, std::uint32_t level);
  void allocate(const WindowClock& clock);
  ScopeNumbers& sum(int window) { return rows_[static_cast<std::size_t>(window)]; }
  /// In the current bucket of this window and those behind it, handed to those before it.
  ScopeNumbers& gathered(int window, const WindowClock& clock) {
    return window == 0 ? gathered_ : rows_[static_cast<std::size_t>(clock.windows() + window)];
  }
  bool is_gathering(int window) const { return (gathering_ >> window & 1U) != 0; }
  ScopeNumbers& bucket(int window, int slot, const WindowClock& clock) {
    return rows_[static_cast<std::size_t>(2 * clock.windows() + window * kBucketsPerWindow + slot)];
  }

  std::uint64_t tick_ = 0;
  std::int64_t day_ = 0;
  std::uint32_t level_ = 0;
  unsigned gathering_ = 0;  ///< bit i: gathered(i) holds something
  ScopeNumbers gathered_;   ///< of the first window
  ScopeNumbers today_;
  std::array<Ring, kMaxWindows> rings_;
  std::unique_ptr<ScopeNumbers[]> rows_;  ///< sums, gathering rows, buckets
};

template <class Change>
bool Tally::place_rolling(const WindowClock& clock, Instant at, Change change) {
  roll(clock);
  if (at >= clock.current_start()) {
    gathering_ |= 1U;
    change(gathered_);
    return true;
  }
  bool placed = false;
  if (!rows_) allocate(clock);
  for (int i = 0; i < clock.windows(); ++i) {
    const WindowClock::Bucket& now = clock.window(i);
    int slot = now.slot;
    if (at < now.start) {
      const std::int64_t number = at.time_since_epoch() / now.width;
      if (number <= now.number - kBucketsPerWindow) continue;
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
