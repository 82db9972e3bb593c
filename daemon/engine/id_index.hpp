// Shops and agents found by the keyed hash of their id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/id_hash.hpp"

namespace deskpulse::engine {

/// From a 128-bit keyed hash to the number that was given to its id. Like customers, ids are told
/// apart by their hash alone: nobody outside knows the key, so a find reads one line of one flat
/// table, and neither a node nor a text, and nobody can choose ids that meet in one place. At most
/// half full.
class IdIndex {
 public:
  static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};

  std::uint32_t find(const proto::CustomerKey& hash) const {
    for (std::size_t at = home(hash);; at = next(at)) {
      const Slot& slot = slots_[at];
      if (slot.number == kAbsent || slot.hash == hash) return slot.number;
    }
  }

  /// `hash` must not be there yet.
  void insert(const proto::CustomerKey& hash, std::uint32_t number) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    place({hash, number});
    ++size_;
  }

  /// `hash` is there. What lies behind it moves up, so that nothing has to be skipped later.
  void erase(const proto::CustomerKey& hash) {
    std::size_t hole = home(hash);
    while (slots_[hole].hash != hash || slots_[hole].number == kAbsent) hole = next(hole);
    for (std::size_t at = next(hole); slots_[at].number != kAbsent; at = next(at)) {
      // Unless its home lies cyclically in (hole, at].
      if (distance(home(slots_[at].hash), at) >= distance(hole, at)) {
        slots_[hole] = slots_[at];
        hole = at;
      }
    }
    slots_[hole] = Slot{};
    --size_;
  }

  /// Slots that find() looks at: its cost.
  std::size_t probes(const proto::CustomerKey& hash) const {
    std::size_t looks = 1;
    for (std::size_t at = home(hash); slots_[at].number != kAbsent && slots_[at].hash != hash;
         at = next(at))
      ++looks;
    return looks;
  }

 private:
  struct Slot {
    proto::CustomerKey hash;
    std::uint32_t number = kAbsent;
  };

  // The table's size is a power of two.
  std::size_t home(const proto::CustomerKey& hash) const { return hash.low & (slots_.size() - 1); }
  std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  /// Steps forward from one slot to another.
  std::size_t distance(std::size_t from, std::size_t to) const {
    return (to - from) & (slots_.size() - 1);
  }
  void place(const Slot& slot) {
    std::size_t at = home(slot.hash);
    while (slots_[at].number != kAbsent) at = next(at);
    slots_[at] = slot;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.number != kAbsent) place(slot);
  }

  std::vector<Slot> slots_ = std::vector<Slot>(16);
  std::size_t size_ = 0;
};

}  // namespace deskpulse::engine
