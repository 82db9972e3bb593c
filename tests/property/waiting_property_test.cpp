// The list of waiting customers against the levels of the report, on random histories.
#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/engine/engine.hpp"
#include "tests/property/comparison.hpp"
#include "tests/property/flatten.hpp"
#include "tests/property/kept_image.hpp"

namespace deskpulse::property {
namespace {

using engine::WaitingList;
using engine::WaitingRow;
using engine::WaitingScope;

Difference differs(const WaitingScope& scope, const std::string& what, double list,
                   double expected) {
  return {what + " of the waiting customers of '" + scope.shop + "' '" + scope.agent + "'", list,
          expected};
}

/// The longest waits of a scope: the beginning of the whole list, sorted.
std::optional<Difference> beginning(engine::Engine& engine, const WaitingScope& scope,
                                    const WaitingList& sorted) {
  for (const std::size_t limit : {0U, 1U, 3U, 20U}) {
    WaitingList some;
    engine.waiting(scope, limit, some);
    if (some.waiting_customers != sorted.rows.size())
      return differs(scope, "number with a limit", static_cast<double>(some.waiting_customers),
                     static_cast<double>(sorted.rows.size()));
    const std::size_t expected = std::min(limit, sorted.rows.size());
    if (some.rows.size() != expected)
      return differs(scope, "length with a limit", static_cast<double>(some.rows.size()),
                     static_cast<double>(expected));
    for (std::size_t i = 0; i < expected; ++i) {
      // Which of several equal waits are within the limit is not said.
      if (some.rows[i].since == sorted.rows[i].since) continue;
      return differs(scope, "wait " + std::to_string(i),
                     static_cast<double>(some.rows[i].since.time_since_epoch().count()),
                     static_cast<double>(sorted.rows[i].since.time_since_epoch().count()));
    }
  }
  return std::nullopt;
}

std::optional<Difference> list_of(engine::Engine& engine, const WaitingScope& scope,
                                  const engine::Levels& levels) {
  WaitingList list;
  engine.waiting(scope, std::nullopt, list);
  if (list.rows.size() != levels.waiting_customers ||
      list.waiting_customers != levels.waiting_customers)
    return differs(scope, "length", static_cast<double>(list.rows.size()),
                   levels.waiting_customers);
  std::sort(list.rows.begin(), list.rows.end(), engine::waits_longer);
  const double oldest =
      list.rows.empty() ? 0 : static_cast<double>((engine.now() - list.rows.front().since).count());
  if (oldest != static_cast<double>(levels.oldest_wait_ms))
    return differs(scope, "oldest", oldest, static_cast<double>(levels.oldest_wait_ms));
  for (const WaitingRow& row : list.rows)
    if (!engine.is_waiting(row.customer)) return differs(scope, "someone not waiting", 0, 1);
  return beginning(engine, scope, list);
}

std::optional<Difference> lists(engine::Engine& engine, const engine::Report& report) {
  engine::Levels all;
  for (const engine::ShopRow& row : report.shops) {
    const std::string& shop = report.directory->shops[row.shop].id;
    if (auto difference = list_of(engine, {shop, ""}, row.levels)) return difference;
    all.waiting_customers += row.levels.waiting_customers;
    all.oldest_wait_ms = std::max(all.oldest_wait_ms, row.levels.oldest_wait_ms);
  }
  for (const engine::AgentRow& row : report.agents) {
    const engine::Directory::Agent& agent = report.directory->agents[row.agent];
    const std::string& shop = report.directory->shops[agent.shop].id;
    if (auto difference = list_of(engine, {shop, agent.id}, row.levels)) return difference;
  }
  return list_of(engine, {}, all);
}

std::optional<Failure> compare(const History& history) {
  auto engine = std::make_unique<engine::Engine>(settings_of(history.rules));
  engine::Report report;
  for (std::size_t i = 0; i <= history.steps.size(); ++i) {
    const bool is_end = i == history.steps.size();
    if (!is_end && history.steps[i].what == Step::What::act) {
      engine->apply(history.steps[i].act.event());
      continue;
    }
    if (!is_end && history.steps[i].what == Step::What::advance) {
      engine->advance(instant(history.steps[i].at));
      continue;
    }
    if (!is_end && history.steps[i].what == Step::What::change_rules) {
      engine = restarted(*engine, settings_of(history.later_rules[history.steps[i].rules]));
      if (!engine) return refuses_its_image(i, report.watermark.time_since_epoch().count());
      continue;
    }
    engine->report(report);
    if (auto difference = lists(*engine, report)) {
      return Failure{i, report.watermark.time_since_epoch().count(), *difference};
    }
  }
  return std::nullopt;
}

TEST(Engine, ListsExactlyTheWaitingCustomersOnRandomHistories) {
  EXPECT_TRUE(agree_on_histories(random_history, compare, histories_to_try()));
}

}  // namespace
}  // namespace deskpulse::property
