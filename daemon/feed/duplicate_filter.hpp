// Which ids have been accepted before (spec 3, R1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/event.hpp"

namespace deskpulse::feed {

/// A key is the keyed hash of (shop, id). It is remembered with the `ts` it was accepted with, and
/// forgotten once the watermark is more than `allowed_lateness` past that: the answer is exact at
/// every call, whenever the memory is taken back.
///
/// Flat table, linear probing, 24 bytes a slot, at most 3/4 full. Each insert also sweeps a few
/// slots for ids that are forgotten, so space comes back at the rate it is used and a warm filter
/// allocates nothing. O(1); doubling moves all. Not thread-safe.
class DuplicateFilter {
 public:
  explicit DuplicateFilter(proto::Millis allowed_lateness);

  /// True when `key` is new at this watermark, and then it is remembered with `ts`. `watermark`
  /// never goes back.
  bool insert(const proto::CustomerKey& key, proto::Instant ts, proto::Instant watermark);
  /// Asks the memory for the key's slot early; worth it a few dozen nanoseconds before insert().
  void prefetch(const proto::CustomerKey& key) const;

  std::size_t size() const { return used_; }  ///< slots in use, forgotten ones included
  std::size_t bytes_used() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint64_t high;
    std::uint64_t low;  ///< 0 = empty
    std::int64_t ts;
  };
  bool forgotten(const Slot& slot, proto::Instant watermark) const;
  void sweep(proto::Instant watermark);
  void erase(std::size_t index);
  void grow(proto::Instant watermark);

  proto::Millis allowed_lateness_;
  std::vector<Slot> slots_;
  std::size_t mask_;
  std::size_t used_ = 0;
  std::size_t hand_ = 0;  ///< where the sweep goes on
};

}  // namespace deskpulse::feed
