// What the engine says when it is asked: flat rows of plain numbers, copied out in one go.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/event.hpp"

namespace deskpulse::engine {

/// What a count of a scope and a sum of times (285,000 years) come to at most: more adds nothing.
/// So none can overflow, and an image never has one that its own reader would refuse.
inline constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 53;
inline constexpr std::int64_t kLongestSumMs = std::int64_t{1} << 53;
/// The same of a sum since the state began.
inline constexpr std::int64_t kLongestTotalMs = std::int64_t{1} << 62;

/// The numbers of one scope (a rolling window or the business day) of one shop or agent; METRICS.md
/// defines each. Distinct customers are distinct within this row's shop or agent.
struct ScopeNumbers {
  std::array<std::uint64_t, proto::kFromCount> messages{};  ///< by proto::From
  std::uint64_t consulting_customers = 0;                   ///< not to be reported for `unassigned`
  std::uint64_t slow_turns = 0;
  std::uint64_t slow_customers = 0;
  std::uint64_t unanswered_customers = 0;  ///< today's is not to be reported for `unassigned`
  std::uint64_t answered_turns = 0;
  std::uint64_t first_responses = 0;
  std::uint64_t judged_turns = 0;
  std::uint64_t timely_turns = 0;
  std::uint32_t peak_conversations = 0;
  std::int64_t response_time_sum_ms = 0;        ///< each at most the profile's response_cap
  std::int64_t first_response_time_sum_ms = 0;  ///< the same
  std::int64_t response_time_max_ms = 0;        ///< not capped; no meaning without answered_turns

  /// Consulting customers that no filter takes out. Filters are not built yet, so all of them.
  std::uint64_t received_customers() const { return consulting_customers; }

  friend bool operator==(const ScopeNumbers&, const ScopeNumbers&) = default;
};

enum class Outcome : std::uint8_t { answered, unanswered, bot, transferred_unanswered };
inline constexpr int kOutcomeCount = 4;

/// Counters since the state began, or since Engine::begin_counters_anew().
struct Counters {
  std::array<std::uint64_t, proto::kFromCount> messages{};
  std::array<std::uint64_t, kOutcomeCount> turns{};  ///< by Outcome
  std::uint64_t slow_turns = 0;
};

/// Levels at the report's watermark.
struct Levels {
  std::uint32_t waiting_customers = 0;
  std::uint32_t open_conversations = 0;
  std::int64_t oldest_wait_ms = 0;  ///< 0 when nobody waits
};

/// The edges of the response time histograms, in seconds; the last bucket is +Inf.
inline constexpr std::array<int, 12> kHistogramEdgesSeconds{5,  10,  15,  20,  30,  45,
                                                            60, 100, 120, 180, 300, 600};
struct Histogram {
  std::array<std::uint64_t, kHistogramEdgesSeconds.size() + 1> buckets{};  ///< not cumulative
  std::int64_t sum_ms = 0;  ///< as observed, not capped
};

/// Waits longer than this many seconds are counted in `waiting_customers_over`.
inline constexpr std::array<int, 6> kWaitingOverSeconds{30, 60, 100, 180, 300, 600};

inline constexpr std::array<double, 3> kQuantiles{0.5, 0.9, 0.99};
/// Response time quantiles in ms, within 5 % of the nearest-rank value; absent without answers.
using Quantiles = std::optional<std::array<double, kQuantiles.size()>>;

using Presence = proto::Status;
inline constexpr int kPresenceCount = 3;

struct ShopRow {
  std::uint32_t shop = 0;  ///< index into Directory::shops
  Levels levels;
  /// How many of the shop's agents in this report are online, busy and offline, by Presence; absent
  /// where none of them has ever told.
  std::optional<std::array<std::uint32_t, kPresenceCount>> agents_by_presence;
  Counters counters;
  std::array<std::uint32_t, kWaitingOverSeconds.size()> waiting_over{};
  Histogram response_duration;
  Histogram first_response_duration;
};

struct AgentRow {
  std::uint32_t agent = 0;  ///< index into Directory::agents
  Levels levels;
  Counters counters;
  std::optional<std::uint32_t> capacity;
  std::optional<Presence> presence;  ///< as last told
};

/// How near a table is to its bound.
struct LimitUse {
  std::string_view name;  ///< "conversations", "agents" or "shops"
  std::uint64_t used = 0;
  std::uint64_t limit = 0;
  std::uint64_t exceeded = 0;  ///< how often something had to give way, since the state began
};

/// Where ids beyond a limit are counted.
inline constexpr std::string_view kOtherId = "_other";

/// Names behind the indices. An index means the same shop for as long as the engine lives. Of an
/// agent it says who has the place now: when an agent is forgotten, another one may get it, and the
/// version grows. So an index goes with the directory of the same report. Immutable once handed
/// out.
struct Directory {
  struct Shop {
    std::string id;
    std::string name;  ///< the id when none was given
    std::string profile;
  };
  struct Agent {
    std::uint32_t shop = 0;
    std::string id;    ///< "unassigned" for the queue
    std::string name;  ///< the id when none was given
    std::string group;
    bool is_queue = false;
  };
  std::uint64_t version = 0;  ///< grows with every change
  std::vector<Shop> shops;
  std::vector<Agent> agents;
};

/// Row i of `shops` owns `shop_scopes[i * scopes.size() …]`, in the order of `scopes`; `agents` the
/// same. Reuse one object: a warm report allocates nothing.
struct Report {
  proto::Instant watermark{};
  /// For whoever hands the report on: the counters are below what they were when they were last
  /// shown, and are not to be shown until they have come there again.
  bool hides_counters = false;
  std::uint64_t conversations = 0;  ///< in memory, idle ones included
  /// Labels of the scopes: the rolling windows as configured, then "today", which is always last.
  std::shared_ptr<const std::vector<std::string>> scopes;
  std::shared_ptr<const Directory> directory;
  std::vector<ShopRow> shops;
  std::vector<ScopeNumbers> shop_scopes;
  std::vector<Quantiles> shop_quantiles;  ///< like shop_scopes
  std::vector<AgentRow> agents;           ///< ordered by shop
  std::vector<ScopeNumbers> agent_scopes;
  std::array<LimitUse, 3> limits;
  /// The newest time of which a limit has made something be missed, or of which customers may count
  /// twice since they were forgotten early: a scope that covers it is incomplete. The epoch: none.
  proto::Instant incomplete_until{};
};

}  // namespace deskpulse::engine
