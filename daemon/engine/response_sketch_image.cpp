// Response times in an image: for each bucket how often which cell, and the day's cells. The
// windows' sums follow from the buckets.
#include <algorithm>
#include <bit>

#include "daemon/engine/response_sketch.hpp"

namespace deskpulse::engine {

// How many cells, and for each how far it is behind the last one and its count.
void ResponseSketch::save_cells(image::Writer& to, const Cells& cells) {
  to.number(static_cast<std::uint64_t>(
      std::count_if(cells.begin(), cells.end(), [](std::uint32_t count) { return count != 0; })));
  std::size_t next = 0;
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    if (cells[cell] == 0) continue;
    to.number(cell - next);
    to.number(cells[cell]);
    next = cell + 1;
  }
}

template <class Take>
bool ResponseSketch::load_cells(image::Reader& from, Take take) {
  std::size_t next = 0;
  for (std::uint64_t left = from.number(kCells); left > 0; --left) {
    const std::size_t cell = next + from.number(kCells);
    const auto count = from.number_of<std::uint32_t>();
    if (!from.ok() || cell >= kCells || count == 0) return false;
    take(static_cast<std::uint16_t>(cell), count);
    next = cell + 1;
  }
  return from.ok();
}

void ResponseSketch::save(image::Writer& to, const WindowClock& clock) const {
  const bool is_of_today = day_ == clock.day().number;
  to.flag(is_of_today);
  if (is_of_today) save_cells(to, today_.cells);

  const auto has_any = [](const std::unique_ptr<Ring>& ring) {
    return std::any_of(ring->buckets.begin(), ring->buckets.end(),
                       [](const Bucket& bucket) { return !bucket.is_empty(); });
  };
  const bool any = std::any_of(rings_.begin(), rings_.end(), has_any);
  to.flag(any);
  if (!any) return;
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    const Ring& ring = *rings_[i];
    std::uint64_t slots = 0;
    for (std::size_t slot = 0; slot < ring.buckets.size(); ++slot)
      if (!ring.buckets[slot].is_empty()) slots |= std::uint64_t{1} << slot;
    to.number(static_cast<std::uint64_t>(clock.window(static_cast<int>(i)).number - ring.number));
    to.number(slots);
    for (; slots != 0; slots &= slots - 1) {
      Cells cells{};
      ring.buckets[static_cast<std::size_t>(std::countr_zero(slots))].each(
          [&cells](std::uint16_t cell, std::uint32_t count) { cells[cell] += count; });
      save_cells(to, cells);
    }
  }
}

void ResponseSketch::load(image::Reader& from, const WindowClock& clock, const ImageScopes& image) {
  // What a scope has counted; false where it cannot have.
  const auto count_in = [](Scope& scope, std::uint16_t cell, std::uint32_t count) {
    scope.cells[cell] += count;
    scope.total += count;
    return scope.total >= count;
  };
  bool fits = true;
  day_ = clock.day().number - 1;  // a day that is over: the next roll begins today
  if (from.flag()) {
    Scope today;
    if (!load_cells(from, [&](auto cell, auto count) { fits &= count_in(today, cell, count); }))
      return from.fail();
    if (image.same_day) {
      day_ = clock.day().number;
      today_ = today;
    }
  }
  const bool has_rings = from.flag();
  constexpr std::uint64_t kAllSlots = (std::uint64_t{1} << kBucketsPerWindow) - 1;
  for (int window = 0; has_rings && window < image.windows; ++window) {
    auto ring = std::make_unique<Ring>();
    if (image.same_windows) {
      const std::int64_t now = clock.window(window).number;
      ring->number = now - static_cast<std::int64_t>(from.number(static_cast<std::uint64_t>(now)));
    } else {
      from.number();
    }
    for (std::uint64_t slots = from.number(kAllSlots); slots != 0; slots &= slots - 1) {
      Bucket& bucket = ring->buckets[static_cast<std::size_t>(std::countr_zero(slots))];
      const bool good = load_cells(from, [&](std::uint16_t cell, std::uint32_t count) {
        bucket.add_some({cell, count});
        fits &= count_in(ring->sum, cell, count);
      });
      if (!good) return from.fail();
    }
    if (image.same_windows) rings_.push_back(std::move(ring));
  }
  if (!fits) from.fail();
}

}  // namespace deskpulse::engine
