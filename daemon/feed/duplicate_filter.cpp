#include "daemon/feed/duplicate_filter.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

namespace deskpulse::feed {

namespace {

constexpr std::size_t kSmallest = 1024;
/// More slots an insert than one: a whole round then takes a fraction of the table's size in
/// inserts, which bounds how many forgotten ids lie about.
constexpr std::size_t kSweep = 4;
/// Of a slot in an image: the 80 bits, behind its time.
constexpr std::size_t kKeyBytes = 10;
constexpr std::uint64_t kEnd = 0;  ///< instead of a time
constexpr std::uint64_t kTsBits = (std::uint64_t{1} << 48) - 1;
static_assert(proto::kLastInstant.time_since_epoch().count() <= std::int64_t{kTsBits});

std::uint64_t nonzero(std::uint64_t low) { return low == 0 ? 1 : low; }

std::uint64_t millis(proto::Instant at) {
  assert(at.time_since_epoch().count() >= 0 && at <= proto::kLastInstant);
  return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

}  // namespace

DuplicateFilter::DuplicateFilter(proto::Millis allowed_lateness)
    : allowed_lateness_(allowed_lateness), slots_(kSmallest), mask_(kSmallest - 1) {}

bool DuplicateFilter::forgotten(const Slot& slot, proto::Instant watermark) const {
  return proto::Instant{proto::Millis(slot.ts)} < oldest(watermark);
}

proto::Instant DuplicateFilter::oldest(proto::Instant watermark) const {
  return std::max(watermark - allowed_lateness_, horizon_);
}

void DuplicateFilter::prefetch(const proto::CustomerKey& key) const {
  const std::size_t home = nonzero(key.low) & mask_;
  __builtin_prefetch(&slots_[home], 1);
  // A probe goes on for four slots and more where the table is nearly three quarters full.
  __builtin_prefetch(&slots_[(home + 4) & mask_], 1);
}

bool DuplicateFilter::insert(const proto::CustomerKey& key, proto::Instant ts,
                             proto::Instant watermark) {
  sweep(watermark);
  if ((used_ + 1) * 4 > slots_.size() * 3) grow(watermark);

  const Slot added{nonzero(key.low), key.high & 0xffff, millis(ts) & kTsBits};
  std::size_t index = added.low & mask_;
  for (; slots_[index].low != 0; index = (index + 1) & mask_) {
    Slot& slot = slots_[index];
    if (slot.low != added.low || slot.high != added.high) continue;
    if (!forgotten(slot, watermark)) return false;
    slot = added;
    return true;
  }
  slots_[index] = added;
  ++used_;
  return true;
}

void DuplicateFilter::sweep(proto::Instant watermark) {
  for (std::size_t i = 0; i < kSweep; ++i) {
    // An erased slot may have been filled from behind: it is looked at again, next time.
    if (slots_[hand_].low != 0 && forgotten(slots_[hand_], watermark)) {
      erase(hand_);
    } else {
      hand_ = (hand_ + 1) & mask_;
    }
  }
}

/// Backward shift: no tombstones, so a probe ends at the first empty slot for ever.
void DuplicateFilter::erase(std::size_t index) {
  std::size_t hole = index;
  for (std::size_t next = (hole + 1) & mask_; slots_[next].low != 0; next = (next + 1) & mask_) {
    const std::size_t home = slots_[next].low & mask_;
    // `next` may move to the hole only if its home is not between them.
    if (((next - home) & mask_) >= ((next - hole) & mask_)) {
      slots_[hole] = slots_[next];
      hole = next;
    }
  }
  slots_[hole] = {};
  --used_;
}

void DuplicateFilter::grow(proto::Instant watermark) {
  std::vector<Slot, memory::HugePageAllocator<Slot>> bigger(slots_.size() * 2);
  const std::size_t mask = bigger.size() - 1;
  used_ = 0;
  for (const Slot& slot : slots_) {
    if (slot.low == 0 || forgotten(slot, watermark)) continue;
    std::size_t index = slot.low & mask;
    while (bigger[index].low != 0) index = (index + 1) & mask;
    bigger[index] = slot;
    ++used_;
  }
  slots_ = std::move(bigger);
  mask_ = mask;
  hand_ = 0;
}

void DuplicateFilter::save(image::Writer& writer, proto::Instant watermark) const {
  const proto::Instant horizon = std::max(oldest(watermark), proto::Instant{});
  writer.instant(horizon);
  for (const Slot& slot : slots_) {
    if (slot.low == 0 || forgotten(slot, watermark)) continue;
    writer.number(slot.ts - millis(horizon) + 1);
    std::array<std::byte, kKeyBytes> key;
    const std::uint64_t low = slot.low;
    const std::uint16_t high = slot.high;
    std::memcpy(key.data(), &low, sizeof low);
    std::memcpy(key.data() + sizeof low, &high, sizeof high);
    writer.bytes(key);
  }
  writer.number(kEnd);
}

bool DuplicateFilter::load(image::Reader& reader, proto::Instant watermark, proto::Instant newest) {
  assert(used_ == 0);
  horizon_ = reader.instant();
  const std::uint64_t span = newest < horizon_ ? 0 : millis(newest) - millis(horizon_) + 1;
  while (const std::uint64_t after = reader.number(span)) {
    std::array<std::byte, kKeyBytes> key;
    reader.bytes(key);
    std::uint64_t low = 0;
    std::uint16_t high = 0;
    std::memcpy(&low, key.data(), sizeof low);
    std::memcpy(&high, key.data() + sizeof low, sizeof high);
    if (low == 0) reader.fail();
    if (!reader.ok()) return false;
    insert({high, low}, horizon_ + proto::Millis(after - 1), watermark);
  }
  return reader.ok();
}

}  // namespace deskpulse::feed
