// The open turns of one agent, for its oldest wait.
#pragma once

#include <cassert>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/engine/packed_instant.hpp"
#include "proto/event.hpp"

namespace deskpulse::engine {

/// A binary heap by opening time whose entries can be taken out from anywhere: each conversation
/// knows its place. `set_place(conversation, place)` is told of every move. push() and erase() are
/// O(log n) of the turns that wait at this one agent; oldest() is O(1).
class WaitHeap {
 public:
  template <class SetPlace>
  void push(proto::Instant opening, std::uint32_t conversation, SetPlace set_place) {
    entries_.push_back({opening, conversation});
    rise(entries_.size() - 1, set_place);
  }

  template <class SetPlace>
  void erase(std::uint32_t place, SetPlace set_place) {
    assert(place < entries_.size());
    const Entry last = entries_.back();
    entries_.pop_back();
    if (place == entries_.size()) return;
    const bool earlier = last.opening < time_at(place);
    entries_[place] = last;
    earlier ? rise(place, set_place) : sink(place, set_place);
  }

  bool empty() const { return entries_.empty(); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
  proto::Instant oldest() const {
    assert(!empty());
    return entries_.front().opening;
  }
  /// By place: 0 is the oldest, and those at 2p + 1 and 2p + 2 are not older than the one at p.
  proto::Instant opening_at(std::uint32_t place) const { return time_at(place); }
  std::uint32_t conversation_at(std::uint32_t place) const { return entries_[place].conversation; }

 private:
  struct Entry {
    PackedInstant opening;
    std::uint32_t conversation;
  };

  template <class SetPlace>
  void rise(std::size_t at, SetPlace set_place) {
    const Entry entry = entries_[at];
    while (at > 0 && entry.opening < time_at((at - 1) / 2)) {
      put(at, entries_[(at - 1) / 2], set_place);
      at = (at - 1) / 2;
    }
    put(at, entry, set_place);
  }
  template <class SetPlace>
  void sink(std::size_t at, SetPlace set_place) {
    const Entry entry = entries_[at];
    for (;;) {
      std::size_t child = 2 * at + 1;
      if (child >= entries_.size()) break;
      if (child + 1 < entries_.size() && entries_[child + 1].opening < time_at(child)) ++child;
      if (entry.opening <= time_at(child)) break;
      put(at, entries_[child], set_place);
      at = child;
    }
    put(at, entry, set_place);
  }
  template <class SetPlace>
  void put(std::size_t at, const Entry& entry, SetPlace set_place) {
    entries_[at] = entry;
    set_place(entry.conversation, static_cast<std::uint32_t>(at));
  }

  proto::Instant time_at(std::size_t place) const { return entries_[place].opening; }

  std::vector<Entry> entries_;
};

}  // namespace deskpulse::engine
