// The shops and agents that have been seen or configured, and what each has counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
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
    for (std::size_t at = 0; at < 320; at += 64) __builtin_prefetch(bytes + at, 1);
  }

  std::uint32_t shop = 0;
  bool is_queue = false;
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
  std::uint32_t queue = 0;            ///< its agent `unassigned`
  std::vector<std::uint32_t> agents;  ///< in the order of appearance, the queue first
  Tally tally;
  ResponseSketch responses;
  Histogram response_duration;
  Histogram first_response_duration;
  std::uint32_t waiting_customers = 0;
  std::array<std::uint32_t, kWaitingOverSeconds.size()> waiting_over{};
};

/// Gives every shop and agent an index, once; indices and references stay valid for ever. Finding
/// one costs a keyed hash and a look into a table. What an upstream may make us remember is bounded
/// by the number of distinct ids it sends.
class Roster {
 public:
  Roster(const Settings& settings, const proto::IdHasher& hasher);

  std::uint32_t shop(std::string_view id);
  /// Empty and `unassigned` are the shop's queue (ruling R3).
  std::uint32_t agent(std::uint32_t shop, std::string_view id);

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
  std::uint32_t add_shop(ShopSettings settings);
  std::uint32_t add_agent(std::uint32_t shop, AgentSettings settings);
  void changed() { ++directory_.version; }

  const ShopSettings& defaults_;
  const proto::IdHasher hasher_;
  RowPools rows_;  ///< of all tallies
  std::deque<Shop> shops_;
  std::deque<Agent> agents_;
  IdIndex shop_index_;
  std::vector<IdIndex> agent_index_;  ///< by shop
  std::uint32_t last_shop_ = 0;       ///< most streams stay with a shop for a while
  Directory directory_;
  std::shared_ptr<const Directory> shared_;
};

}  // namespace deskpulse::engine
