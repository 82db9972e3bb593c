#include "daemon/serve/overview.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <numeric>

namespace deskpulse::serve {
namespace {

constexpr proto::Millis kFocusSpan = std::chrono::minutes{5};

proto::Millis distance(proto::Millis a, proto::Millis b) { return a < b ? b - a : a - b; }

void add(engine::ScopeNumbers& to, const engine::ScopeNumbers& numbers) {
  for (std::size_t from = 0; from < to.messages.size(); ++from)
    to.messages[from] += numbers.messages[from];
  to.consulting_customers += numbers.consulting_customers;
  to.slow_turns += numbers.slow_turns;
  to.slow_customers += numbers.slow_customers;
  to.unanswered_customers += numbers.unanswered_customers;
  to.answered_turns += numbers.answered_turns;
  to.first_responses += numbers.first_responses;
  to.judged_turns += numbers.judged_turns;
  to.timely_turns += numbers.timely_turns;
  to.peak_conversations += numbers.peak_conversations;
  to.response_time_sum_ms += numbers.response_time_sum_ms;
  to.first_response_time_sum_ms += numbers.first_response_time_sum_ms;
  // Without answers it means nothing.
  if (numbers.answered_turns != 0)
    to.response_time_max_ms = std::max(to.response_time_max_ms, numbers.response_time_max_ms);
}

void raise(engine::Quantiles& to, const engine::Quantiles& quantiles) {
  if (!quantiles) return;
  if (!to) {
    to = quantiles;
    return;
  }
  for (std::size_t q = 0; q < to->size(); ++q) (*to)[q] = std::max((*to)[q], (*quantiles)[q]);
}

}  // namespace

ScopeChoice choose_scopes(std::span<const proto::Millis> spans) {
  assert(!spans.empty());
  ScopeChoice choice;
  choice.today = spans.size() - 1;
  choice.focus = choice.today;
  for (std::size_t i = 0; i < choice.today; ++i) {
    if (choice.focus == choice.today ||
        distance(spans[i], kFocusSpan) < distance(spans[choice.focus], kFocusSpan))
      choice.focus = i;
    if (!choice.shortest || spans[i] < choice.shortest_span) {
      choice.shortest = i;
      choice.shortest_span = spans[i];
    }
  }
  return choice;
}

std::optional<std::size_t> find_shop_row(const engine::Report& report, std::string_view id) {
  for (std::size_t row = 0; row < report.shops.size(); ++row)
    if (report.directory->shops[report.shops[row].shop].id == id) return row;
  return std::nullopt;
}

ShopRange all_shops(const engine::Report& report) { return {0, report.shops.size()}; }

AgentRange agents_of(const engine::Report& report, const ShopRange& shops) {
  if (shops.size() == 0) return {};
  const auto shop_of = [&](const engine::AgentRow& row) {
    return report.directory->agents[row.agent].shop;
  };
  const std::uint32_t first = report.shops[shops.begin].shop;
  const std::uint32_t last = report.shops[shops.end - 1].shop;
  const auto begin = std::partition_point(report.agents.begin(), report.agents.end(),
                                          [&](const auto& row) { return shop_of(row) < first; });
  const auto end = std::partition_point(begin, report.agents.end(),
                                        [&](const auto& row) { return shop_of(row) <= last; });
  return {static_cast<std::size_t>(begin - report.agents.begin()),
          static_cast<std::size_t>(end - report.agents.begin())};
}

bool is_bot(const engine::AgentRow& agent, const engine::ScopeNumbers& today) {
  // The counters may have begun anew since.
  const auto written = [&](proto::From from) {
    const auto sender = static_cast<std::size_t>(from);
    return agent.counters.messages[sender] != 0 || today.messages[sender] != 0;
  };
  return written(proto::From::bot) && !written(proto::From::human) &&
         !written(proto::From::assist) && !agent.presence;
}

LevelsTogether levels_of(const engine::Report& report, const ShopRange& shops,
                         const AgentRange& agents) {
  LevelsTogether together;
  for (std::size_t s = shops.begin; s < shops.end; ++s) {
    const engine::ShopRow& row = report.shops[s];
    together.levels.waiting_customers += row.levels.waiting_customers;
    together.levels.open_conversations += row.levels.open_conversations;
    together.levels.oldest_wait_ms =
        std::max(together.levels.oldest_wait_ms, row.levels.oldest_wait_ms);
    if (!row.agents_by_presence) continue;
    if (!together.agents) together.agents.emplace();
    for (std::size_t i = 0; i < together.agents->size(); ++i)
      (*together.agents)[i] += (*row.agents_by_presence)[i];
  }
  for (std::size_t a = agents.begin; a < agents.end; ++a) {
    const engine::AgentRow& row = report.agents[a];
    if (!row.capacity || row.presence == engine::Presence::offline) continue;
    together.capacity = together.capacity.value_or(0) + *row.capacity;
    together.capacity_used += row.levels.open_conversations;
  }
  return together;
}

ScopeTogether scope_of(const engine::Report& report, const ShopRange& shops, std::size_t scope) {
  const std::size_t scopes = report.scopes->size();
  ScopeTogether together;
  for (std::size_t s = shops.begin; s < shops.end; ++s) {
    add(together.numbers, report.shop_scopes[s * scopes + scope]);
    raise(together.quantiles_ms, report.shop_quantiles[s * scopes + scope]);
  }
  return together;
}

std::uint64_t all_messages(const engine::ScopeNumbers& numbers) {
  return std::accumulate(numbers.messages.begin(), numbers.messages.end(), std::uint64_t{0});
}

std::optional<double> messages_per_minute(const engine::Report& report, const ShopRange& shops,
                                          const ScopeChoice& choice) {
  if (!choice.shortest) return std::nullopt;
  std::uint64_t messages = 0;
  for (std::size_t s = shops.begin; s < shops.end; ++s)
    messages += all_messages(report.shop_scopes[s * report.scopes->size() + *choice.shortest]);
  const std::chrono::duration<double, std::ratio<60>> minutes = choice.shortest_span;
  return static_cast<double>(messages) / minutes.count();
}

}  // namespace deskpulse::serve
