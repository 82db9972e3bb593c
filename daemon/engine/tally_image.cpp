// A tally in an image: its counters, its day, and the buckets of its windows that hold something.
// The windows' sums are not written, for they follow from the buckets.
#include <bit>

#include "daemon/engine/tally.hpp"

namespace deskpulse::engine {
namespace {

constexpr std::uint64_t kAllSlots = (std::uint64_t{1} << kBucketsPerWindow) - 1;

// A row is a mask of its fields that are not 0, and then these. The counts come first.
constexpr unsigned kResponseSum = kCounts;
constexpr unsigned kFirstResponseSum = kCounts + 1;
constexpr unsigned kResponseMax = kCounts + 2;
constexpr unsigned kPeak = kCounts + 3;
constexpr std::uint64_t kAllFields = (std::uint64_t{1} << (kPeak + 1)) - 1;
// All buckets of all windows together still fit.
static_assert(kMostCounted <= ~std::uint64_t{0} / (kMaxWindows * kBucketsPerWindow));

std::uint64_t most(unsigned index) {
  if (index == kPeak) return ~std::uint32_t{0};
  return index < kCounts ? kMostCounted : kLongestSumMs;
}

std::uint64_t field(const WideRow& row, unsigned index) {
  const ScopeNumbers& numbers = row.numbers;
  switch (index) {
    case kResponseSum:
      return static_cast<std::uint64_t>(numbers.response_time_sum_ms);
    case kFirstResponseSum:
      return static_cast<std::uint64_t>(numbers.first_response_time_sum_ms);
    case kResponseMax:
      return static_cast<std::uint64_t>(numbers.response_time_max_ms);
    case kPeak:
      return numbers.peak_conversations;
    default:
      return row.get(static_cast<Count>(index));
  }
}

void save_row(image::Writer& to, const WideRow& row) {
  std::uint64_t fields = 0;
  for (unsigned i = 0; i <= kPeak; ++i)
    if (field(row, i) != 0) fields |= std::uint64_t{1} << i;
  to.number(fields);
  for (; fields != 0; fields &= fields - 1)
    to.number(field(row, static_cast<unsigned>(std::countr_zero(fields))));
}

WideRow load_row(image::Reader& from) {
  WideRow row;
  for (std::uint64_t fields = from.number(kAllFields); fields != 0; fields &= fields - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(fields));
    const std::uint64_t value = from.number(most(i));
    if (i == kResponseSum) {
      row.add_response(static_cast<std::int64_t>(value));
    } else if (i == kFirstResponseSum) {
      row.add_first_response(static_cast<std::int64_t>(value));
    } else if (i == kResponseMax) {
      row.raise_response_max(static_cast<std::int64_t>(value));
    } else if (i == kPeak) {
      row.raise_peak(static_cast<std::uint32_t>(value));
    } else {
      row.set(static_cast<Count>(i), value);
    }
  }
  return row;
}

}  // namespace

struct Tally::LoadedRows {
  struct Bucket {
    int window;
    int slot;
    WideRow row;
  };
  std::vector<Bucket> buckets;
  std::array<std::int64_t, kMaxWindows> numbers{};  ///< of the rings
};

void Tally::save(image::Writer& to, const WindowClock& clock) const {
  for (const std::uint64_t count : counters.messages) to.number(count);
  for (const std::uint64_t count : counters.turns) to.number(count);
  to.number(counters.slow_turns);

  const bool is_of_today = day_ == clock.day().number;
  to.flag(is_of_today);
  if (is_of_today) save_row(to, today_);

  if (packed_ != nullptr) {
    save_rows(to, packed_, clock);
  } else if (wide_ != nullptr) {
    save_rows(to, wide_, clock);
  } else {
    to.flag(false);
  }
}

