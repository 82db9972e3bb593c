// The engine with tables that are far too small, against the recount that has room for everything:
// what is known stays exact, and what is not is in the totals.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "daemon/engine/engine.hpp"
#include "tests/property/comparison.hpp"
#include "tests/property/flatten.hpp"
#include "tests/property/kept_image.hpp"

namespace deskpulse::property {
namespace {

constexpr Time kForever = 36'500 * kDay;

/// The value of a label; none where the series has no such label.
std::optional<std::string> label_of(const std::string& series, const std::string& label) {
  const std::string before = label + "=\"";
  const std::size_t at = series.find(before);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + before.size();
  return series.substr(begin, series.find('"', begin) - begin);
}

std::string with_label(std::string series, const std::string& label, const std::string& value) {
  const std::size_t begin = series.find(label + "=\"") + label.size() + 2;
  return series.replace(begin, series.find('"', begin) - begin, value);
}

bool contains(const std::string& series, std::initializer_list<const char*> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* part) { return series.find(part) != std::string::npos; });
}

/// Numbers of several shops that may be added up.
bool adds_up_over_shops(const std::string& series) {
  return !contains(series, {"_max_", "peak_", "oldest_", "quantile", "shop_agents"});
}

/// The same of agents: not where a customer of two of them is one customer of both, nor counters,
/// which disappear with an agent that is silent.
bool adds_up_over_agents(const std::string& series) {
  return adds_up_over_shops(series) &&
         !contains(series, {"_total", "consulting_", "received_", "slow_customers", "unanswered_",
                            "info", "status", "capacity"});
}

/// Who has a row of its own, as the directory says.
struct Known {
  explicit Known(const engine::Directory& directory) {
    for (const auto& shop : directory.shops)
      if (shop.id != engine::kOtherId) shops.insert(shop.id);
    for (const auto& agent : directory.agents)
      if (agent.id != engine::kOtherId) agents.insert({directory.shops[agent.shop].id, agent.id});
  }
  bool has_shop(const std::string& series) const {
    return shops.contains(*label_of(series, "shop"));
  }
  bool has_row(const std::string& series) const {
    const std::string shop = *label_of(series, "shop");
    const auto agent = label_of(series, "agent");
    return shops.contains(shop) && (!agent || agents.contains({shop, *agent}));
  }

  std::set<std::string> shops;
  std::set<std::pair<std::string, std::string>> agents;
};

/// What the recount's series of the unknown make together under the labels `_other`.
Series others_of(const Series& recount, const Known& known) {
  Series others;
  for (const auto& [series, value] : recount) {
    if (known.has_row(series)) continue;
    if (!label_of(series, "agent")) {
      if (adds_up_over_shops(series)) others[with_label(series, "shop", "_other")] += value;
    } else if (known.has_shop(series) && adds_up_over_agents(series)) {
      others[with_label(series, "agent", "_other")] += value;
    }
  }
  return others;
}

/// A number of `_other` that is on one side only is as good as 0.
std::optional<Difference> other_difference(const Series& engine, const Series& recount) {
  Series all = engine;
  all.insert(recount.begin(), recount.end());
  const auto value_in = [](const Series& side, const std::string& series) {
    const auto found = side.find(series);
    return found == side.end() ? 0.0 : found->second;
  };
  for (const auto& entry : all) {
    const std::string& series = entry.first;
    const double left = value_in(engine, series);
    const double right = value_in(recount, series);
    // Sums of seconds are added in another order.
    if (std::abs(left - right) > 1e-6) return Difference{series, left, right};
  }
  return std::nullopt;
}

std::optional<Difference> difference_with(const engine::Report& report, const Series& recount) {
  const Known known(*report.directory);
  Series exact, expected, others;
  for (const auto& [series, value] : flatten(report)) {
    const bool is_shop = !label_of(series, "agent");
    if (known.has_row(series)) {
      if (!contains(series, {"shop_agents"})) exact[series] = value;
    } else if (is_shop ? adds_up_over_shops(series)
                       : known.has_shop(series) && adds_up_over_agents(series)) {
      others[series] = value;
    }
  }
  for (const auto& [series, value] : recount)
    if (known.has_row(series) && !contains(series, {"shop_agents"})) expected[series] = value;
  if (auto difference = first_difference(exact, expected)) return difference;
  return other_difference(others, others_of(recount, known));
}

