// What the engine is told before it starts: windows, business day, rule profiles, shops.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/calendar.hpp"
#include "proto/event.hpp"

namespace deskpulse::engine {

using proto::Instant;
using proto::Millis;

/// Which turns of a session a profile judges (METRICS.md, Rule profiles).
enum class Unit : std::uint8_t { turn, session_first };

/// Local hours [from, to); `to` before `from` runs over midnight, equal ones are the whole day.
struct ServiceHours {
  std::chrono::minutes from{};
  std::chrono::minutes to{};
};

/// The rules by which one platform judges a chat (METRICS.md, Rule profiles). Data, not code.
struct Profile {
  std::string name;
  bool assist_is_valid = true;  ///< `human` always is
  bool bot_is_valid = false;
  Millis timely_within{180'000};
  bool strict = false;  ///< `<` instead of `<=`
  Unit unit = Unit::turn;
  std::optional<ServiceHours> service_hours;
  std::optional<Millis> response_cap;  ///< a response time counts at most this in the sums

  bool accepts(proto::From from) const {
    return from == proto::From::human || (from == proto::From::assist && assist_is_valid) ||
           (from == proto::From::bot && bot_is_valid);
  }
  /// The longest wait that is still timely.
  Millis limit() const { return strict ? timely_within - Millis{1} : timely_within; }
};

/// The profiles of METRICS.md, in its order: default taobao jd douyin pdd kuaishou.
const std::vector<Profile>& shipped_profiles();
/// Null when there is none of that name.
const Profile* find_shipped_profile(std::string_view name);

/// An agent named in the configuration: exists with zeros from the start and never disappears.
struct AgentSettings {
  std::string id;
  std::string name;  ///< empty = the id
  std::string group;
  std::optional<std::uint32_t> capacity;
};

/// One shop's rules. Every duration is positive.
struct ShopSettings {
  std::string id;
  std::string name;  ///< empty = the id
  Profile profile = shipped_profiles().front();
  Millis slow_after{60'000};
  Millis abandon_after{30 * 60'000};
  Millis session_gap{10 * 60'000};
  std::uint32_t slow_times = 1;  ///< K: the K-th slow turn of a session makes a slow customer
  std::vector<AgentSettings> agents;
};

/// A rolling window; its span is a multiple of 60 ms, so that its 60 buckets are whole
/// milliseconds.
struct Window {
  std::string label;  ///< the value of the label `window`, such as "5m"
  Millis span{};
};

inline constexpr int kBucketsPerWindow = 60;
inline constexpr std::size_t kMaxWindows = 8;

/// The most that an upstream can make the engine remember (rulings R34 to R39).
struct Limits {
  std::uint32_t conversations = 2'000'000;
  std::uint32_t agents = 10'000;  ///< of all shops; configured ones count, and are there anyway
  std::uint32_t shops = 1'000;    ///< the same
  /// After so long without a sign of it and without customers an agent is forgotten; not before
  /// every window and the business day have passed it.
  Millis agent_idle = std::chrono::hours{48};
};

/// What an image may have of them: more than can be configured, with the queue and the `_other` of
/// every shop. An engine must never write what it would not read.
inline constexpr std::uint64_t kMostSavedShops = 200'000;
inline constexpr std::uint64_t kMostSavedAgents = 2'000'000;

struct Settings {
  /// At most kMaxWindows.
  std::vector<Window> windows{{"1m", Millis{60'000}},
                              {"5m", Millis{300'000}},
                              {"15m", Millis{900'000}},
                              {"30m", Millis{1'800'000}},
                              {"1h", Millis{3'600'000}}};
  Calendar calendar;           ///< zone and cut of the business day; default Asia/Shanghai, 00:00
  ShopSettings shop_defaults;  ///< for shops that appear without being configured; id is ignored
  std::vector<ShopSettings> shops;
  Limits limits;
};

}  // namespace deskpulse::engine
