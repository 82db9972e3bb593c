// How many customers come at which time of the day.
#pragma once

#include <array>

#include "proto/event.hpp"

namespace deskpulse::simulator {

/// The arrival curve of one day in Shanghai, as a factor whose mean over the day is 1. The ordinary
/// day has a noon and an evening. The promotion has its two steps: the last half hour before 20:00
/// comes at 5 to 8 times the level of an ordinary hour, and again at 00:00.
class DayCurve {
 public:
  enum class Shape { flat, ordinary, promotion };
  explicit DayCurve(Shape shape);
  /// The factor at a time of day, [0, 24 h); constant within a minute.
  double at(proto::Millis time_of_day) const;

 private:
  std::array<double, 24 * 60> level_{};
};

/// The time of day in Shanghai, which is UTC+8 without daylight saving.
proto::Millis time_of_day(proto::Instant at);

}  // namespace deskpulse::simulator
