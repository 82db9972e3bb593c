// The shops and agents that have been seen or configured, and what each has counted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/engine/id_index.hpp"
#include "daemon/engine/report.hpp"
#include "daemon/engine/response_sketch.hpp"
#include "daemon/engine/settings.hpp"
#include "daemon/engine/tally.hpp"
#include "daemon/engine/wait_heap.hpp"
#include "proto/id_hash.hpp"

namespace deskpulse::engine {

/// Thousands of them take turns, so what an event touches stands together at the beginning.
struct alignas(64) Agent {
  explicit Agent(RowPools& rows) : tally(rows) {}

  /// Asks the processor for what most events touch: all up to the rings of the first windows.
  void prefetch() const {
    const auto* const bytes = reinterpret_cast<const std::byte*>(this);
    for (std::size_t at = 0; at < 384; at += 64) __builtin_prefetch(bytes + at, 1);
  }

  std::uint32_t shop = 0;
  std::uint32_t references = 0;  ///< conversations and pairs that name its index
  bool is_queue = false;
  bool is_other = false;  ///< stands for those beyond the limit
  bool is_configured = false;
  bool is_seen = false;
  Instant last_seen{};  ///< when it was last named, or a number or level of it changed
  WaitHeap waits;
  Tally tally;
  std::optional<std::uint32_t> capacity;
  Instant capacity_at{};  ///< `ts` of the event that said it
  std::optional<Presence> presence;
  Instant presence_at{};
  Instant name_at{};
  Instant group_at{};
  std::uint32_t place = 0;  ///< in Shop::agents
};

struct Shop {
  explicit Shop(RowPools& rows) : tally(rows) {}

  ShopSettings settings;
  std::uint32_t queue = 0;                 ///< its agent `unassigned`
  std::uint32_t other = IdIndex::kAbsent;  ///< its agent `_other`, once there is one
  std::vector<std::uint32_t> agents;       ///< the queue first
  Tally tally;
  ResponseSketch responses;
  Histogram response_duration;
  Histogram first_response_duration;
  std::uint32_t waiting_customers = 0;
  std::array<std::uint32_t, kWaitingOverSeconds.size()> waiting_over{};
};

/// Whom an event names.
struct Named {
  std::uint32_t agent = 0;  ///< index
  /// Agents beyond the limit have one index together, and within a conversation this tells them
  /// apart: bits of the keyed hash of their id. 0 for all others.
  std::uint32_t tag = 0;
  friend bool operator==(const Named&, const Named&) = default;
};

/// Gives every shop and agent an index. A shop's stays valid for ever; an agent's as long as it is
/// configured, counted as a reference or not idle. Finding one costs a keyed hash and a look into a
/// table. What an upstream can make it remember is bounded by `limits`: shops and agents beyond
/// share the entry `_other`, and agents that have been idle for long give their place to new ones.
class Roster {
 public:
  Roster(const Settings& settings, const proto::IdHasher& hasher);

  std::uint32_t shop(std::string_view id);
  /// Empty and `unassigned` are the shop's queue (ruling R3).
  Named agent(std::uint32_t shop, std::string_view id, const WindowClock& clock);
  /// The same of what an image names, whatever the limits are now. The agent's id is not empty.
  std::uint32_t restore_shop(std::string_view id);
  std::uint32_t restore_agent(std::uint32_t shop, std::string_view id);
  /// Where shops beyond the limit are counted; IdIndex::kAbsent when there is none yet.
  std::uint32_t other_shop() const { return other_shop_; }

  /// Silent for so long that it is forgotten, and no number speaks of it (ruling R36).
  bool is_idle(const Agent& agent, const WindowClock& clock) const {
    return clock.now() - agent.last_seen >= agent_idle_ && !clock.covers(agent.last_seen) &&
           agent.tally.level() == 0 && agent.waits.empty() && !agent.is_configured &&
           !agent.is_queue && !agent.is_other;
  }
  /// An idle agent becomes what a new one of its id is.
  void renew(std::uint32_t agent);

  /// Of all shops and agents, the histograms included.
  void begin_counters_anew();

  void hold_growth(bool on) {
    held_ = on ? std::optional<Held>{{known_agents_, known_shops_}} : std::nullopt;
  }
  LimitUse agents_use() const { return {"agents", known_agents_, most_agents(), agents_exceeded_}; }
  LimitUse shops_use() const { return {"shops", known_shops_, most_shops(), shops_exceeded_}; }
  void restore_exceeded(std::uint64_t agents, std::uint64_t shops) {
    agents_exceeded_ = agents;
    shops_exceeded_ = shops;
  }

  Shop& shop_at(std::uint32_t index) { return shops_[index]; }
  const Shop& shop_at(std::uint32_t index) const { return shops_[index]; }
  Agent& agent_at(std::uint32_t index) { return agents_[index]; }
  std::size_t shops() const { return shops_.size(); }
  std::size_t agents() const { return agents_.size(); }
  const Agent& agent_at(std::uint32_t index) const { return agents_[index]; }
  const std::string& agent_id(std::uint32_t index) const { return directory_.agents[index].id; }
  const Directory::Agent& names_of(std::uint32_t agent) const { return directory_.agents[agent]; }

  /// The agent's name or group as `agent_status` gives them; empty says nothing.
  void rename(std::uint32_t agent, std::string_view name);
  void regroup(std::uint32_t agent, std::string_view group);

  /// The names as they are now; the same object until one changes.
  std::shared_ptr<const Directory> directory();

 private:
  struct Held {
    std::uint32_t agents;
    std::uint32_t shops;
  };
  std::uint32_t most_agents() const {
    return held_ ? std::min(held_->agents, limits_.agents) : limits_.agents;
  }
  std::uint32_t most_shops() const {
    return held_ ? std::min(held_->shops, limits_.shops) : limits_.shops;
  }
  std::uint32_t add_shop(ShopSettings settings);
  ShopSettings unconfigured(std::string_view id) const;
  std::uint32_t add_agent(std::uint32_t shop, AgentSettings settings);
  std::uint32_t other_agent(std::uint32_t shop);
  /// An idle agent that nothing refers to, among the next `looks`; kAbsent when there is none.
  std::uint32_t find_idle(std::uint32_t looks, const WindowClock& clock);
  /// The agent's place goes to another one.
  void replace(std::uint32_t agent, std::uint32_t shop, std::string_view id);
  void enter(std::uint32_t agent, std::uint32_t shop, std::string_view id);
  void changed() { ++directory_.version; }

  const ShopSettings& defaults_;
  const Limits limits_;
  const Millis agent_idle_;
  const proto::IdHasher hasher_;
  RowPools rows_;  ///< of all tallies
  std::deque<Shop> shops_;
  std::deque<Agent> agents_;
  IdIndex shop_index_;
  std::vector<IdIndex> agent_index_;  ///< by shop
  std::uint32_t last_shop_ = 0;       ///< most streams stay with a shop for a while
  std::uint32_t other_shop_ = IdIndex::kAbsent;
  std::uint32_t known_agents_ = 0;  ///< without the queues and `_other`
  std::uint32_t known_shops_ = 0;   ///< without `_other`
  std::optional<Held> held_;
  std::uint64_t agents_exceeded_ = 0;
  std::uint64_t shops_exceeded_ = 0;
  std::uint32_t look_at_ = 0;
  Directory directory_;
  std::shared_ptr<const Directory> shared_;
};

}  // namespace deskpulse::engine
