#include "daemon/engine/roster.hpp"

#include <utility>

namespace deskpulse::engine {
namespace {

constexpr std::string_view kQueueId = "unassigned";

}  // namespace

Roster::Roster(const Settings& settings, const proto::IdHasher& hasher)
    : defaults_(settings.shop_defaults),
      hasher_(hasher),
      rows_(Tally::rows_needed(settings.windows.size())) {
  for (const ShopSettings& shop : settings.shops) add_shop(shop);
}

std::uint32_t Roster::shop(std::string_view id) {
  if (last_shop_ < directory_.shops.size() && directory_.shops[last_shop_].id == id)
    return last_shop_;
  const std::uint32_t found = shop_index_.find(hasher_.hash({}, id));
  if (found != IdIndex::kAbsent) return last_shop_ = found;
  ShopSettings settings = defaults_;
  settings.id = id;
  settings.name.clear();
  settings.agents.clear();
  return last_shop_ = add_shop(std::move(settings));
}

std::uint32_t Roster::agent(std::uint32_t shop, std::string_view id) {
  if (id.empty() || id == kQueueId) return shops_[shop].queue;
  const std::uint32_t found = agent_index_[shop].find(hasher_.hash({}, id));
  if (found != IdIndex::kAbsent) return found;
  return add_agent(shop, {.id = std::string(id), .name = {}, .group = {}, .capacity = {}});
}

std::uint32_t Roster::add_shop(ShopSettings settings) {
  const auto index = static_cast<std::uint32_t>(shops_.size());
  shop_index_.insert(hasher_.hash({}, settings.id), index);
  agent_index_.emplace_back();
  directory_.shops.push_back(
      {settings.id, settings.name.empty() ? settings.id : settings.name, settings.profile.name});
  Shop& shop = shops_.emplace_back(rows_);
  shop.settings = std::move(settings);
  shop.queue =
      add_agent(index, {.id = std::string(kQueueId), .name = {}, .group = {}, .capacity = {}});
  agents_[shop.queue].is_queue = true;
  directory_.agents[shop.queue].is_queue = true;
  for (const AgentSettings& configured : shop.settings.agents) {
    const std::uint32_t agent = add_agent(index, configured);
    agents_[agent].is_configured = true;
    agents_[agent].capacity = configured.capacity;
  }
  return index;
}

std::uint32_t Roster::add_agent(std::uint32_t shop, AgentSettings settings) {
  const auto index = static_cast<std::uint32_t>(agents_.size());
  agent_index_[shop].insert(hasher_.hash({}, settings.id), index);
  Agent& agent = agents_.emplace_back(rows_);
  agent.shop = shop;
  agent.place = static_cast<std::uint32_t>(shops_[shop].agents.size());
  shops_[shop].agents.push_back(index);
  std::string name = settings.name.empty() ? settings.id : std::move(settings.name);
  directory_.agents.push_back(
      {shop, std::move(settings.id), std::move(name), std::move(settings.group), false});
  changed();
  return index;
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
