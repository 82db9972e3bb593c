#include "daemon/metrics/exposition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "daemon/metrics/report_collectable.hpp"
#include "daemon/metrics/text_serializer.hpp"
#include "tests/unit/metrics/exposition_checker.hpp"
#include "tests/unit/metrics/sample_report.hpp"

namespace deskpulse::metrics {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

std::string shops_text(const engine::Report& report) { return replay_text(report, false); }

std::string agents_text(const engine::Report& report) {
  Exposition exposition;
  text::TextBuffer text;
  exposition.append_agents(report, text);
  return std::string(text.view());
}

std::string through_collectable(const engine::Report& report, ReportCollectable::Part part) {
  return TextSerializer().Serialize(ReportCollectable(report, part).Collect());
}

std::set<std::string> values_of(const check::Page& page, const std::string& label) {
  std::set<std::string> values;
  for (const auto& sample : page.samples) {
    for (const auto& [name, value] : sample.labels) {
      if (name == label) values.insert(value);
    }
  }
  return values;
}

TEST(Exposition, TextOfASmallReportIsTheGoldenOne) {
  std::ifstream file(DESKPULSE_SAMPLES "/small_report.prom");
  const std::string golden{std::istreambuf_iterator<char>(file), {}};

  EXPECT_EQ(replay_text(small_report(), true), golden);
}

TEST(Exposition, EveryPageIsGoodExpositionFormat) {
  EXPECT_THAT(check::read_page(shops_text(small_report())).problems, IsEmpty());
  EXPECT_THAT(check::read_page(agents_text(small_report())).problems, IsEmpty());
  EXPECT_THAT(check::read_page(replay_text(small_report(), true)).problems, IsEmpty());
}

TEST(Exposition, SaysTheSameAsTheCollectable) {
  for (const engine::Report& report : {small_report(), report_with_names(hostile_names())}) {
    EXPECT_EQ(shops_text(report), through_collectable(report, ReportCollectable::Part::shops));
    EXPECT_EQ(agents_text(report), through_collectable(report, ReportCollectable::Part::agents));
  }
}

TEST(Exposition, HostileNamesSurviveTheRoundTrip) {
  const std::vector<std::string> names = hostile_names();
  const engine::Report report = report_with_names(names);

  const check::Page shops = check::read_page(shops_text(report));
  const check::Page agents = check::read_page(agents_text(report));

  EXPECT_THAT(shops.problems, IsEmpty());
  EXPECT_THAT(agents.problems, IsEmpty());
  EXPECT_THAT(values_of(shops, "shop"), UnorderedElementsAreArray(names));
  for (const char* label : {"shop", "agent", "name", "group"}) {
    EXPECT_THAT(values_of(agents, label), UnorderedElementsAreArray(names)) << label;
  }
}

TEST(Exposition, ANameCutInsideACharacterDoesNotSpoilThePage) {
  const check::Page page = check::read_page(shops_text(report_with_names({"客\xE5\xAE"})));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_THAT(values_of(page, "shop"), testing::ElementsAre("客\uFFFD\uFFFD"));
}

TEST(Exposition, RenamedAgentsAreShownFromTheNextReportOn) {
  engine::Report report = small_report();
  Exposition exposition;
  text::TextBuffer text;
  exposition.append_agents(report, text);
  engine::Directory directory = *report.directory;
  ++directory.version;
  directory.agents.push_back({0, "bob", "Bob", "day", false});
  directory.agents[0].name = "Amelie";
  report.directory = std::make_shared<const engine::Directory>(std::move(directory));
  report.agents.emplace_back().agent = 2;
  report.agent_scopes.resize(6);

  text.clear();
  exposition.append_agents(report, text);

  const check::Page page = check::read_page(text.view());
  EXPECT_EQ(page.value("deskpulse_agent_info",
                       {{"shop", "tea"}, {"agent", "amy"}, {"name", "Amelie"}, {"group", "night"}}),
            1);
  EXPECT_EQ(page.value("deskpulse_agent_open_conversations", {{"shop", "tea"}, {"agent", "bob"}}),
            0);
}

TEST(Exposition, TheQueueHasNoCustomersOfItsOwn) {
  const check::Page page = check::read_page(agents_text(small_report()));

  const auto of_queue = [&page](const std::string& name, const std::string& window) {
    return page.value("deskpulse_agent_" + name,
                      {{"shop", "tea"}, {"agent", "unassigned"}, {"window", window}});
  };
  EXPECT_EQ(of_queue("consulting_customers", "5m"), std::nullopt);
  EXPECT_EQ(of_queue("received_customers", "today"), std::nullopt);
  EXPECT_EQ(of_queue("unanswered_customers", "today"), std::nullopt);
  EXPECT_EQ(of_queue("unanswered_customers", "5m"), 0);
  EXPECT_EQ(of_queue("slow_turns", "today"), 2);
}

TEST(Exposition, AbsentIsNotZero) {
  engine::Report report = small_report();
  report.agents[0].capacity = 0;
  const check::Page shops = check::read_page(shops_text(report));
  const check::Page agents = check::read_page(agents_text(report));

  EXPECT_EQ(shops.value("deskpulse_shop_response_time_max_seconds",
                        {{"shop", "tea"}, {"window", "today"}}),
            std::nullopt);
  EXPECT_EQ(shops.value("deskpulse_shop_response_time_seconds",
                        {{"shop", "tea"}, {"window", "today"}, {"quantile", "0.9"}}),
            std::nullopt);
  EXPECT_EQ(shops.value("deskpulse_shop_answered_turns", {{"shop", "tea"}, {"window", "today"}}),
            0);
  EXPECT_EQ(agents.value("deskpulse_agent_capacity", {{"shop", "tea"}, {"agent", "amy"}}), 0);
  EXPECT_EQ(agents.value("deskpulse_agent_capacity", {{"shop", "tea"}, {"agent", "unassigned"}}),
            std::nullopt);
}

TEST(Exposition, AgentsShowTheRarerSendersThatTheyHave) {
  const check::Page agents = check::read_page(agents_text(small_report()));
  const check::Page shops = check::read_page(shops_text(small_report()));

  const auto total = [&agents](const char* agent, const char* from) {
    return agents.value("deskpulse_agent_messages_total",
                        {{"shop", "tea"}, {"agent", agent}, {"from", from}});
  };
  EXPECT_EQ(total("unassigned", "human"), 0);
  EXPECT_EQ(total("unassigned", "auto"), std::nullopt);
  EXPECT_EQ(total("amy", "auto"), 4);
  EXPECT_EQ(
      agents.value("deskpulse_agent_messages",
                   {{"shop", "tea"}, {"agent", "amy"}, {"window", "today"}, {"from", "auto"}}),
      0);
  EXPECT_EQ(shops.value("deskpulse_shop_messages_total", {{"shop", "tea"}, {"from", "system"}}), 0);
}

TEST(Exposition, AgentsShowASenderOfAWindowThoughCountersHaveBegunAnew) {
  engine::Report report = small_report();
  for (engine::AgentRow& row : report.agents) row.counters = {};
  report.agent_scopes[1].messages[static_cast<std::size_t>(proto::From::bot)] = 3;

  const check::Page page = check::read_page(agents_text(report));

  const auto in_window = [&page](const char* window, const char* from) {
    return page.value("deskpulse_agent_messages",
                      {{"shop", "tea"}, {"agent", "amy"}, {"window", window}, {"from", from}});
  };
  EXPECT_EQ(in_window("today", "bot"), 3);
  EXPECT_EQ(in_window("5m", "bot"), 0);
  EXPECT_EQ(in_window("today", "note"), std::nullopt);
  EXPECT_EQ(page.value("deskpulse_agent_messages_total",
                       {{"shop", "tea"}, {"agent", "amy"}, {"from", "bot"}}),
            0);
}

TEST(Exposition, CountersThatAreHiddenAreOnNoPageAndAllElseIs) {
  engine::Report report = small_report();
  const std::string shown = replay_text(report, true);
  report.hides_counters = true;

  const std::string hidden = replay_text(report, true);

  for (const char* const counters : {"_total", "_duration_seconds"}) {
    EXPECT_THAT(shown, testing::HasSubstr(counters));
    EXPECT_THAT(hidden, testing::Not(testing::HasSubstr(counters)));
  }
  EXPECT_THAT(check::read_page(hidden).problems, IsEmpty());
  EXPECT_TRUE(check::read_page(hidden).value(
      "deskpulse_shop_messages", {{"shop", "tea"}, {"window", "today"}, {"from", "human"}}));
}

TEST(Exposition, EveryFamilyIsExplainedInBothLanguages) {
  for (const auto& [family, help] : check::read_page(replay_text(small_report(), true)).helps) {
    const bool has_chinese =
        std::any_of(help.begin(), help.end(), [](char c) { return (c & 0x80) != 0; });
    EXPECT_TRUE(has_chinese) << family;
  }
}

}  // namespace
}  // namespace deskpulse::metrics
