#include "daemon/simulator/day_curve.hpp"

#include <cstddef>
#include <numeric>
#include <span>

namespace deskpulse::simulator {
namespace {

using namespace std::chrono_literals;

/// Straight lines between these; two points at one minute are a step.
struct Point {
  int minute;
  double level;
};
constexpr Point kOrdinary[] = {{0, 0.5},       {2 * 60, 0.12}, {7 * 60, 0.15}, {9 * 60, 0.9},
                               {11 * 60, 1.2}, {13 * 60, 1.3}, {17 * 60, 1.1}, {20 * 60, 1.8},
                               {22 * 60, 1.7}, {24 * 60, 0.5}};
constexpr Point kPromotion[] = {
    {0, 6.5},       {30, 4.0},           {2 * 60, 1.0},  {4 * 60, 0.2},       {7 * 60, 0.2},
    {9 * 60, 0.9},  {12 * 60, 1.1},      {18 * 60, 1.0}, {19 * 60 + 30, 1.6}, {19 * 60 + 30, 5.0},
    {20 * 60, 8.0}, {20 * 60 + 30, 4.0}, {22 * 60, 1.8}, {23 * 60 + 30, 2.0}, {24 * 60, 3.0}};
constexpr Point kFlat[] = {{0, 1.0}, {24 * 60, 1.0}};

std::span<const Point> points_of(DayCurve::Shape shape) {
  switch (shape) {
    case DayCurve::Shape::ordinary:
      return kOrdinary;
    case DayCurve::Shape::promotion:
      return kPromotion;
    case DayCurve::Shape::flat:
      break;
  }
  return kFlat;
}

}  // namespace

DayCurve::DayCurve(Shape shape) {
  const auto points = points_of(shape);
  for (std::size_t i = 1; i < points.size(); ++i) {
    const auto& [from, low] = points[i - 1];
    const auto& [to, high] = points[i];
    for (int minute = from; minute < to; ++minute)
      level_[static_cast<std::size_t>(minute)] = low + (high - low) * (minute - from) / (to - from);
  }
  const double mean = std::accumulate(level_.begin(), level_.end(), 0.0) / double{24 * 60};
  for (double& level : level_) level /= mean;
}

double DayCurve::at(proto::Millis time_of_day) const {
  return level_[static_cast<std::size_t>(time_of_day / 1min) % level_.size()];
}

proto::Millis time_of_day(proto::Instant at) {
  return (at.time_since_epoch() + 8h) % proto::Millis(24h);
}

}  // namespace deskpulse::simulator
