// The numbers of one shop or one agent: rolling windows, the business day, counters, levels.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "daemon/engine/image_scopes.hpp"
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
/// allocated with the first number: 64 bytes a bucket, 20 kB for five windows. The clock is passed
/// to each call rather than kept, so a tally is a plain value; its rows stay with the pool when it
/// dies.
///
/// Rows begin packed. After two million changes of one party, days of a busy person's work or
/// minutes of a robot's, a count of its rows might be full, and they become wide ones, for good.
class Tally {
 public:
  Counters counters;

  /// The rows come from `pools`, of blocks of rows_needed(), which must outlive this.
  explicit Tally(RowPools& pools) : pools_(&pools) {}
  static std::size_t rows_needed(std::size_t windows) { return windows * (1 + kBucketsPerWindow); }

  /// Changes what happened at `at`, wherever that counts: `change(row)` is called for each of
  /// the rows that stand for it, packed or wide, and must do the same each time: add to each count
  /// 1 at most, or take back what an earlier call has added; add to a sum; raise a maximum.
  template <class Change>
  void place(const WindowClock& clock, Instant at, Change change) {
    place_rolling(clock, at, change);
    if (clock.in_today(at)) change(today_);
  }

  /// The same in the rolling windows only: distinct customers keep their own book for the day.
  /// False when `at` has left all of them.
  template <class Change>
  bool place_rolling(const WindowClock& clock, Instant at, Change change);

  /// A count of the business day alone, where place() does not fit. `by` is 1 or -1.
  void count_today(const WindowClock& clock, Count count, int by = 1) {
    roll(clock);
    today_.add(count, by);
  }

  /// The level of open conversations changes now by one (`peak_conversations`): the values
  /// before and after both count at this instant.
  void raise_level(const WindowClock& clock);
  void lower_level(const WindowClock& clock);
  std::uint32_t level() const { return level_; }

  /// Writes everything but the level, which follows from the conversations.
  void save(image::Writer& to, const WindowClock& clock) const;
  /// Of a tally that has counted nothing yet. What `image` says is not of this engine's scopes is
  /// read over, and those scopes begin anew. Says by the reader when it is not what save() writes.
  void load(image::Reader& from, const WindowClock& clock, const ImageScopes& image);
  /// One open conversation more, which was there all the time.
  void restore_level() { changes_ = std::max(changes_, ++level_); }

  /// Copies the scopes: rolling windows in their order, then today.
  void read(const WindowClock& clock, ScopeNumbers* scopes);

  /// Asks the processor for the rows that the next place() will most likely touch: mostly the
  /// second since the last event is over, so another bucket begins and one of a minute ago goes on.
  void prefetch(const WindowClock& clock) const;

  /// Begins anew, for another party. The level is 0.
  void forget() {
    release_rings();
    counters = {};
    today_ = {};
    changes_ = 0;
  }

  /// Gives the rings back; for a party that has been silent longer than any window.
  void release_rings() {
    if (packed_ != nullptr) pools_->packed.release(packed_);
    if (wide_ != nullptr) pools_->wide.release(wide_);
    packed_ = nullptr;
    wide_ = nullptr;
  }

 private:
  struct LoadedRows;
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
  template <class Row>
  void take_over(Row* rows, unsigned windows, const WindowClock& clock, Instant at, const Row& row);
  template <class Row>
  void leave(Row* rows, int window, const WindowClock& clock);
  template <class Row, class Change>
  bool place_in(Row* rows, unsigned windows, const WindowClock& clock, Instant at, Change change);
  template <class Row>
  void read_rows(const Row* rows, const WindowClock& clock, ScopeNumbers* scopes) const;
  template <class Row>
  void save_rows(image::Writer& to, const Row* rows, const WindowClock& clock) const;
  template <class Row>
  void restore_rows(Row* rows, const LoadedRows& loaded, const WindowClock& clock);
  void note_peak(const WindowClock& clock, std::uint32_t level);
  void allocate();
  void widen(const WindowClock& clock);
  // Rows are the windows' sums, then their buckets.
  static std::size_t bucket(int window, int slot, const WindowClock& clock) {
    return static_cast<std::size_t>(clock.windows() + window * kBucketsPerWindow + slot);
  }

  std::uint64_t tick_ = 0;
  std::int64_t day_ = 0;
  std::uint32_t level_ = 0;
  std::uint32_t changes_ = 0;  ///< so many to rows that are packed
  PackedRow* packed_ = nullptr;
  WideRow* wide_ = nullptr;
  WideRow today_;
  std::array<Ring, kMaxWindows> rings_;
  RowPools* pools_;
};

template <class Change>
bool Tally::place_rolling(const WindowClock& clock, Instant at, Change change) {
  roll(clock);
  if (wide_ != nullptr) return place_in(wide_, clock.roots(), clock, at, change);
  if (packed_ == nullptr) allocate();
  if (++changes_ > PackedRow::kMost) {
    widen(clock);
    return place_in(wide_, clock.roots(), clock, at, change);
  }
  return place_in(packed_, clock.roots(), clock, at, change);
}

template <class Row, class Change>
bool Tally::place_in(Row* rows, unsigned windows, const WindowClock& clock, Instant at,
                     Change change) {
  bool placed = false;
  for (; windows != 0; windows &= windows - 1) {
    const int i = std::countr_zero(windows);
    const WindowClock::Bucket& now = clock.window(i);
    int slot = now.slot;
    if (at < now.start) {
      const std::int64_t number = at.time_since_epoch() / now.width;
      if (number <= now.number - kBucketsPerWindow) {
        placed |= place_in(rows, now.feeds, clock, at, change);
        continue;
      }
      slot = static_cast<int>(number % kBucketsPerWindow);
    }
    rings_[static_cast<std::size_t>(i)].occupied |= std::uint64_t{1} << slot;
    change(rows[bucket(i, slot, clock)]);
    change(rows[i]);
    placed = true;
  }
  return placed;
}

}  // namespace deskpulse::engine
