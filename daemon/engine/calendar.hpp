// The business day (业务天) and the local hours of a shop's zone (METRICS.md, Time).
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "proto/event.hpp"

namespace deskpulse::engine {

/// A moment from which a zone's clocks are `offset` ahead of UTC.
struct ZoneTransition {
  proto::Instant from;
  std::chrono::seconds offset{};
};

/// Business days of one zone: the half-open intervals [cut, cut + 1 day) of its local clock, never
/// of the host's. The zone comes as data (whoever reads the system's zone database makes the list),
/// so that a run stays a function of its input. Where the clock jumps over the cut, the day begins
/// at the jump; where the cut is shown twice, at the first time.
/// Every question is O(log transitions).
class Calendar {
 public:
  struct Day {
    std::int64_t number = 0;  ///< grows by one a day; the local date, in days since 1970-01-01
    proto::Instant start;
    proto::Instant end;  ///< excluded; the start of the day `number + 1`
  };

  /// UTC+08:00 all year, cut at 00:00: Asia/Shanghai since 1991.
  Calendar();
  /// `initial` holds before the first transition. `transitions` ascend strictly. 0 <= cut < 24 h.
  Calendar(std::chrono::seconds initial, std::vector<ZoneTransition> transitions,
           std::chrono::minutes cut);

  Day day_of(proto::Instant at) const;
  /// The local clock at `at`, since local midnight: [0, 24 h).
  std::chrono::milliseconds time_of_day(proto::Instant at) const;

 private:
  std::chrono::seconds offset_at(proto::Instant at) const;
  proto::Instant start_of(std::int64_t number) const;

  std::chrono::seconds initial_;
  std::vector<ZoneTransition> transitions_;
  std::chrono::minutes cut_;
};

}  // namespace deskpulse::engine
