// All conversations, found by the customer's key.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/engine/conversation.hpp"
#include "daemon/engine/slab.hpp"

namespace deskpulse::engine {

/// Open addressing with linear probing over (tag, index) of eight bytes; the records live in a
/// slab. A find touches one line of the table and one record. The keys are keyed hashes already, so
/// no sender can choose where they fall. Erasing shifts back, so there are no tombstones.
///
/// A tag's home is tag · size / 2^32 (Lemire, 2016) instead of a remainder: any size will do, so
/// the table grows by a quarter at 7/8 and costs 9 to 12 bytes a conversation; and homes keep the
/// order of tags, so that growing reads and writes memory from one end to the other.
class ConversationTable {
 public:
  ConversationTable() : slots_(kFirstSize) {}

  /// kNone when there is none.
  std::uint32_t find(std::uint32_t shop, const proto::CustomerKey& key) {
    for (std::size_t at = home(key);; at = next(at)) {
      const Slot& slot = slots_[at];
      if (slot.index == kNone) return kNone;
      if (slot.tag == tag(key) && same(slot.index, shop, key)) return slot.index;
    }
  }

  /// The same by the key alone, which is a hash of the shop too.
  std::uint32_t find(const proto::CustomerKey& key) {
    for (std::size_t at = home(key);; at = next(at)) {
      const Slot& slot = slots_[at];
      if (slot.index == kNone) return kNone;
      if (slot.tag == tag(key) && records_[slot.index].key == key) return slot.index;
    }
  }

  /// Asks the processor for the line of the table that find() will read.
  void prefetch_slot(const proto::CustomerKey& key) const {
    __builtin_prefetch(&slots_[home(key)]);
  }
  /// The record that find() will most likely return, without reading a record; kNone at the latest
  /// at the end of the key's run. Good until the next insert or erase.
  std::uint32_t probable(const proto::CustomerKey& key) const {
    std::size_t at = home(key);
    while (slots_[at].index != kNone && slots_[at].tag != tag(key)) at = next(at);
    return slots_[at].index;
  }

  /// Slots that find() looks at: its cost.
  std::size_t probes(const proto::CustomerKey& key) const {
    std::size_t looks = 1;
    for (std::size_t at = home(key);
         slots_[at].index != kNone && records_[slots_[at].index].key != key; at = next(at))
      ++looks;
    return looks;
  }

  /// A new record for a key that is not there.
  std::uint32_t insert(std::uint32_t shop, const proto::CustomerKey& key) {
    if ((records_.live() + 1) * std::size_t{8} > slots_.size() * 7) grow();
    const std::uint32_t index = records_.acquire();
    records_[index].key = key;
    records_[index].shop = shop;
    place(index);
    return index;
  }

  /// Takes the record out; whoever calls has undone what else points to it.
  void erase(std::uint32_t index) {
    std::size_t hole = home(records_[index].key);
    while (slots_[hole].index != index) hole = next(hole);
    for (std::size_t at = next(hole); slots_[at].index != kNone; at = next(at)) {
      // Move it back unless its home lies cyclically in (hole, at].
      if (distance(home_of_tag(slots_[at].tag), at) >= distance(hole, at)) {
        slots_[hole] = slots_[at];
        hole = at;
      }
    }
    slots_[hole] = Slot{};
    records_.release(index);
  }

  Conversation& operator[](std::uint32_t index) { return records_[index]; }
  Slab<Conversation>& records() { return records_; }
  const Slab<Conversation>& records() const { return records_; }
  std::size_t size() const { return records_.live(); }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t index = kNone;
  };
  using Slots = std::vector<Slot, memory::HugePageAllocator<Slot>>;
  static constexpr std::size_t kFirstSize = 1024;

  // The tag's bits choose the home as well, so that growing needs no look at the records.
  static std::uint32_t tag(const proto::CustomerKey& key) {
    return static_cast<std::uint32_t>(key.low);
  }
  std::size_t home_of_tag(std::uint32_t tag) const {
    return static_cast<std::size_t>((std::uint64_t{tag} * slots_.size()) >> 32);
  }
  std::size_t home(const proto::CustomerKey& key) const { return home_of_tag(tag(key)); }
  std::size_t next(std::size_t at) const { return at + 1 == slots_.size() ? 0 : at + 1; }
  /// Steps forward from one slot to another.
  std::size_t distance(std::size_t from, std::size_t to) const {
    return to >= from ? to - from : to + slots_.size() - from;
  }
  bool same(std::uint32_t index, std::uint32_t shop, const proto::CustomerKey& key) {
    const Conversation& record = records_[index];
    return record.key == key && record.shop == shop;
  }
  void place(std::uint32_t index) {
    std::size_t at = home(records_[index].key);
    while (slots_[at].index != kNone) at = next(at);
    slots_[at] = {tag(records_[index].key), index};
  }
  void grow() {
    Slots old(slots_.size() + slots_.size() / 4);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.index == kNone) continue;
      std::size_t at = home_of_tag(slot.tag);
      while (slots_[at].index != kNone) at = next(at);
      slots_[at] = slot;
    }
  }

  Slots slots_;
  Slab<Conversation> records_;
};

}  // namespace deskpulse::engine
