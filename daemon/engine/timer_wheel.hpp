// Millions of pending deadlines, passed in the order of time.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <deque>
#include <optional>

#include "daemon/engine/packed_instant.hpp"
#include "proto/event.hpp"

namespace deskpulse::engine {

inline constexpr std::uint32_t kNone = 0xffff'ffff;

/// A hierarchical timing wheel (Varghese and Lauck, 1987): level l has 64 slots of 64^l ms, an
/// entry sits at the level of the highest six bits in which its time differs from the wheel's, and
/// moves down as that time comes near. Bitmaps of occupied slots let a silent hour cost nothing.
///
/// An entry is 12 bytes in its slot's list of chunks, not a link in the record it speaks of: arming
/// and moving down touch no record, which at a million of them is a cache miss each. There is no
/// disarm: whoever changes its mind arms anew, and ignores the older entry when it comes out.
/// arm() is O(1); an entry moves at most once a level. `prefetch(index)` is told of entries that
/// will come out within 64 ms, so that their records can be fetched meanwhile.
template <class Prefetch>
class TimerWheel {
 public:
  struct Entry {
    std::uint32_t index;
    PackedInstant at;
  };

  explicit TimerWheel(Prefetch prefetch) : prefetch_(prefetch) {
    for (auto& level : heads_) level.fill(kNone);
  }

  /// The first entry will not be before `time`, so the way there need not be gone level by level.
  /// Only while nothing is armed.
  void start_at(proto::Instant time) {
    for ([[maybe_unused]] const std::uint64_t slots : occupied_) assert(slots == 0);
    now_ = ms(time);
  }

  /// `at` is not before any time that pop_before() has returned.
  void arm(std::uint32_t index, proto::Instant at) {
    const std::uint64_t time = ms(at);
    assert(time >= now_);
    const std::uint64_t differs = time ^ now_;
    const std::size_t level =
        differs == 0 ? 0 : static_cast<std::size_t>(63 - std::countl_zero(differs)) / 6;
    const std::size_t slot = (time >> (6 * level)) & 63;
    std::uint32_t& head = heads_[level][slot];
    if (head == kNone || chunks_[head].size == kChunk) {
      const std::uint32_t fresh = take_chunk();
      chunks_[fresh].next = head;
      head = fresh;
    }
    Chunk& chunk = chunks_[head];
    chunk.entries[chunk.size++] = {index, at};
    occupied_[level] |= std::uint64_t{1} << slot;
  }

  /// Takes out the earliest entry before `end`; nothing when there is none.
  std::optional<Entry> pop_before(proto::Instant end) {
    for (;;) {
      std::size_t level = 0;
      while (level < kLevels && occupied_[level] == 0) ++level;
      if (level == kLevels) return std::nullopt;
      const auto slot = static_cast<std::size_t>(std::countr_zero(occupied_[level]));
      // All levels below are empty, and within a level a lower slot is an earlier time.
      const std::size_t shift = 6 * level;
      const std::uint64_t start = (now_ >> (shift + 6) << (shift + 6)) | std::uint64_t{slot}
                                                                             << shift;
      if (start >= ms(end)) return std::nullopt;
      now_ = start;
      if (level == 0) return take_last(slot);
      move_down(level, slot);
    }
  }

 private:
  static constexpr std::size_t kLevels = 8;  // 64^8 = 2^48 ms: what a PackedInstant holds
  static constexpr std::uint32_t kChunk = 20;
  struct Chunk {
    std::uint32_t next = kNone;
    std::uint32_t size = 0;
    std::array<Entry, kChunk> entries;
  };

  static std::uint64_t ms(proto::Instant at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
  }

  Entry take_last(std::size_t slot) {
    std::uint32_t& head = heads_[0][slot];
    Chunk& chunk = chunks_[head];
    const Entry entry = chunk.entries[--chunk.size];
    if (chunk.size == 0) {
      const std::uint32_t empty = head;
      head = chunk.next;
      give_chunk(empty);
      if (head == kNone) occupied_[0] &= ~(std::uint64_t{1} << slot);
    }
    return entry;
  }

  void move_down(std::size_t level, std::size_t slot) {
    std::uint32_t at = heads_[level][slot];
    heads_[level][slot] = kNone;
    occupied_[level] &= ~(std::uint64_t{1} << slot);
    while (at != kNone) {
      const Chunk chunk = chunks_[at];  // a copy: arming may use this chunk again
      give_chunk(at);
      for (std::uint32_t i = 0; i < chunk.size; ++i) {
        if (level == 1) prefetch_(chunk.entries[i].index);
        arm(chunk.entries[i].index, chunk.entries[i].at);
      }
      at = chunk.next;
    }
  }

  std::uint32_t take_chunk() {
    if (free_ == kNone) {
      chunks_.emplace_back();
      return static_cast<std::uint32_t>(chunks_.size() - 1);
    }
    const std::uint32_t chunk = free_;
    free_ = chunks_[chunk].next;
    chunks_[chunk].size = 0;
    return chunk;
  }
  void give_chunk(std::uint32_t chunk) {
    chunks_[chunk].next = free_;
    free_ = chunk;
  }

  Prefetch prefetch_;
  std::uint64_t now_ = 0;
  std::array<std::uint64_t, kLevels> occupied_{};
  std::array<std::array<std::uint32_t, 64>, kLevels> heads_;
  std::deque<Chunk> chunks_;  // grows without a copy of all
  std::uint32_t free_ = kNone;
};

}  // namespace deskpulse::engine
