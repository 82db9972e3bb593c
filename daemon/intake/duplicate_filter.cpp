#include "daemon/intake/duplicate_filter.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace deskpulse::intake {

namespace {

/// More slots an insert than one: a whole round then takes a fraction of a table's size in inserts,
/// which bounds how many forgotten keys lie about.
constexpr std::size_t kSweep = 4;
constexpr std::uint64_t kTsBits = (std::uint64_t{1} << 48) - 1;
static_assert(proto::kLastInstant.time_since_epoch().count() <= std::int64_t{kTsBits});

constexpr std::uint64_t kSlices = 256;  ///< of the allowed lateness
constexpr std::uint64_t kShortestSlice = 16;
/// How far ahead of the watermark a remembered event may be: the longest reorder window.
constexpr std::uint64_t kAhead = 60'000;

/// Of a slot in an image: its 80 bits, behind its time.
constexpr std::size_t kKeyBytes = 10;
constexpr std::uint64_t kEnd = 0;  ///< instead of a time

std::uint64_t nonzero(std::uint64_t low) { return low == 0 ? 1 : low; }

std::uint64_t millis(proto::Instant at) {
  assert(at.time_since_epoch().count() >= 0 && at <= proto::kLastInstant);
  return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

std::uint64_t slice_width(proto::Millis allowed_lateness) {
  return std::max(kShortestSlice,
                  static_cast<std::uint64_t>(allowed_lateness.count()) / kSlices + 1);
}

}  // namespace

DuplicateFilter::DuplicateFilter(proto::Millis allowed_lateness, std::size_t most)
    : allowed_lateness_(allowed_lateness),
      most_(most),
      slice_(slice_width(allowed_lateness)),
      counts_((static_cast<std::uint64_t>(allowed_lateness.count()) + kAhead) / slice_ + 3) {
  assert(most > 0);
}

proto::Instant DuplicateFilter::oldest(proto::Instant watermark) const {
  return std::max(watermark - allowed_lateness_, horizon_);
}

std::uint64_t DuplicateFilter::slice_of(proto::Instant ts) const {
  return slice_of(millis(std::max(ts, proto::Instant{})));
}

DuplicateFilter::Slot DuplicateFilter::slot_of(const proto::CustomerKey& key, proto::Instant ts) {
  return {nonzero(key.low), key.high & 0xffff, millis(ts) & kTsBits};
}

void DuplicateFilter::prefetch(const proto::CustomerKey& key) const {
  const Slot slot = slot_of(key, {});
  const Table& table = tables_[table_of(slot.low)];
  const std::size_t home = table.home(slot);
  __builtin_prefetch(&table.slots[home], 1);
  // A probe goes on for some slots where the table is nearly three quarters full.
  __builtin_prefetch(&table.slots[(home + 4) & table.mask], 1);
  // So many tables are too many places to sweep for the processor to see where it goes.
  __builtin_prefetch(&table.slots[table.hand], 1);
}

bool DuplicateFilter::insert(const proto::CustomerKey& key, proto::Instant ts,
                             proto::Instant watermark) {
  forget_before(oldest(watermark));
  const Slot added = slot_of(key, ts);
  Table& table = tables_[table_of(added.low)];
  sweep(table);

  bool found = false;
  std::size_t index = table.find(added, found);
  if (found) {
    const Slot& slot = table.slots[index];
    if (proto::Instant{proto::Millis(slot.ts)} >= oldest(watermark)) return false;
    uncount(slot);
    table.erase(index);
    --used_;
    index = table.find(added, found);
  }
  if (remembered_ >= most() && !make_room(watermark)) {
    ++not_remembered_;
    return true;
  }
  if ((table.used + 1) * 4 > table.slots.size() * 3) {
    grow(table);
    index = table.find(added, found);
  }
  table.insert_at(index, added);
  ++used_;
  count(added);
  return true;
}

bool DuplicateFilter::make_room(proto::Instant watermark) {
  const std::uint64_t last = slice_of(watermark);
  while (remembered_ >= most()) {
    std::uint64_t slice = first_slice_;
    while (slice < last && counts_[slice % counts_.size()] == 0) ++slice;
    // What is at the watermark must be accepted, so it must be remembered.
    if (slice >= last) return false;
    horizon_ = proto::Instant{proto::Millis((slice + 1) * slice_)};
    forget_before(horizon_);
    ++shrinks_;
  }
  return true;
}

/// Whole slices at a time, so that what counts is what is there.
void DuplicateFilter::forget_before(proto::Instant oldest) {
  const std::uint64_t ts = millis(std::max(oldest, proto::Instant{}));
  if (ts < swept_before_ + slice_) return;
  const std::uint64_t slice = slice_of(ts);
  swept_before_ = slice * slice_;
  uncount_before(slice);
}

void DuplicateFilter::uncount_before(std::uint64_t slice) {
  if (slice <= first_slice_) return;
  const std::uint64_t passed = std::min<std::uint64_t>(slice - first_slice_, counts_.size());
  for (std::uint64_t i = 0; i < passed; ++i)
    remembered_ -= std::exchange(counts_[(first_slice_ + i) % counts_.size()], 0);
  first_slice_ = slice;
}

void DuplicateFilter::count(const Slot& slot) {
  const std::uint64_t slice = slice_of(slot.ts);
  // An event that far ahead takes the watermark with it, and the oldest are forgotten then.
  if (slice >= first_slice_ + counts_.size()) uncount_before(slice + 1 - counts_.size());
  if (slice < first_slice_) return;
  ++counts_[slice % counts_.size()];
  ++remembered_;
}

void DuplicateFilter::uncount(const Slot& slot) {
  const std::uint64_t slice = slice_of(slot.ts);
  if (slice < first_slice_) return;
  --counts_[slice % counts_.size()];
  --remembered_;
}

void DuplicateFilter::sweep(Table& table) {
  for (std::size_t i = 0; i < kSweep; ++i) {
    const Slot& slot = table.slots[table.hand];
    // An erased slot may have been filled from behind: it is looked at again, next time.
    if (slot.low != 0 && slot.ts < swept_before_) {
      table.erase(table.hand);
      --used_;
    } else {
      table.hand = (table.hand + 1) & table.mask;
    }
  }
}

void DuplicateFilter::grow(Table& table) {
  std::size_t remembered = 0;
  for (const Slot& slot : table.slots)
    remembered += slot.low != 0 && slot.ts >= swept_before_ ? 1 : 0;
  // Where many are forgotten there is room enough without them.
  resize(table, remembered * 2 > table.slots.size() ? table.slots.size() * 2 : table.slots.size());
}

void DuplicateFilter::resize(Table& table, std::size_t slots) {
  Table bigger(slots);
  table.for_each([&](const Slot& slot) {
    if (slot.ts < swept_before_) return;
    bool found = false;
    bigger.insert_at(bigger.find(slot, found), slot);
  });
  used_ -= table.used - bigger.used;
  table = std::move(bigger);
}

DuplicateFilter::Table::Table(std::size_t size)
    : slots(size), mask(size - 1), shift(64 - static_cast<unsigned>(std::countr_zero(size))) {
  assert(std::has_single_bit(size) && size > 1);
}

std::size_t DuplicateFilter::Table::home(const Slot& slot) const {
  return (slot.low << kTableBits) >> shift;
}

std::size_t DuplicateFilter::Table::displacement(std::size_t index) const {
  return (index - home(slots[index])) & mask;
}

std::size_t DuplicateFilter::Table::find(const Slot& wanted, bool& found) const {
  std::size_t index = home(wanted);
  for (std::size_t distance = 0; slots[index].low != 0; ++distance, index = (index + 1) & mask) {
    const Slot& slot = slots[index];
    if (slot.low == wanted.low && slot.high == wanted.high) {
      found = true;
      return index;
    }
    const std::size_t its = displacement(index);
    if (its > distance) continue;  // of an earlier home
    if (its < distance || slot.low > wanted.low ||
        (slot.low == wanted.low && slot.high > wanted.high))
      break;
  }
  found = false;
  return index;
}

void DuplicateFilter::Table::insert_at(std::size_t index, Slot added) {
  for (; slots[index].low != 0; index = (index + 1) & mask) std::swap(slots[index], added);
  slots[index] = added;
  ++used;
}

void DuplicateFilter::Table::erase(std::size_t index) {
  for (;;) {
    const std::size_t next = (index + 1) & mask;
    if (slots[next].low == 0 || displacement(next) == 0) break;
    slots[index] = slots[next];
    index = next;
  }
  slots[index] = {};
  --used;
}

template <class See>
void DuplicateFilter::Table::for_each(See&& see) const {
  // The last ones may have gone on at the beginning.
  std::size_t begin = 0;
  while (begin < slots.size() && slots[begin].low != 0 && displacement(begin) > begin) ++begin;
  for (std::size_t i = begin; i < slots.size(); ++i)
    if (slots[i].low != 0) see(slots[i]);
  for (std::size_t i = 0; i < begin; ++i) see(slots[i]);
}

std::size_t DuplicateFilter::bytes_used() const {
  std::size_t slots = 0;
  for (const Table& table : tables_) slots += table.slots.capacity();
  return slots * sizeof(Slot) + counts_.capacity() * sizeof(std::uint32_t);
}

void DuplicateFilter::save(image::Writer& writer, proto::Instant watermark) const {
  const proto::Instant horizon = std::max(oldest(watermark), proto::Instant{});
  const std::uint64_t first_slice = slice_of(horizon);
  const std::uint64_t begin = first_slice * slice_;
  writer.instant(horizon);
  writer.number(shrinks_);
  writer.number(not_remembered_);
  writer.instant(proto::Instant{proto::Millis(begin)});
  for (const Table& table : tables_) {
    table.for_each([&](const Slot& slot) {
      if (slot.ts < begin) return;
      writer.number(slot.ts - begin + 1);
      std::array<std::byte, kKeyBytes> key;
      const std::uint64_t low = slot.low;
      const std::uint16_t high = slot.high;
      std::memcpy(key.data(), &low, sizeof low);
      std::memcpy(key.data() + sizeof low, &high, sizeof high);
      writer.bytes(key);
    });
  }
  writer.number(kEnd);
}

bool DuplicateFilter::load(image::Reader& reader, proto::Instant watermark, proto::Instant newest) {
  assert(used_ == 0);
  horizon_ = reader.instant();
  const std::uint64_t shrinks = reader.number();
  const std::uint64_t not_remembered = reader.number();
  const proto::Instant begin = reader.instant();
  const std::uint64_t span = newest < begin ? 0 : millis(newest) - millis(begin) + 1;
  // Ascending keys would all begin at one end of a table that is still small: a table's are read
  // first, and it is made large enough for them.
  std::vector<Slot> of_table;
  const auto insert_all = [&] {
    if (of_table.empty()) return;
    Table& table = tables_[table_of(of_table.front().low)];
    const std::size_t slots = std::bit_ceil((table.used + of_table.size()) * 4 / 3 + 1);
    if (slots > table.slots.size()) resize(table, slots);
    for (const Slot& slot : of_table)
      insert({slot.high, slot.low}, proto::Instant{proto::Millis(slot.ts)}, watermark);
    of_table.clear();
  };
  while (const std::uint64_t after = reader.number(span)) {
    std::array<std::byte, kKeyBytes> key;
    reader.bytes(key);
    if (!reader.ok()) return false;
    std::uint64_t low = 0;
    std::uint16_t high = 0;
    std::memcpy(&low, key.data(), sizeof low);
    std::memcpy(&high, key.data() + sizeof low, sizeof high);
    const Slot slot = slot_of({high, low}, begin + proto::Millis(after - 1));
    if (!of_table.empty() && table_of(of_table.front().low) != table_of(slot.low)) insert_all();
    of_table.push_back(slot);
  }
  insert_all();
  shrinks_ = shrinks + shrinks_;
  not_remembered_ += not_remembered;
  return reader.ok();
}

}  // namespace deskpulse::intake
