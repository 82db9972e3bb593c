#include "daemon/engine/roster.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace deskpulse::engine {
namespace {

constexpr std::string_view kQueueId = "unassigned";

/// How many agents a new one looks at for a place: enough to find what is idle in the long run, and
/// in a full table as many as an event has time for.
constexpr std::uint32_t kLooks = 2;
constexpr std::uint32_t kLooksWhenFull = 64;

/// Nobody is forgotten who is still in the report (ruling R8).
constexpr Millis kLeastIdle = std::chrono::hours{25};

}  // namespace

Roster::Roster(const Settings& settings, const proto::IdHasher& hasher)
    : defaults_(settings.shop_defaults),
      limits_(settings.limits),
      agent_idle_(std::max(settings.limits.agent_idle, kLeastIdle)),
      hasher_(hasher),
      rows_(Tally::rows_needed(settings.windows.size())) {
  for (const ShopSettings& shop : settings.shops) add_shop(shop);
}

std::uint32_t Roster::shop(std::string_view id) {
  if (last_shop_ < directory_.shops.size() && directory_.shops[last_shop_].id == id)
    return last_shop_;
  const std::uint32_t found = shop_index_.find(hasher_.hash({}, id));
  if (found != IdIndex::kAbsent) return last_shop_ = found;
  if (known_shops_ < most_shops()) return last_shop_ = add_shop(unconfigured(id));
  ++shops_exceeded_;
  return other_shop_ != IdIndex::kAbsent ? other_shop_ : add_shop(unconfigured(kOtherId));
}

Named Roster::agent(std::uint32_t shop, std::string_view id, const WindowClock& clock) {
  if (id.empty() || id == kQueueId) return {shops_[shop].queue};
  const proto::CustomerKey hash = hasher_.hash({}, id);
  const std::uint32_t found = agent_index_[shop].find(hash);
  if (found != IdIndex::kAbsent) return {found};
  if (id == kOtherId) return {other_agent(shop)};

  const bool is_full = known_agents_ >= most_agents();
  if (shop != other_shop_) {
    const std::uint32_t idle = find_idle(is_full ? kLooksWhenFull : kLooks, clock);
    if (idle != IdIndex::kAbsent) {
      replace(idle, shop, id);
      agents_[idle].last_seen = clock.now();
      return {idle};
    }
    if (!is_full) {
      const std::uint32_t added =
          add_agent(shop, {.id = std::string(id), .name = {}, .group = {}, .capacity = {}});
      agents_[added].last_seen = clock.now();
      return {added};
    }
    ++agents_exceeded_;
  }
  return {other_agent(shop), static_cast<std::uint32_t>(hash.high) | 1U};
}

std::uint32_t Roster::restore_shop(std::string_view id) {
  const std::uint32_t found = shop_index_.find(hasher_.hash({}, id));
  return found != IdIndex::kAbsent ? found : add_shop(unconfigured(id));
}

std::uint32_t Roster::restore_agent(std::uint32_t shop, std::string_view id) {
  if (id == kQueueId) return shops_[shop].queue;
  const std::uint32_t found = agent_index_[shop].find(hasher_.hash({}, id));
  if (found != IdIndex::kAbsent) return found;
  if (id == kOtherId) return other_agent(shop);
  return add_agent(shop, {.id = std::string(id), .name = {}, .group = {}, .capacity = {}});
}

ShopSettings Roster::unconfigured(std::string_view id) const {
  ShopSettings settings = defaults_;
  settings.id = id;
  settings.name.clear();
  settings.agents.clear();
  return settings;
}

std::uint32_t Roster::add_shop(ShopSettings settings) {
  const auto index = static_cast<std::uint32_t>(shops_.size());
  shop_index_.insert(hasher_.hash({}, settings.id), index);
  agent_index_.emplace_back();
  directory_.shops.push_back(
      {settings.id, settings.name.empty() ? settings.id : settings.name, settings.profile.name});
  if (settings.id == kOtherId) {
    other_shop_ = index;
  } else {
    ++known_shops_;
  }
  Shop& shop = shops_.emplace_back(rows_);
  shop.settings = std::move(settings);
  shop.queue =
      add_agent(index, {.id = std::string(kQueueId), .name = {}, .group = {}, .capacity = {}});
  for (const AgentSettings& configured : shop.settings.agents) {
    const std::uint32_t agent = add_agent(index, configured);
    agents_[agent].is_configured = true;
    agents_[agent].capacity = configured.capacity;
  }
  return index;
}