template <class Row>
void Tally::save_rows(image::Writer& to, const Row* rows, const WindowClock& clock) const {
  std::array<std::uint64_t, kMaxWindows> slots{};  // what was taken back leaves empty buckets
  bool any = false;
  for (int window = 0; window < clock.windows(); ++window) {
    const auto i = static_cast<std::size_t>(window);
    for (std::uint64_t left = rings_[i].occupied; left != 0; left &= left - 1) {
      const int slot = std::countr_zero(left);
      if (!rows[bucket(window, slot, clock)].is_empty()) slots[i] |= std::uint64_t{1} << slot;
    }
    any = any || slots[i] != 0;
  }
  to.flag(any);
  if (!any) return;
  for (int window = 0; window < clock.windows(); ++window) {
    const auto i = static_cast<std::size_t>(window);
    to.number(static_cast<std::uint64_t>(clock.window(window).number - rings_[i].number));
    to.number(slots[i]);
    for (std::uint64_t left = slots[i]; left != 0; left &= left - 1)
      save_row(to, rows[bucket(window, std::countr_zero(left), clock)].wide());
  }
}

void Tally::load(image::Reader& from, const WindowClock& clock, const ImageScopes& image) {
  for (std::uint64_t& count : counters.messages) count = from.number();
  for (std::uint64_t& count : counters.turns) count = from.number();
  counters.slow_turns = from.number();

  day_ = clock.day().number - 1;  // a day that is over: the next roll begins today
  if (from.flag()) {
    const WideRow today = load_row(from);
    if (image.same_day) {
      day_ = clock.day().number;
      today_ = today;
    }
  }

  if (!from.flag()) return;
  LoadedRows loaded;
  for (int window = 0; window < image.windows; ++window) {
    std::int64_t number = 0;
    if (image.same_windows) {
      const std::int64_t now = clock.window(window).number;
      number = now - static_cast<std::int64_t>(from.number(static_cast<std::uint64_t>(now)));
    } else {
      from.number();
    }
    loaded.numbers[static_cast<std::size_t>(window)] = number;
    const std::int64_t newest_slot = number % kBucketsPerWindow;
    for (std::uint64_t slots = from.number(kAllSlots); slots != 0; slots &= slots - 1) {
      const int slot = std::countr_zero(slots);
      const WideRow row = load_row(from);
      if (!image.same_windows) continue;
      const std::int64_t age = (newest_slot - slot + kBucketsPerWindow) % kBucketsPerWindow;
      if (age > number) return from.fail();  // before the epoch
      loaded.buckets.push_back({window, slot, row});
    }
  }
  if (!from.ok() || loaded.buckets.empty()) return;

  std::array<std::uint64_t, kCounts> sums{};
  std::uint32_t peak = 0;
  for (const LoadedRows::Bucket& bucket : loaded.buckets) {
    for (std::size_t i = 0; i < kCounts; ++i) sums[i] += bucket.row.get(static_cast<Count>(i));
    peak = std::max(peak, bucket.row.peak());
  }
  // So many changes might have led here; more than the rows could count.
  const std::uint64_t changes =
      std::max<std::uint64_t>(*std::max_element(sums.begin(), sums.end()), peak);
  changes_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(changes, PackedRow::kMost));
  if (changes <= PackedRow::kMost) {
    packed_ = pools_->packed.acquire();
    restore_rows(packed_, loaded, clock);
  } else {
    wide_ = pools_->wide.acquire();
    restore_rows(wide_, loaded, clock);
  }
}

template <class Row>
void Tally::restore_rows(Row* rows, const LoadedRows& loaded, const WindowClock& clock) {
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    rings_[i].number = loaded.numbers[i];
    rings_[i].slot = static_cast<int>(loaded.numbers[i] % kBucketsPerWindow);
  }
  for (const LoadedRows::Bucket& of : loaded.buckets) {
    const Row row = Row::of(of.row);
    rows[bucket(of.window, of.slot, clock)] = row;
    rows[of.window].add(row);
    rings_[static_cast<std::size_t>(of.window)].occupied |= std::uint64_t{1} << of.slot;
  }
}

}  // namespace deskpulse::engine
