// Which ids have been accepted before (spec 3, R1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "daemon/memory/huge_pages.hpp"
#include "proto/event.hpp"

namespace deskpulse::feed {

/// A key is the keyed hash of (shop, id). It is remembered with the `ts` it was accepted with, and
/// forgotten once the watermark is more than `allowed_lateness` past that: the answer is exact at
/// every call, whenever the memory is taken back.
///
/// Of a key 80 bits are kept: with a million ids remembered, an event in 10^18 would be taken for a
/// duplicate that is none.
///
/// Flat table, linear probing, 16 bytes a slot, at most 3/4 full. Each insert also sweeps a few
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

  /// An event of an earlier `ts` must not be taken at this watermark: its id may be forgotten. That
  /// is `allowed_lateness` behind the watermark, or later where less is remembered than that.
  proto::Instant oldest(proto::Instant watermark) const;

  /// The ids that are remembered at `watermark`. Allocates nothing.
  void save(image::Writer& writer, proto::Instant watermark) const;
  /// Into a filter that is new, which may have another allowed lateness: nothing is taken for known
  /// that was not remembered. `newest`: the greatest `ts` that can be among them. False: this is
  /// no image of a filter, and what is in it now means nothing.
  bool load(image::Reader& reader, proto::Instant watermark, proto::Instant newest);

  std::size_t size() const { return used_; }  ///< slots in use, forgotten ones included
  std::size_t bytes_used() const { return slots_.capacity() * sizeof(Slot); }

 private:
  /// Four to a cache line, and none in two of them.
  struct Slot {
    std::uint64_t low = 0;  ///< of the key, 0 = empty
    std::uint64_t high : 16 = 0;
    std::uint64_t ts : 48 = 0;  ///< milliseconds; all instants of the protocol fit
  };
  static_assert(sizeof(Slot) == 16);
  bool forgotten(const Slot& slot, proto::Instant watermark) const;
  void sweep(proto::Instant watermark);
  void erase(std::size_t index);
  void grow(proto::Instant watermark);

  proto::Millis allowed_lateness_;
  std::vector<Slot, memory::HugePageAllocator<Slot>> slots_;
  proto::Instant horizon_{};  ///< what is earlier was forgotten, whatever the allowed lateness says
  std::size_t mask_;
  std::size_t used_ = 0;
  std::size_t hand_ = 0;  ///< where the sweep goes on
};

}  // namespace deskpulse::feed
