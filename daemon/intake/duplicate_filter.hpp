// Which ids have been accepted before (R1).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "daemon/memory/huge_pages.hpp"
#include "proto/event.hpp"

namespace deskpulse::intake {

/// A key is the keyed hash of (shop, id). It is remembered with the `ts` it was accepted with, and
/// forgotten once the watermark is more than `allowed_lateness` past that: the answer is exact at
/// every call, whenever the memory is taken back.
///
/// At most `most` keys are remembered at a time. Where more would have to be, the *horizon* moves
/// up: the oldest are forgotten before their time, a 256th of the allowed lateness at once, and
/// oldest() says so, that their events may be refused; thus no duplicate is taken for new. Where
/// even those at the watermark are too many, a key is not remembered, and counted.
///
/// Of a key 80 bits are kept: with a million ids remembered, an event in 10^18 would be taken for a
/// duplicate that is none.
///
/// 64 flat tables by the key's first bits, 16 bytes a slot, at most 3/4 full: 22 to 64 bytes a key.
/// Keys lie in ascending order (Robin Hood hashing by the leading bits), so that equal contents
/// make equal images. Each insert also sweeps a few slots for keys that are forgotten, so space
/// comes back at the rate it is used and a warm filter allocates nothing. O(1); one table of the 64
/// grows at a time, for some 15 ns a key in it: 2 ms at 8,000,000. Not thread-safe.
class DuplicateFilter {
 public:
  static constexpr std::size_t kMost = 8'000'000;

  /// `most` > 0.
  explicit DuplicateFilter(proto::Millis allowed_lateness, std::size_t most = kMost);

  /// True when `key` is new at this watermark, and then it is remembered with `ts`, which is not
  /// before oldest(). `watermark` never goes back.
  bool insert(const proto::CustomerKey& key, proto::Instant ts, proto::Instant watermark);
  /// Asks the memory for the key's slot early; worth it a few dozen nanoseconds before insert().
  void prefetch(const proto::CustomerKey& key) const;

  /// An event of an earlier `ts` must not be taken at this watermark: its id may be forgotten. That
  /// is `allowed_lateness` behind the watermark, or later where less is remembered than that.
  proto::Instant oldest(proto::Instant watermark) const;

  /// The keys that are remembered at `watermark`. Allocates nothing.
  void save(image::Writer& writer, proto::Instant watermark) const;
  /// Into a filter that is new, which may have another allowed lateness and another limit: no key
  /// is taken for new that was not. `newest`: the greatest `ts` that can be among them. False: this
  /// is no image of a filter, and what is in it now means nothing.
  bool load(image::Reader& reader, proto::Instant watermark, proto::Instant newest);

  /// Memory is short: no more keys than now, until it is taken back.
  void hold_growth(bool on) { held_ = on ? std::max<std::size_t>(remembered_, 1) : most_; }
  std::size_t most() const { return std::min(held_, most_); }
  /// Keys that count against it, to a 256th of the allowed lateness.
  std::size_t remembered() const { return remembered_; }
  /// How often the horizon was moved up, and how many keys were not remembered.
  std::uint64_t exceeded() const { return shrinks_ + not_remembered_; }
  std::size_t size() const { return used_; }  ///< slots in use, forgotten keys included
  std::size_t bytes_used() const;

 private:
  /// Four to a cache line, and none in two of them.
  struct Slot {
    std::uint64_t low = 0;  ///< of the key, 0 = empty
    std::uint64_t high : 16 = 0;
    std::uint64_t ts : 48 = 0;  ///< milliseconds; all instants of the protocol fit
  };
  static_assert(sizeof(Slot) == 16);
  struct Table {
    std::vector<Slot, memory::HugePageAllocator<Slot>> slots;
    std::size_t mask = 0;
    unsigned shift = 0;  ///< of a `low` without the table's number, to where it is at home
    std::size_t used = 0;
    std::size_t hand = 0;  ///< where the sweep goes on

    explicit Table(std::size_t size);
    Table() : Table(kSmallest) {}
    std::size_t home(const Slot& slot) const;
    std::size_t displacement(std::size_t index) const;
    /// Where the key is, or is to be inserted: the former when `found`.
    std::size_t find(const Slot& wanted, bool& found) const;
    void insert_at(std::size_t index, Slot added);
    /// Backward shift: no tombstones, so a probe ends for ever where the key's place is.
    void erase(std::size_t index);
    /// Calls `see(slot)` for all, in ascending order of the keys.
    template <class See>
    void for_each(See&& see) const;
  };
  static constexpr std::size_t kSmallest = 16;
  static constexpr unsigned kTableBits = 6;
  static constexpr std::size_t kTables = std::size_t{1} << kTableBits;

  static Slot slot_of(const proto::CustomerKey& key, proto::Instant ts);
  static std::size_t table_of(std::uint64_t low) { return low >> (64 - kTableBits); }
  std::uint64_t slice_of(std::uint64_t ts) const { return ts / slice_; }
  std::uint64_t slice_of(proto::Instant ts) const;
  void forget_before(proto::Instant oldest);
  void sweep(Table& table);
  void grow(Table& table);
  /// To so many slots, a power of two, without what is forgotten.
  void resize(Table& table, std::size_t slots);
  /// Keys of slices before `slice` no longer count.
  void uncount_before(std::uint64_t slice);
  void count(const Slot& slot);
  void uncount(const Slot& slot);
  bool make_room(proto::Instant watermark);

  const proto::Millis allowed_lateness_;
  const std::size_t most_;
  std::size_t held_ = most_;  ///< less than that where memory is short
  proto::Instant horizon_{};  ///< what is earlier was forgotten, whatever the allowed lateness says
  std::array<Table, kTables> tables_;
  std::size_t used_ = 0;
  std::uint64_t swept_before_ = 0;  ///< slots of an earlier `ts` are free to be taken: whole slices

  // How many keys are remembered of which time: counts of slices, in a ring.
  const std::uint64_t slice_;  ///< milliseconds
  std::vector<std::uint32_t> counts_;
  std::uint64_t first_slice_ = 0;  ///< the oldest that counts
  std::size_t remembered_ = 0;     ///< in all slices that count
  std::uint64_t shrinks_ = 0;
  std::uint64_t not_remembered_ = 0;
};

}  // namespace deskpulse::intake
