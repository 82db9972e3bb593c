// What time it is, for a daemon that must not be fooled when somebody sets the clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "proto/event.hpp"

namespace deskpulse {

/// Both clocks of the machine at one moment.
struct ClockReading {
  proto::Instant system;      ///< the time of day, as it is set at this moment
  proto::Millis monotonic{};  ///< since some moment; nobody sets it, and it stops while suspended
};

/// Wall time that passes as the monotonic clock does. Where the system's clock is another one by
/// 100 ms at most, it was adjusted, and is followed; never backwards, so this one may stand still
/// that long. Where the difference is larger it was set: a *step*, which is followed as well, also
/// backwards, but told first. A machine that was suspended has made a step, too.
///
/// A few nanoseconds beside the reading of the clocks. One thread at a time.
class WallClock {
 public:
  using Read = std::function<ClockReading()>;
  /// `delta`: by how much the clock was set; `wall`: what it says now. Called from within now().
  using OnStep = std::function<void(proto::Millis delta, proto::Instant wall)>;
  static constexpr proto::Millis kLargestAdjustment{100};

  explicit WallClock(Read read = read_system_clocks);

  proto::Instant now();
  /// Who is told of steps; nobody at first.
  void on_step(OnStep on_step) { on_step_ = std::move(on_step); }

  static ClockReading read_system_clocks();

 private:
  Read read_;
  OnStep on_step_;
  ClockReading last_;    ///< the newest reading
  proto::Instant told_;  ///< the newest answer
};

}  // namespace deskpulse
