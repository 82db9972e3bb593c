// Says that events were refused without saying it a thousand times a second.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "daemon/intake/intake.hpp"
#include "proto/rejection.hpp"

namespace deskpulse {

/// Looks at the counts of refused events from time to time, so that it costs nothing per event, and
/// says at most one line per reason in `pause`: how many there were since the last one, and the
/// field at fault in the newest. Nothing of an event's content can get here.
class RejectionLog {
 public:
  using Clock = std::chrono::steady_clock;
  /// Writes one line: so many more events were refused for this reason; `field` is of the newest.
  using Say = std::function<void(const proto::Rejection& newest, std::uint64_t count)>;

  /// `before`: what an earlier run has counted, and said.
  RejectionLog(Clock::duration pause, Say say, const intake::IntakeCounters& before = {});

  void look(const intake::IntakeCounters& counters, Clock::time_point now);

 private:
  struct Reason {
    std::uint64_t said = 0;
    std::optional<Clock::time_point> last;
  };
  Clock::duration pause_;
  Say say_;
  std::array<Reason, proto::kRejectCount> reasons_;
};

}  // namespace deskpulse
