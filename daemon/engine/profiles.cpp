// The rule profiles that are shipped (METRICS.md, Rule profiles). Another platform is another
// entry.
#include <algorithm>
#include <string_view>

#include "daemon/engine/settings.hpp"

namespace deskpulse::engine {

const std::vector<Profile>& shipped_profiles() {
  using std::chrono::hours;
  using std::chrono::seconds;
  static const ServiceHours eight_to_eleven{hours{8}, hours{23}};
  static const ServiceHours nine_to_eleven{hours{9}, hours{23}};
  static const std::vector<Profile> profiles{
      {.name = "default", .service_hours = std::nullopt, .response_cap = std::nullopt},
      {.name = "taobao", .service_hours = eight_to_eleven, .response_cap = seconds{600}},
      {.name = "jd",
       .timely_within = seconds{30},
       .strict = true,
       .unit = Unit::session_first,
       .service_hours = nine_to_eleven,
       .response_cap = std::nullopt},
      {.name = "douyin",
       .assist_is_valid = false,
       .service_hours = eight_to_eleven,
       .response_cap = std::nullopt},
      {.name = "pdd",
       .bot_is_valid = true,
       .timely_within = seconds{300},
       .service_hours = eight_to_eleven,
       .response_cap = std::nullopt},
      {.name = "kuaishou",
       .assist_is_valid = false,
       .service_hours = eight_to_eleven,
       .response_cap = std::nullopt},
  };
  return profiles;
}

const Profile* find_shipped_profile(std::string_view name) {
  const auto& all = shipped_profiles();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Profile& p) { return p.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace deskpulse::engine
