#include "tests/property/rules.hpp"

#include <algorithm>
#include <limits>

namespace deskpulse::property {
namespace {

/// Rounds down, also below zero.
Time floor_div(Time a, Time b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

Time ZoneRules::local(Time at) const {
  Time ahead = offset;
  for (const auto& [from, later] : transitions) {
    if (at >= from) ahead = later;
  }
  return at + ahead;
}

Time ZoneRules::day_start(Time number) const {
  const Time shown = number * kDay + cut;
  Time from = std::numeric_limits<Time>::min();
  Time ahead = offset;
  for (std::size_t i = 0;; ++i) {
    const bool last = i == transitions.size();
    const Time end = last ? std::numeric_limits<Time>::max() : transitions[i].first;
    const Time at = std::max(from, shown - ahead);
    if (at < end) return at;
    from = transitions[i].first;
    ahead = transitions[i].second;
  }
}

Time ZoneRules::day_of(Time at) const {
  Time number = floor_div(local(at), kDay) + 2;
  while (day_start(number) > at) --number;
  return number;
}

std::vector<ProfileRules> published_profiles() {
  const auto hours = [](Time from, Time to) { return std::pair{from * kHour, to * kHour}; };
  std::vector<ProfileRules> all(6);
  all[0].name = "default";

  all[1].name = "taobao";
  all[1].hours = hours(8, 23);
  all[1].response_cap = 600 * kSecond;

  all[2].name = "jd";
  all[2].session_first = true;
  all[2].timely_within = 30 * kSecond;
  all[2].strict = true;
  all[2].hours = hours(9, 23);

  all[3].name = "douyin";
  all[3].assist_is_valid = false;
  all[3].hours = hours(8, 23);

  all[4].name = "pdd";
  all[4].timely_within = 300 * kSecond;
  all[4].bot_is_valid = true;
  all[4].hours = hours(8, 23);

  all[5].name = "kuaishou";
  all[5].assist_is_valid = false;
  all[5].hours = hours(8, 23);
  return all;
}

}  // namespace deskpulse::property
