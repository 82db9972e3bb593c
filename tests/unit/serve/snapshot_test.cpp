#include "daemon/serve/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/serve/overview.hpp"
#include "daemon/serve/waiting_json.hpp"
#include "tests/unit/metrics/sample_report.hpp"

namespace deskpulse::serve {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using proto::Instant;

moment::Moment moment_of(engine::Report report) {
  moment::Moment moment;
  moment.at = Instant{1'700'000'002'000ms};
  moment.spans = {5min, 0ms};
  moment.report = std::move(report);
  moment.status.connected = true;
  moment.status.ever_connected = true;
  moment.status.stale = false;
  moment.status.lag = 400ms;
  moment.status.windows = {{"5m", true}, {"today", false}};
  moment.status.config.zone = "Asia/Shanghai";
  moment.status.config.targets = {{"oldest_wait_seconds", 180}, {"load", 1}};
  return moment;
}

json snapshot_of(const moment::Moment& moment, std::optional<std::size_t> shop = {},
                 const moment::WaitingPage* waiting = nullptr, const History& history = {}) {
  text::TextBuffer text;
  append_snapshot(moment, history, shop, waiting, text);
  EXPECT_EQ(text.view().find('\n'), std::string_view::npos);
  return json::parse(text.view());
}

TEST(Snapshot, SaysWhatItIsOfAndWhetherItIsLive) {
  const json out = snapshot_of(moment_of(metrics::small_report()));

  EXPECT_EQ(out["version"], 1);
  EXPECT_EQ(out["at"], 1'700'000'002'000);
  EXPECT_EQ(out["watermark"], 1'700'000'000'500);
  EXPECT_EQ(out["status"], json({{"state", "live"},
                                 {"stale", false},
                                 {"connected", true},
                                 {"lag_seconds", 0.4},
                                 {"incomplete", {"5m"}}}));
  EXPECT_EQ(out["windows"], json({"5m", "today"}));
  EXPECT_EQ(out["focus"], "5m");
  EXPECT_EQ(out["zone"], "Asia/Shanghai");
  EXPECT_EQ(out["targets"], json({{"oldest_wait_seconds", 180}, {"load", 1}}));
  EXPECT_TRUE(out["shop"].is_null());
}

TEST(Snapshot, OfOneShopHasItsNumbersAsTheReportHasThem) {
  engine::Report report = metrics::small_report();
  report.shops[0].agents_by_presence = {3, 1, 0};
  const json out = snapshot_of(moment_of(report), 0);

  EXPECT_EQ(out["shop"], json({{"shop", "tea"}, {"name", "Tea House"}, {"profile", "taobao"}}));
  const json& numbers = out["numbers"];
  EXPECT_EQ(numbers["waiting_customers"], 3);
  EXPECT_EQ(numbers["oldest_wait_seconds"], 61.5);
  EXPECT_EQ(numbers["open_conversations"], 12);
  EXPECT_EQ(numbers["capacity"], 8);
  EXPECT_EQ(numbers["agents"], json({{"online", 3}, {"busy", 1}, {"offline", 0}}));
  EXPECT_EQ(numbers["windows"]["5m"],
            json({{"messages",
                   {{"customer", 5},
                    {"human", 4},
                    {"assist", 1},
                    {"bot", 0},
                    {"auto", 2},
                    {"system", 0},
                    {"note", 1}}},
                  {"consulting_customers", 4},
                  {"received_customers", 4},
                  {"slow_turns", 2},
                  {"slow_customers", 1},
                  {"unanswered_customers", 3},
                  {"answered_turns", 5},
                  {"response_time_sum_seconds", 72.345},
                  {"response_time_max_seconds", 61.05},
                  {"response_time_seconds", {{"0.5", 6.6}, {"0.9", 40}, {"0.99", 61.0505}}},
                  {"first_responses", 2},
                  {"first_response_time_sum_seconds", 9},
                  {"judged_turns", 6},
                  {"timely_turns", 4},
                  {"peak_conversations", 12}}));
}

TEST(Snapshot, LeavesOutWhatIsUnknownOrHasNoDenominator) {
  engine::Report report = metrics::small_report();
  report.shops[0].agents_by_presence.reset();
  report.agents[0].capacity.reset();
  const json out = snapshot_of(moment_of(report), 0);

  EXPECT_FALSE(out["numbers"].contains("capacity"));
  EXPECT_FALSE(out["numbers"].contains("agents"));
  const json& today = out["numbers"]["windows"]["today"];
  EXPECT_EQ(today["answered_turns"], 0);
  EXPECT_FALSE(today.contains("response_time_max_seconds"));
  EXPECT_FALSE(today.contains("response_time_seconds"));
  const json& queue = out["agents"][1];
  EXPECT_EQ(queue["agent"], "unassigned");
  for (const char* const field : {"name", "group", "status", "capacity"})
    EXPECT_FALSE(queue.contains(field)) << field;
}

TEST(Snapshot, AnAgentThatOnlyEverWroteAsABotIsOne) {
  engine::Report report = metrics::small_report();
  auto& today = report.agent_scopes[report.scopes->size() - 1].messages;
  today = {};
  const auto bot_of = [&](std::uint64_t bot, std::uint64_t human, std::uint64_t assist) {
    auto& messages = report.agents[0].counters.messages;
    messages = {};
    messages[static_cast<std::size_t>(proto::From::bot)] = bot;
    messages[static_cast<std::size_t>(proto::From::human)] = human;
    messages[static_cast<std::size_t>(proto::From::assist)] = assist;
    return snapshot_of(moment_of(report), 0)["agents"][0].value("bot", false);
  };

  report.agents[0].presence.reset();
  EXPECT_TRUE(bot_of(7, 0, 0));
  EXPECT_FALSE(bot_of(0, 0, 0)) << "nobody knows yet";
  EXPECT_FALSE(bot_of(7, 1, 0));
  today[static_cast<std::size_t>(proto::From::bot)] = 1;
  EXPECT_TRUE(bot_of(0, 0, 0)) << "counters have begun anew since";
  today = {};
  EXPECT_FALSE(bot_of(7, 0, 1));
  report.agents[0].presence = engine::Presence::offline;
  EXPECT_FALSE(bot_of(7, 0, 0)) << "somebody who signs in";
}

TEST(Snapshot, OfSeveralShopsAddsUpAndTakesTheGreatestOfWhatHasNoSum) {
  engine::Report report = metrics::report_with_names({"tea", "coffee"});
  report.shops[0].levels.oldest_wait_ms = 90'000;
  report.shops[1].agents_by_presence = {1, 1, 1};
  report.shop_scopes[2].response_time_max_ms = 99'000;  // coffee, 5m
  report.shop_quantiles[2] = std::array{500.0, 9'000.0, 10'000.0};
  const json out = snapshot_of(moment_of(report));

  const json& numbers = out["numbers"];
  EXPECT_EQ(numbers["waiting_customers"], 6);
  EXPECT_EQ(numbers["oldest_wait_seconds"], 90);
  EXPECT_EQ(numbers["agents"], json({{"online", 1}, {"busy", 1}, {"offline", 1}}));
  const json& window = numbers["windows"]["5m"];
  EXPECT_EQ(window["messages"]["customer"], 10);
  EXPECT_EQ(window["slow_customers"], 2);
  EXPECT_EQ(window["response_time_sum_seconds"], 144.69);
  EXPECT_EQ(window["response_time_max_seconds"], 99);
  EXPECT_EQ(window["response_time_seconds"], json({{"0.5", 1}, {"0.9", 9}, {"0.99", 10}}));
  EXPECT_FALSE(window.contains("peak_conversations"));
  EXPECT_EQ(out["agents"].size(), 4U);
}

TEST(Snapshot, AMaximumWithoutAnswersIsNoMaximum) {
  engine::Report report = metrics::report_with_names({"tea", "coffee"});
  report.shop_scopes[0].answered_turns = 0;
  report.shop_scopes[0].response_time_max_ms = 999'000;
  const json out = snapshot_of(moment_of(report));

  EXPECT_EQ(out["numbers"]["windows"]["5m"]["response_time_max_seconds"], 61.05);
}

TEST(Snapshot, CapacityIsThatOfTheAgentsWhoAreNotOffline) {
  engine::Report report = metrics::report_with_names({"tea", "coffee"});
  for (engine::AgentRow& row : report.agents) row.capacity = 10;
  report.agents[0].presence = engine::Presence::offline;
  report.agents[1].presence = engine::Presence::busy;
  report.agents[3].capacity.reset();
  const json out = snapshot_of(moment_of(report));

  EXPECT_EQ(out["numbers"]["capacity"], 20);
  EXPECT_EQ(out["shops"][0]["capacity"], 10);
  EXPECT_EQ(out["agents"][1]["status"], "busy");
}

TEST(Snapshot, OneShopHasItsOwnAgentsAndStillAllShopsBesideIt) {
  const moment::Moment moment = moment_of(metrics::report_with_names({"tea", "coffee", "milk"}));
  const json out = snapshot_of(moment, 1);

  ASSERT_EQ(out["agents"].size(), 3U);
  for (const json& agent : out["agents"]) EXPECT_EQ(agent["shop"], "coffee");
  ASSERT_EQ(out["shops"].size(), 3U);
  EXPECT_EQ(out["shops"][2], json({{"shop", "milk"},
                                   {"profile", "default"},
                                   {"waiting_customers", 3},
                                   {"oldest_wait_seconds", 61.5},
                                   {"open_conversations", 12},
                                   {"messages_per_minute", 2.6},
                                   {"slow_customers", 1},
                                   {"consulting_customers", 4},
                                   {"unanswered_customers", 3},
                                   {"answered_turns", 5},
                                   {"response_time_sum_seconds", 72.345},
                                   {"response_time_p90_seconds", 2},
                                   {"unanswered_customers_today", 0},
                                   {"received_customers_today", 0}}));
}

TEST(Snapshot, AnAgentsRowIsOfTheFocus) {
  const json out = snapshot_of(moment_of(metrics::small_report()), 0);

  EXPECT_EQ(out["agents"][0], json({{"shop", "tea"},
                                    {"agent", "amy"},
                                    {"name", "Amy"},
                                    {"group", "night"},
                                    {"status", "online"},
                                    {"open_conversations", 9},
                                    {"capacity", 8},
                                    {"waiting_customers", 1},
                                    {"oldest_wait_seconds", 0.5},
                                    {"slow_customers", 1},
                                    {"answered_turns", 5},
                                    {"response_time_sum_seconds", 72.345}}));
}

TEST(Snapshot, HasTheHistoryOfWhatItShows) {
  moment::Moment moment = moment_of(metrics::report_with_names({"tea", "coffee"}));
  History history;
  history.take(moment);
  moment.at += 60s;
  moment.report.shops[0].levels.waiting_customers = 10;
  history.take(moment);

  const json all = snapshot_of(moment, {}, nullptr, history)["history"];
  const json tea = snapshot_of(moment, 0, nullptr, history)["history"];

  EXPECT_EQ(all["step_seconds"], 30);
  EXPECT_EQ(all["end"], 1'700'000'040'000);
  EXPECT_EQ(all["waiting_customers"], json({6, nullptr, 13}));
  EXPECT_EQ(tea["waiting_customers"], json({3, nullptr, 10}));
  EXPECT_EQ(tea["oldest_wait_seconds"], json({61.5, nullptr, 61.5}));
  for (const std::string_view line : kLineNames)
    EXPECT_EQ(all[std::string(line)].size(), 3U) << line;
}

TEST(Snapshot, BeforeAnyShopIsKnownIsEmptyAndWhole) {
  engine::Report report = metrics::small_report();
  report.watermark = {};
  report.directory = std::make_shared<const engine::Directory>();
  report.shops.clear();
  report.shop_scopes.clear();
  report.shop_quantiles.clear();
  report.agents.clear();
  report.agent_scopes.clear();
  moment::Moment moment = moment_of(report);
  moment.status = {};
  const json out = snapshot_of(moment);

  EXPECT_EQ(out["watermark"], 0);
  EXPECT_EQ(out["status"]["state"], "starting");
  EXPECT_FALSE(out["status"].contains("lag_seconds"));
  EXPECT_EQ(out["numbers"]["waiting_customers"], 0);
  EXPECT_EQ(out["numbers"]["windows"]["today"]["messages"]["customer"], 0);
  EXPECT_EQ(out["history"]["end"], 0);
  for (const char* const list : {"shops", "agents", "waiting"})
    EXPECT_EQ(out[list], json::array()) << list;
}

TEST(Snapshot, HostileNamesStayNames) {
  const std::vector<std::string> names = metrics::hostile_names();
  const json out = snapshot_of(moment_of(metrics::report_with_names(names)));

  ASSERT_EQ(out["shops"].size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(out["shops"][i]["shop"], names[i]);
  ASSERT_EQ(out["agents"].size(), names.size() * names.size());
}

TEST(FeedState, IsOneWordForEachReason) {
  moment::Status status;
  EXPECT_EQ(moment::feed_state(status), "starting");
  status.ever_connected = true;
  EXPECT_EQ(moment::feed_state(status), "disconnected");
  status.connected = true;
  EXPECT_EQ(moment::feed_state(status), "catching_up");
  status.silent = true;
  EXPECT_EQ(moment::feed_state(status), "silent");
  status.stale = false;
  EXPECT_EQ(moment::feed_state(status), "live");
}

TEST(ScopeChoice, TheFocusIsNearestToFiveMinutesAndTheRateOfTheShortest) {
  const std::vector<proto::Millis> spans{1h, 6min, 1min, 0ms};
  const ScopeChoice choice = choose_scopes(spans);

  EXPECT_EQ(choice.focus, 1U);
  EXPECT_EQ(choice.shortest, 2U);
  EXPECT_EQ(choice.today, 3U);
}

TEST(ScopeChoice, WithoutRollingWindowsTheFocusIsToday) {
  const std::vector<proto::Millis> spans{0ms};
  const ScopeChoice choice = choose_scopes(spans);

  EXPECT_EQ(choice.focus, 0U);
  EXPECT_EQ(choice.shortest, std::nullopt);
}

class WaitingListTest : public testing::Test {
 protected:
  WaitingListTest() {
    const auto row = [&](std::uint32_t agent, std::uint64_t customer, proto::Millis wait) {
      page.list.rows.push_back({.shop = 0,
                                .agent = agent,
                                .customer = {customer << 32, 1},
                                .since = moment.report.watermark - wait,
                                .is_slow = wait > 60s});
    };
    row(0, 0x5f3c09ab, 500ms);
    row(1, 0x00000007, 61'500ms);
    page.list.waiting_customers = 3;
  }
  json list(std::optional<std::size_t> limit = {}) {
    text::TextBuffer text;
    append_waiting_list(moment, page, limit, text);
    return json::parse(text.view());
  }

  moment::Moment moment = moment_of(metrics::small_report());
  moment::WaitingPage page;
};

TEST_F(WaitingListTest, IsLongestFirstWithTheNumberBeforeTheLimit) {
  const json out = list();

  EXPECT_EQ(out["version"], 1);
  EXPECT_EQ(out["watermark"], 1'700'000'000'500);
  EXPECT_EQ(out["status"]["state"], "live");
  EXPECT_EQ(out["waiting_customers"], 3);
  ASSERT_EQ(out["waiting"].size(), 2U);
  EXPECT_EQ(out["waiting"][0], json({{"shop", "tea"},
                                     {"agent", "unassigned"},
                                     {"customer", "#00000007"},
                                     {"since", 1'699'999'939'000},
                                     {"wait_seconds", 61.5},
                                     {"slow", true}}));
  EXPECT_EQ(out["waiting"][1]["customer"], "#5f3c09ab");
}

TEST_F(WaitingListTest, SaysNoMoreThanIsAskedForWhenThePageHasMore) {
  const json out = list(1);

  ASSERT_EQ(out["waiting"].size(), 1U);
  EXPECT_EQ(out["waiting"][0]["customer"], "#00000007");
  EXPECT_EQ(out["waiting_customers"], 3);
  EXPECT_EQ(list(0)["waiting"].size(), 0U);
}

TEST_F(WaitingListTest, TheSnapshotHasTwentyOfALongerPage) {
  for (int i = 0; i < 30; ++i) page.list.rows.push_back(page.list.rows[0]);

  EXPECT_EQ(snapshot_of(moment, 0, &page)["waiting"].size(), 20U);
  EXPECT_EQ(list()["waiting"].size(), 32U);
}

TEST_F(WaitingListTest, SaysTheIdsThatAreShownAndMasksThoseThatAreNotKnown) {
  page.customers = {"buyer-77", ""};
  const json out = list();

  EXPECT_EQ(out["waiting"][0]["customer"], "#00000007");
  EXPECT_EQ(out["waiting"][1]["customer"], "buyer-77");
}

TEST_F(WaitingListTest, TheSnapshotHasTheSameRows) {
  const json rows = list()["waiting"];

  EXPECT_EQ(snapshot_of(moment, 0, &page)["waiting"], rows);
}

}  // namespace
}  // namespace deskpulse::serve
