// Millions of pending deadlines, passed in the order of time.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <optional>

#include "daemon/engine/packed_instant.hpp"
#include "proto/event.hpp"

namespace deskpulse::engine {

inline constexpr std::uint32_t kNone = 0xffff'ffff;

/// A record's place in the wheel; part of the record.
struct TimerLink {
  std::uint32_t next = kNone;
  std::uint32_t previous = kNone;
  PackedInstant at;  ///< "never" when it is in no slot
  std::uint16_t slot = 0;
  bool armed() const { return proto::Instant{at} != proto::Instant{}; }
};

/// A hierarchical timing wheel (Varghese and Lauck, 1987): level l has 64 slots of 64^l ms, an
/// entry sits at the level of the highest six bits in which its time differs from the wheel's, and
/// moves down as that time comes near. One entry a record. arm() and disarm() are O(1); an entry
/// moves at most once a level. Bitmaps of occupied slots let a silent hour cost nothing.
/// `LinkOf(index)` gives the TimerLink of a record.
template <class LinkOf>
class TimerWheel {
 public:
  explicit TimerWheel(LinkOf link_of) : link_of_(link_of) {
    for (auto& level : heads_) level.fill(kNone);
  }

  /// `at` is not before any time that pop_before() has returned. The record must not be armed.
  void arm(std::uint32_t index, proto::Instant at) {
    const std::uint64_t time = ms(at);
    assert(time >= now_);
    const std::uint64_t differs = time ^ now_;
    const int level = differs == 0 ? 0 : (63 - std::countl_zero(differs)) / 6;
    const auto slot = static_cast<unsigned>(time >> (6 * level)) & 63U;
    TimerLink& link = link_of_(index);
    std::uint32_t& head = heads_[static_cast<std::size_t>(level)][slot];
    link.next = head;
    link.previous = kNone;
    link.at = at;
    link.slot = static_cast<std::uint16_t>(static_cast<unsigned>(level) << 6 | slot);
    if (head != kNone) link_of_(head).previous = index;
    head = index;
    occupied_[static_cast<std::size_t>(level)] |= std::uint64_t{1} << slot;
  }

  void disarm(std::uint32_t index) {
    TimerLink& link = link_of_(index);
    assert(link.armed());
    const std::size_t level = link.slot >> 6;
    const std::size_t slot = link.slot & 63U;
    if (link.next != kNone) link_of_(link.next).previous = link.previous;
    if (link.previous != kNone) {
      link_of_(link.previous).next = link.next;
    } else {
      heads_[level][slot] = link.next;
      if (link.next == kNone) occupied_[level] &= ~(std::uint64_t{1} << slot);
    }
    link = TimerLink{};
  }

  struct Due {
    std::uint32_t index;
    proto::Instant at;
  };
  /// Takes out the earliest entry before `end`; nothing when there is none.
  std::optional<Due> pop_before(proto::Instant end) {
    for (;;) {
      std::size_t level = 0;
      while (level < kLevels && occupied_[level] == 0) ++level;
      if (level == kLevels) return std::nullopt;
      const auto slot = static_cast<std::uint64_t>(std::countr_zero(occupied_[level]));
      // All levels below are empty, and within a level a lower slot is an earlier time.
      const unsigned shift = 6 * static_cast<unsigned>(level);
      const std::uint64_t above = shift + 6 >= 64 ? 0 : now_ >> (shift + 6) << (shift + 6);
      const std::uint64_t start = above | slot << shift;
      if (start >= ms(end)) return std::nullopt;
      now_ = start;
      std::uint32_t index = heads_[level][slot];
      if (level == 0) {
        disarm(index);
        return Due{index, proto::Instant{proto::Millis{static_cast<std::int64_t>(start)}}};
      }
      heads_[level][slot] = kNone;
      occupied_[level] &= ~(std::uint64_t{1} << slot);
      while (index != kNone) {
        const TimerLink link = link_of_(index);
        arm(index, link.at);
        index = link.next;
      }
    }
  }

 private:
  static constexpr std::size_t kLevels = 8;  // 64^8 = 2^48 ms: what a PackedInstant holds
  static std::uint64_t ms(proto::Instant at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
  }

  LinkOf link_of_;
  std::uint64_t now_ = 0;
  std::array<std::uint64_t, kLevels> occupied_{};
  std::array<std::array<std::uint32_t, 64>, kLevels> heads_;
};

}  // namespace deskpulse::engine
