// The rules that a recount goes by, in its own plain types, so that no mistake is shared with the
// engine's settings. Every time is in milliseconds since the Unix epoch, every duration in
// milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace deskpulse::property {

using Time = std::int64_t;

inline constexpr Time kSecond = 1'000;
inline constexpr Time kMinute = 60 * kSecond;
inline constexpr Time kHour = 60 * kMinute;
inline constexpr Time kDay = 24 * kHour;

struct ProfileRules {
  std::string name = "default";
  bool assist_is_valid = true;
  bool bot_is_valid = false;
  Time timely_within = 180 * kSecond;
  bool strict = false;
  bool session_first = false;
  std::optional<std::pair<Time, Time>> hours;  ///< since local midnight, [first, second)
  std::optional<Time> response_cap;
};

struct AgentRules {
  std::string id;
  std::string name;  ///< empty = the id
  std::string group;
  std::optional<std::uint32_t> capacity;
};

struct ShopRules {
  std::string id;
  ProfileRules profile;
  Time slow_after = kMinute;
  Time abandon_after = 30 * kMinute;
  Time session_gap = 10 * kMinute;
  unsigned slow_times = 1;
  std::vector<AgentRules> agents;
};

struct WindowRules {
  std::string label;
  Time span = 0;
};

/// Local time and the business days of a zone.
struct ZoneRules {
  Time offset = 8 * kHour;                         ///< before the first transition
  std::vector<std::pair<Time, Time>> transitions;  ///< (from, offset), ascending
  Time cut = 0;                                    ///< since local midnight

  /// What the clock on the wall shows at `at`, as if it were UTC.
  Time local(Time at) const;
  /// The first instant at which the local clock shows `number` days after 1970-01-01, `cut`
  /// o'clock, or later.
  Time day_start(Time number) const;
  /// The last business day that has begun at `at`.
  Time day_of(Time at) const;
};

struct Rules {
  std::vector<WindowRules> windows{{"1m", kMinute},
                                   {"5m", 5 * kMinute},
                                   {"15m", 15 * kMinute},
                                   {"30m", 30 * kMinute},
                                   {"1h", kHour}};
  ZoneRules zone;
  ShopRules defaults;            ///< of shops not in `shops`
  std::vector<ShopRules> shops;  ///< configured: exist from the start
  Time agent_idle = 48 * kHour;
};

/// The table of METRICS.md, Rule profiles.
std::vector<ProfileRules> published_profiles();

}  // namespace deskpulse::property
