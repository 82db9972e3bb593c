#include "daemon/engine/response_sketch.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace deskpulse::engine {
namespace {

/// kQuantiles in whole thousandths, so that the rank of 0.99 among 100 is 99 and not a little more.
constexpr auto kPermille = [] {
  std::array<std::uint64_t, kQuantiles.size()> permille{};
  for (std::size_t i = 0; i < permille.size(); ++i)
    permille[i] = static_cast<std::uint64_t>(kQuantiles[i] * 1000 + 0.5);
  return permille;
}();

}  // namespace

// 0…15 are cells of their own; from 16 on, an octave [2^e, 2^(e+1)) has 16 cells of 2^(e-4).
std::size_t ResponseSketch::cell_of(std::int64_t ms) {
  assert(ms >= 0);
  const auto value = static_cast<std::uint64_t>(ms);
  if (value < 16) return static_cast<std::size_t>(value);
  const auto exponent = static_cast<int>(std::bit_width(value)) - 1;
  const std::uint64_t cell =
      static_cast<std::uint64_t>(exponent - 3) * 16 + ((value >> (exponent - 4)) & 15);
  return std::min<std::size_t>(cell, kCells - 1);
}

double ResponseSketch::middle_of(std::size_t cell) {
  if (cell < 16) return static_cast<double>(cell);
  const auto exponent = static_cast<int>(cell / 16) + 3;
  const double width = std::ldexp(1.0, exponent - 4);
  const double low = static_cast<double>(16 + cell % 16) * width;
  const double high = low + width - 1;   // the greatest whole millisecond in the cell
  return 2 * low * high / (low + high);  // the same relative distance to either end
}

// Newest cells become counts, by way of an array of all cells: a pass over it costs less than a
// sort of what is folded.
void ResponseSketch::Bucket::fold() {
  Cells cells{};
  each([&cells](std::uint16_t cell, std::uint32_t count) { cells[cell] += count; });
  clear();
  for (std::size_t cell = 0; cell < kCells; ++cell)
    if (cells[cell] != 0) folded_.push_back({static_cast<std::uint16_t>(cell), cells[cell]});
}

void ResponseSketch::roll(const WindowClock& clock) {
  if (tick_ == clock.tick()) return;
  tick_ = clock.tick();
  if (day_ != clock.day().number) {
    day_ = clock.day().number;
    today_ = Scope{};
  }
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    Ring& ring = *rings_[i];
    const std::int64_t number = clock.window(static_cast<int>(i)).number;
    const std::int64_t first = std::max(ring.number + 1, number - kBucketsPerWindow + 1);
    for (std::int64_t n = first; n <= number; ++n) {
      auto& bucket = ring.buckets[static_cast<std::size_t>(n % kBucketsPerWindow)];
      bucket.each([&ring](std::uint16_t of, std::uint32_t count) {
        ring.sum.cells[of] -= count;
        ring.sum.total -= count;
      });
      bucket.clear();
    }
    ring.number = number;
  }
}

void ResponseSketch::place(const WindowClock& clock, Instant at, Millis response_time) {
  while (rings_.size() < static_cast<std::size_t>(clock.windows())) {
    rings_.push_back(std::make_unique<Ring>());
    rings_.back()->number = clock.window(static_cast<int>(rings_.size()) - 1).number;
  }
  roll(clock);
  const std::size_t cell = cell_of(response_time.count());
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    const WindowClock::Bucket& now = clock.window(static_cast<int>(i));
    std::int64_t number = now.number;
    if (at < now.start) {
      number = at.time_since_epoch() / now.width;
      if (number <= now.number - kBucketsPerWindow) continue;
    }
    Ring& ring = *rings_[i];
    if (ring.sum.is_full()) continue;
    ring.buckets[static_cast<std::size_t>(number % kBucketsPerWindow)].add(
        static_cast<std::uint16_t>(cell));
    ring.sum.add(cell);
  }
  if (clock.in_today(at) && !today_.is_full()) today_.add(cell);
}

Quantiles ResponseSketch::quantiles(const Scope& scope) {
  if (scope.total == 0) return std::nullopt;
  std::array<double, kQuantiles.size()> values{};
  std::size_t next = 0;
  std::uint64_t seen = 0;
  for (std::size_t cell = 0; cell < kCells && next < kQuantiles.size(); ++cell) {
    seen += scope.cells[cell];
    while (next < kQuantiles.size() && seen * 1000 >= kPermille[next] * scope.total)
      values[next++] = middle_of(cell);
  }
  return values;
}

void ResponseSketch::read(const WindowClock& clock, Quantiles* scopes) {
  roll(clock);
  for (int i = 0; i < clock.windows(); ++i) {
    const auto index = static_cast<std::size_t>(i);
    scopes[i] = index < rings_.size() ? quantiles(rings_[index]->sum) : std::nullopt;
  }
  scopes[clock.windows()] = quantiles(today_);
}

}  // namespace deskpulse::engine
