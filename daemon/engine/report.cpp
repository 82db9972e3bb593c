// Reading the engine: flat rows of the state at now().
#include "daemon/engine/report.hpp"

#include <algorithm>

#include "daemon/engine/state.hpp"

namespace deskpulse::engine {
namespace {

constexpr Millis kSilentAgentLeaves = std::chrono::hours{24};  // ruling R8

std::int64_t age_ms(Instant now, Instant opening) { return (now - opening).count(); }

}  // namespace

bool Engine::State::is_visible(const Agent& agent) const {
  if (agent.is_configured) return true;
  return agent.is_seen &&
         (agent.tally.level() > 0 || clock_.now() - agent.last_seen < kSilentAgentLeaves ||
          clock_.covers(agent.last_seen));
}

void Engine::State::report(Report& report) {
  const std::size_t scopes = scopes_->size();
  report.watermark = clock_.now();
  report.conversations = conversations_.size();
  report.limits = {LimitUse{"conversations", conversations_.size(), most_conversations(),
                            conversations_exceeded_},
                   roster_.agents_use(), roster_.shops_use()};
  report.incomplete_until = incomplete_until_;
  report.scopes = scopes_;
  report.directory = roster_.directory();
  report.shops.resize(roster_.shops());
  report.shop_scopes.resize(roster_.shops() * scopes);
  report.shop_quantiles.resize(roster_.shops() * scopes);
  report.agents.clear();
  report.agents.reserve(roster_.agents());
  report.agent_scopes.resize(roster_.agents() * scopes);

  for (std::uint32_t s = 0; s < roster_.shops(); ++s) {
    Shop& shop = roster_.shop_at(s);
    ShopRow& row = report.shops[s];
    row.shop = s;
    row.counters = shop.tally.counters;
    row.levels = {shop.waiting_customers, shop.tally.level(), 0};
    row.waiting_over = shop.waiting_over;
    row.response_duration = shop.response_duration;
    row.first_response_duration = shop.first_response_duration;
    row.agents_by_presence.reset();
    shop.tally.read(clock_, &report.shop_scopes[s * scopes]);
    shop.responses.read(clock_, &report.shop_quantiles[s * scopes]);

    for (const std::uint32_t a : shop.agents) {
      Agent& agent = roster_.agent_at(a);
      if (!is_visible(agent)) {
        if (agent.is_seen) agent.tally.release_rings();
        continue;
      }
      AgentRow& agent_row = report.agents.emplace_back();
      agent_row.agent = a;
      agent_row.counters = agent.tally.counters;
      agent_row.capacity = agent.capacity;
      agent_row.presence = agent.presence;
      if (agent.presence) {
        if (!row.agents_by_presence) row.agents_by_presence.emplace();
        ++(*row.agents_by_presence)[static_cast<std::size_t>(*agent.presence)];
      }
      agent_row.levels = {agent.waits.size(), agent.tally.level(),
                          agent.waits.empty() ? 0 : age_ms(clock_.now(), agent.waits.oldest())};
      row.levels.oldest_wait_ms =
          std::max(row.levels.oldest_wait_ms, agent_row.levels.oldest_wait_ms);
      agent.tally.read(clock_, &report.agent_scopes[(report.agents.size() - 1) * scopes]);
    }
  }
  report.agent_scopes.resize(report.agents.size() * scopes);
}

}  // namespace deskpulse::engine
