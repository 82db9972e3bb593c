// All conversations, found by the customer's key.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/engine/conversation.hpp"
#include "daemon/engine/slab.hpp"

namespace deskpulse::engine {

/// Open addressing with linear probing over (tag, index) of eight bytes; the records live in a
/// slab. A find touches one line of the table and one record. The keys are keyed hashes already, so
/// no sender can choose where they fall. Grows at 7/8; erasing shifts back, so there are no
/// tombstones.
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
      const std::size_t wants = home_of_tag(slots_[at].tag);
      // Move it back unless its home lies cyclically in (hole, at].
      if (((at - wants) & mask()) >= ((at - hole) & mask())) {
        slots_[hole] = slots_[at];
        hole = at;
      }
    }
    slots_[hole] = Slot{};
    records_.release(index);
  }

  Conversation& operator[](std::uint32_t index) { return records_[index]; }
  Slab<Conversation>& records() { return records_; }
  std::size_t size() const { return records_.live(); }
  std::size_t bytes_used() const {
    return records_.bytes_used() + slots_.capacity() * sizeof(Slot);
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t index = kNone;
  };
  static constexpr std::size_t kFirstSize = 1024;

  // The tag's bits choose the home as well, so that growing needs no look at the records.
  static std::uint32_t tag(const proto::CustomerKey& key) {
    return static_cast<std::uint32_t>(key.low);
  }
  std::size_t mask() const { return slots_.size() - 1; }
  std::size_t home_of_tag(std::uint32_t tag) const { return tag & mask(); }
  std::size_t home(const proto::CustomerKey& key) const { return home_of_tag(tag(key)); }
  std::size_t next(std::size_t at) const { return (at + 1) & mask(); }
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
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.index == kNone) continue;
      std::size_t at = home_of_tag(slot.tag);
      while (slots_[at].index != kNone) at = next(at);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  Slab<Conversation> records_;
};

}  // namespace deskpulse::engine