/// Runs a history with these limits, saving and loading now and then, and looks at every report.
std::optional<Failure> run(History history, const engine::Limits& limits,
                           const std::function<std::optional<Difference>(
                               engine::Engine&, const engine::Report&, const Recount&)>& judge) {
  history.rules.agent_idle = kForever;
  for (Rules& later : history.later_rules) later.agent_idle = kForever;
  const Rules* rules = &history.rules;
  const auto small = [&] {
    engine::Settings settings = settings_of(*rules);
    settings.limits = limits;
    settings.limits.agent_idle = proto::Millis{kForever};
    return settings;
  };
  auto engine = std::make_unique<engine::Engine>(small());
  engine::Report report;
  Recount recount(history.rules);
  for (std::size_t i = 0; i <= history.steps.size(); ++i) {
    const bool is_end = i == history.steps.size();
    if (!is_end && history.steps[i].what == Step::What::act) {
      engine->apply(history.steps[i].act.event());
      recount.apply(history.steps[i].act.event());
      if (history.steps[i].act.ts % 7 != 0) continue;
      const Bytes image = image_of(*engine);
      engine = restarted(*engine, small());
      if (!engine || image_of(*engine) != image) return refuses_its_image(i, recount.now());
      continue;
    }
    if (!is_end && history.steps[i].what == Step::What::change_rules) {
      rules = &history.later_rules[history.steps[i].rules];
      engine = restarted(*engine, small());
      recount.change_rules(*rules);
      if (!engine) return refuses_its_image(i, recount.now());
      continue;
    }
    if (!is_end && history.steps[i].what == Step::What::advance) {
      engine->advance(instant(history.steps[i].at));
      recount.advance(history.steps[i].at);
      continue;
    }
    engine->report(report);
    if (auto difference = judge(*engine, report, recount))
      return Failure{i, recount.now(), *difference};
  }
  return std::nullopt;
}

TEST(Limits, WhoIsKnownStaysExactAndTheRestIsInTheTotals) {
  for (const std::uint32_t agents : {1U, 2U}) {
    const engine::Limits limits{.agents = agents, .shops = 1};
    EXPECT_TRUE(agree_on_histories(
        random_history,
        [&](const History& history) {
          return run(history, limits,
                     [](engine::Engine&, const engine::Report& report, const Recount& recount) {
                       return difference_with(report, recount.series());
                     });
        },
        histories_to_try() / 10))
        << agents << " agents";
  }
}

TEST(Limits, WithTooFewConversationsMessagesAreExactAndWaitingIsWhatIsListed) {
  const engine::Limits limits{.conversations = 2};
  const auto judge = [](engine::Engine& engine, const engine::Report& report,
                        const Recount& recount) -> std::optional<Difference> {
    const Series expected = recount.series();
    const Series actual = flatten(report);
    if (report.limits[0].exceeded == 0) return first_difference(actual, expected);
    const auto messages_in = [](const Series& all) {
      Series messages;
      for (const auto& [series, value] : all)
        if (series.starts_with("deskpulse_shop_messages")) messages[series] = value;
      return messages;
    };
    if (auto difference = first_difference(messages_in(actual), messages_in(expected)))
      return difference;
    if (report.conversations > 2)
      return Difference{"conversations", static_cast<double>(report.conversations), 2};
    std::size_t waiting = 0;
    for (const engine::ShopRow& row : report.shops) waiting += row.levels.waiting_customers;
    engine::WaitingList list;
    engine.waiting({}, std::nullopt, list);
    if (list.rows.size() != waiting)
      return Difference{"waiting", static_cast<double>(list.rows.size()),
                        static_cast<double>(waiting)};
    return std::nullopt;
  };
  EXPECT_TRUE(agree_on_histories(
      random_history, [&](const History& history) { return run(history, limits, judge); },
      histories_to_try() / 4));
}

}  // namespace
}  // namespace deskpulse::property
