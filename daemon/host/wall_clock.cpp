#include "daemon/host/wall_clock.hpp"

#include <algorithm>
#include <utility>

namespace deskpulse {

WallClock::WallClock(Read read) : read_(std::move(read)), last_(read_()), told_(last_.system) {}

proto::Instant WallClock::now() {
  const ClockReading reading = read_();
  const proto::Instant expected = last_.system + (reading.monotonic - last_.monotonic);
  const proto::Millis difference = reading.system - expected;
  last_ = reading;
  if (std::chrono::abs(difference) <= kLargestAdjustment) {
    told_ = std::max(told_, reading.system);
    return told_;
  }
  told_ = reading.system;
  if (on_step_) on_step_(difference, told_);
  return told_;
}

ClockReading WallClock::read_system_clocks() {
  using std::chrono::floor;
  return {proto::Instant{floor<proto::Millis>(std::chrono::system_clock::now().time_since_epoch())},
          floor<proto::Millis>(std::chrono::steady_clock::now().time_since_epoch())};
}

}  // namespace deskpulse
