#include "daemon/config/zone.hpp"

#include <absl/time/time.h>

#include <algorithm>

namespace deskpulse::config {
namespace {

bool may_be_a_zone_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '/' && name != "localtime" &&
         std::all_of(name.begin(), name.end(), allowed);
}

std::chrono::seconds offset_at(const absl::TimeZone& zone, absl::Time time) {
  return std::chrono::seconds{zone.At(time).offset};
}

}  // namespace

std::optional<Zone> load_zone(std::string_view name) {
  absl::TimeZone zone;
  if (!may_be_a_zone_name(name) || !absl::LoadTimeZone(std::string(name), &zone))
    return std::nullopt;

  absl::Time time = absl::UnixEpoch();
  const absl::Time end = absl::FromCivil(absl::CivilSecond(2101, 1, 1), absl::UTCTimeZone());
  Zone result{.name = std::string(name), .initial = offset_at(zone, time), .transitions = {}};
  std::chrono::seconds offset = result.initial;
  absl::TimeZone::CivilTransition civil;
  while (zone.NextTransition(time, &civil)) {
    time = zone.At(civil.to).trans;
    if (time >= end) break;
    // A change of the name alone is a transition to the database, but not to us.
    if (offset_at(zone, time) == offset) continue;
    offset = offset_at(zone, time);
    result.transitions.push_back({std::chrono::seconds{absl::ToUnixSeconds(time)}, offset});
  }
  return result;
}

}  // namespace deskpulse::config