std::uint32_t Roster::add_agent(std::uint32_t shop, AgentSettings settings) {
  const auto index = static_cast<std::uint32_t>(agents_.size());
  agents_.emplace_back(rows_);
  directory_.agents.emplace_back();
  enter(index, shop, settings.id);
  rename(index, settings.name);
  regroup(index, settings.group);
  return index;
}

void Roster::enter(std::uint32_t agent, std::uint32_t shop, std::string_view id) {
  Agent& entered = agents_[agent];
  entered.shop = shop;
  entered.is_queue = id == kQueueId;
  entered.is_other = id == kOtherId;
  entered.place = static_cast<std::uint32_t>(shops_[shop].agents.size());
  if (entered.is_other) {
    shops_[shop].other = agent;
  } else if (!entered.is_queue) {
    ++known_agents_;
  }
  agent_index_[shop].insert(hasher_.hash({}, id), agent);
  shops_[shop].agents.push_back(agent);
  directory_.agents[agent] = {shop, std::string(id), std::string(id), {}, entered.is_queue};
  changed();
}

std::uint32_t Roster::other_agent(std::uint32_t shop) {
  if (shops_[shop].other != IdIndex::kAbsent) return shops_[shop].other;
  return add_agent(shop, {.id = std::string(kOtherId), .name = {}, .group = {}, .capacity = {}});
}

std::uint32_t Roster::find_idle(std::uint32_t looks, const WindowClock& clock) {
  for (; looks > 0 && !agents_.empty(); --looks) {
    if (look_at_ >= agents_.size()) look_at_ = 0;
    const std::uint32_t index = look_at_++;
    if (agents_[index].references == 0 && is_idle(agents_[index], clock)) return index;
  }
  return IdIndex::kAbsent;
}

void Roster::replace(std::uint32_t agent, std::uint32_t shop, std::string_view id) {
  renew(agent);
  Agent& replaced = agents_[agent];
  agent_index_[replaced.shop].erase(hasher_.hash({}, agent_id(agent)));
  std::vector<std::uint32_t>& colleagues = shops_[replaced.shop].agents;
  const std::uint32_t last = colleagues.back();
  colleagues[replaced.place] = last;
  agents_[last].place = replaced.place;
  colleagues.pop_back();
  --known_agents_;
  enter(agent, shop, id);
}

void Roster::begin_counters_anew() {
  for (Shop& shop : shops_) {
    shop.tally.counters = {};
    shop.response_duration = {};
    shop.first_response_duration = {};
  }
  for (Agent& agent : agents_) agent.tally.counters = {};
}

void Roster::renew(std::uint32_t agent) {
  Agent& renewed = agents_[agent];
  assert(renewed.waits.empty() && renewed.tally.level() == 0);
  renewed.is_seen = false;
  renewed.tally.forget();
  renewed.capacity.reset();
  renewed.presence.reset();
  renewed.capacity_at = renewed.presence_at = renewed.name_at = renewed.group_at = {};
  Directory::Agent& names = directory_.agents[agent];
  if (names.name == names.id && names.group.empty()) return;
  names.name = names.id;
  names.group.clear();
  changed();
}

void Roster::rename(std::uint32_t agent, std::string_view name) {
  if (name.empty() || directory_.agents[agent].name == name) return;
  directory_.agents[agent].name = name;
  changed();
}

void Roster::regroup(std::uint32_t agent, std::string_view group) {
  if (group.empty() || directory_.agents[agent].group == group) return;
  directory_.agents[agent].group = group;
  changed();
}

std::shared_ptr<const Directory> Roster::directory() {
  if (!shared_ || shared_->version != directory_.version)
    shared_ = std::make_shared<const Directory>(directory_);
  return shared_;
}

}  // namespace deskpulse::engine
