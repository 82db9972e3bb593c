// An instant in six bytes, for records that are kept by the million.
#pragma once

#include <compare>
#include <cstdint>

#include "proto/event.hpp"

namespace deskpulse::engine {

/// Holds 0 … 2^48 − 1 ms (the year 10889), which is all that the decoder lets in. The default is
/// the epoch itself, which no event carries (the first is 1 ms), and stands for "never".
class PackedInstant {
 public:
  constexpr PackedInstant() = default;
  constexpr PackedInstant(proto::Instant at)  // NOLINT: a lossless conversion, meant to be silent
      : high_(static_cast<std::uint16_t>(at.time_since_epoch().count() >> 32)),
        middle_(static_cast<std::uint16_t>(at.time_since_epoch().count() >> 16)),
        low_(static_cast<std::uint16_t>(at.time_since_epoch().count())) {}
  constexpr operator proto::Instant() const {  // NOLINT: the same
    return proto::Instant{proto::Millis{std::int64_t{high_} << 32 | std::int64_t{middle_} << 16 |
                                        std::int64_t{low_}}};
  }

  friend constexpr proto::Instant operator+(PackedInstant a, proto::Millis b) {
    return proto::Instant{a} + b;
  }
  friend constexpr proto::Millis operator-(proto::Instant a, PackedInstant b) {
    return a - proto::Instant{b};
  }
  // Of two packed ones as well: else either could be the one that is converted.
  friend constexpr auto operator<=>(PackedInstant a, PackedInstant b) {
    return proto::Instant{a} <=> proto::Instant{b};
  }
  friend constexpr bool operator==(PackedInstant a, PackedInstant b) = default;
  friend constexpr auto operator<=>(PackedInstant a, proto::Instant b) {
    return proto::Instant{a} <=> b;
  }
  friend constexpr bool operator==(PackedInstant a, proto::Instant b) {
    return proto::Instant{a} == b;
  }

 private:
  std::uint16_t high_ = 0;
  std::uint16_t middle_ = 0;
  std::uint16_t low_ = 0;
};

}  // namespace deskpulse::engine
