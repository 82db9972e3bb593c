#include "daemon/engine/tally.hpp"

#include <cassert>

#include "daemon/memory/prefetch.hpp"

namespace deskpulse::engine {
namespace {

/// Calls `visit(slot)` for each bit.
template <class Visit>
void each_slot(std::uint64_t bits, Visit visit) {
  for (; bits != 0; bits &= bits - 1) visit(std::countr_zero(bits));
}

constexpr std::uint64_t kAllSlots = (std::uint64_t{1} << kBucketsPerWindow) - 1;

/// The slots that come into use when a ring goes from bucket `from` to bucket `to`.
std::uint64_t slots_between(std::int64_t from, std::int64_t to) {
  if (to - from >= kBucketsPerWindow) return kAllSlots;
  const int count = static_cast<int>(to - from);
  const int first = static_cast<int>((from + 1) % kBucketsPerWindow);
  const std::uint64_t run = (std::uint64_t{1} << count) - 1;
  const std::uint64_t wrapped = run << first;
  const int over = first + count - kBucketsPerWindow;  // how many wrap round to slot 0
  return (wrapped & kAllSlots) | (over > 0 ? run >> (count - over) : 0);
}

}  // namespace

void Tally::allocate() {
  packed_ = pools_->packed.acquire();
  for (Ring& ring : rings_) ring.occupied = 0;
}

void Tally::widen(const WindowClock& clock) {
  wide_ = pools_->wide.acquire();
  const std::size_t rows = rows_needed(static_cast<std::size_t>(clock.windows()));
  for (std::size_t i = 0; i < rows; ++i) wide_[i] = packed_[i].wide();
  pools_->packed.release(packed_);
  packed_ = nullptr;
}

template <class Row>
void Tally::take_over(Row* rows, unsigned windows, const WindowClock& clock, Instant at,
                      const Row& row) {
  for (; windows != 0; windows &= windows - 1) {
    const int i = std::countr_zero(windows);
    const WindowClock::Bucket& now = clock.window(i);
    const std::int64_t number = at.time_since_epoch() / now.width;
    if (number <= now.number - kBucketsPerWindow) {
      take_over(rows, now.feeds, clock, at, row);
      continue;
    }
    const int slot = static_cast<int>(number % kBucketsPerWindow);
    rings_[static_cast<std::size_t>(i)].occupied |= std::uint64_t{1} << slot;
    rows[bucket(i, slot, clock)].add(row);
    rows[i].add(row);
  }
}

template <class Row>
void Tally::leave(Row* rows, int window, const WindowClock& clock) {
  Ring& ring = rings_[static_cast<std::size_t>(window)];
  const WindowClock::Bucket& now = clock.window(window);
  const std::uint64_t leaving = ring.occupied & slots_between(ring.number, now.number);
  if (leaving == 0) return;
  Row& total = rows[window];
  const auto holds = [](auto value, auto maximum) { return value > 0 && value == maximum; };
  bool maximum_left = false;
  each_slot(leaving, [&](int slot) {
    Row& left = rows[bucket(window, slot, clock)];
    total.subtract(left);
    maximum_left |=
        holds(left.response_max(), total.response_max()) || holds(left.peak(), total.peak());
    if (now.feeds != 0) {
      const int age = (ring.slot - slot + kBucketsPerWindow) % kBucketsPerWindow;
      take_over(rows, now.feeds, clock, Instant{(ring.number - age) * now.width}, left);
    }
    left = Row{};
  });
  ring.occupied &= ~leaving;
  if (!maximum_left) return;
  total.forget_maxima();
  each_slot(ring.occupied,
            [&](int slot) { total.raise_maxima(rows[bucket(window, slot, clock)]); });
}

void Tally::roll_to(const WindowClock& clock) {
  tick_ = clock.tick();
  if (day_ != clock.day().number) {
    day_ = clock.day().number;
    today_ = WideRow{};
    today_.raise_peak(level_);  // carried over the cut: nothing changed it since
  }
  // Those that are fed first, so that they are at the clock when they take over what comes.
  for (const int i : clock.fed_first()) {
    Ring& ring = rings_[static_cast<std::size_t>(i)];
    const WindowClock::Bucket& now = clock.window(i);
    if (ring.number == now.number) continue;
    if (packed_ != nullptr) leave(packed_, i, clock);
    if (wide_ != nullptr) leave(wide_, i, clock);
    ring.number = now.number;
    ring.slot = now.slot;
  }
}

void Tally::prefetch(const WindowClock& clock) const {
  // The few wide ones are the busiest of all, and so at hand.
  if (packed_ == nullptr || clock.windows() == 0) return;
  const int first = clock.fed_first().back();
  const WindowClock::Bucket& now = clock.window(first);
  memory::prefetch(&packed_[first]);
  memory::prefetch(&packed_[bucket(first, now.slot, clock)]);
  const Ring& ring = rings_[static_cast<std::size_t>(first)];
  if (ring.number == now.number) return;
  const std::uint64_t leaving = ring.occupied & slots_between(ring.number, now.number);
  if (leaving == 0) return;
  memory::prefetch(&packed_[bucket(first, std::countr_zero(leaving), clock)]);
  if (now.feeds == 0) return;
  const int fed = std::countr_zero(now.feeds);
  memory::prefetch(&packed_[fed]);
  const WindowClock::Bucket& of_fed = clock.window(fed);
  const std::int64_t number = (now.number - kBucketsPerWindow) * now.width / of_fed.width;
  memory::prefetch(&packed_[bucket(fed, static_cast<int>(number % kBucketsPerWindow), clock)]);
}

void Tally::note_peak(const WindowClock& clock, std::uint32_t level) {
  place(clock, clock.now(), [level](auto& row) { row.raise_peak(level); });
}

void Tally::raise_level(const WindowClock& clock) {
  roll(clock);
  note_peak(clock, ++level_);
}

void Tally::lower_level(const WindowClock& clock) {
  assert(level_ > 0);
  roll(clock);
  note_peak(clock, level_--);
}

template <class Row>
void Tally::read_rows(const Row* rows, const WindowClock& clock, ScopeNumbers* scopes) const {
  std::array<Row, kMaxWindows> sums;
  const std::span<const int> fed_first = clock.fed_first();
  for (auto i = fed_first.rbegin(); i != fed_first.rend(); ++i) {
    Row& sum = sums[static_cast<std::size_t>(*i)];
    if (rows != nullptr) sum = rows[*i];
    if (const int feeder = clock.fed_by(*i); feeder >= 0)
      sum.add(sums[static_cast<std::size_t>(feeder)]);
    // Without a change in the window, the level is what it was all through it.
    sum.raise_peak(level_);
    sum.read(scopes[*i]);
  }
}

void Tally::read(const WindowClock& clock, ScopeNumbers* scopes) {
  roll(clock);
  if (wide_ != nullptr) {
    read_rows(wide_, clock, scopes);
  } else {
    read_rows(packed_, clock, scopes);
  }
  scopes[clock.windows()] = today_.numbers;
}

}  // namespace deskpulse::engine
