#include "daemon/engine/calendar.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace deskpulse::engine {
namespace {

using proto::Instant;
using proto::Millis;
using std::chrono::hours;
using std::chrono::seconds;

constexpr Millis kDay = hours{24};

std::int64_t floor_days(Millis since_epoch) {
  const std::int64_t quotient = since_epoch / kDay;
  return since_epoch % kDay < Millis{0} ? quotient - 1 : quotient;
}

}  // namespace

Calendar::Calendar() : Calendar(hours{8}, {}, std::chrono::minutes{0}) {}

Calendar::Calendar(seconds initial, std::vector<ZoneTransition> transitions,
                   std::chrono::minutes cut)
    : initial_(initial), transitions_(std::move(transitions)), cut_(cut) {
  assert(cut >= std::chrono::minutes{0} && cut < hours{24});
  assert(std::is_sorted(transitions_.begin(), transitions_.end(),
                        [](const auto& a, const auto& b) { return a.from < b.from; }));
}

seconds Calendar::offset_at(Instant at) const {
  const auto after = std::upper_bound(transitions_.begin(), transitions_.end(), at,
                                      [](Instant t, const auto& z) { return t < z.from; });
  return after == transitions_.begin() ? initial_ : std::prev(after)->offset;
}

// The first instant at which the local clock shows `number` days and the cut, or more: within each
// stretch of one offset the clock only rises, so the first stretch that gets that far has it.
Instant Calendar::start_of(std::int64_t number) const {
  const Millis local = number * kDay + cut_;
  // Offsets are under 26 h, so stretches that end two days earlier cannot matter.
  auto next = std::lower_bound(transitions_.begin(), transitions_.end(), Instant{local} - hours{48},
                               [](const auto& z, Instant t) { return z.from < t; });
  Instant from = next == transitions_.begin() ? Instant::min() : std::prev(next)->from;
  seconds offset = next == transitions_.begin() ? initial_ : std::prev(next)->offset;
  for (; next != transitions_.end(); ++next) {
    if (next->from.time_since_epoch() + offset > local) break;
    from = next->from;
    offset = next->offset;
  }
  return std::max(from, Instant{local} - offset);
}

Calendar::Day Calendar::day_of(Instant at) const {
  std::int64_t number = floor_days(at.time_since_epoch() + offset_at(at) - cut_);
  // A clock that went back over the cut shows the day before once more; it is not that day again.
  while (start_of(number + 1) <= at) ++number;
  while (start_of(number) > at) --number;
  return {number, start_of(number), start_of(number + 1)};
}

Millis Calendar::time_of_day(Instant at) const {
  const Millis local = at.time_since_epoch() + offset_at(at);
  return local - floor_days(local) * kDay;
}

}  // namespace deskpulse::engine
