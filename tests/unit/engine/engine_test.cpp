// The engine from outside, for what golden conversations and the recount do not reach. What each
// number is, is shown by proto/conversations/ and proved by tests/property/.
#include "daemon/engine/engine.hpp"

#include <gtest/gtest.h>

#include <string>

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;
using proto::Event;
using proto::From;
using proto::Type;

const Instant kMorning{20'000 * 24h + 2h};  // 10:00 in Shanghai

class EngineTest : public testing::Test {
 protected:
  explicit EngineTest(Settings settings = {}) : engine(std::move(settings)) {}

  void message(Instant at, std::uint64_t customer, From from, std::string_view agent = "amy",
               std::string_view shop = "shop") {
    Event event;
    event.type = Type::message;
    event.from = from;
    event.ts = at;
    event.shop = shop;
    event.agent = agent;
    event.customer_key = {customer, customer * 77};
    engine.apply(event);
  }
  void close(Instant at, std::uint64_t customer) {
    Event event;
    event.type = Type::close;
    event.ts = at;
    event.shop = "shop";
    event.customer_key = {customer, customer * 77};
    engine.apply(event);
  }
  const Report& report() {
    engine.report(last);
    return last;
  }
  /// The row of an agent that is in the report; null otherwise.
  const AgentRow* agent(std::string_view id) {
    report();
    for (const AgentRow& row : last.agents)
      if (last.directory->agents[row.agent].id == id) return &row;
    return nullptr;
  }
  const ScopeNumbers& shop_scope(std::size_t scope) { return report().shop_scopes[scope]; }

  Engine engine;
  Report last;
};

TEST_F(EngineTest, AnEarlierTimeThanNowIsIgnored) {
  engine.advance(kMorning);
  engine.advance(kMorning - 1h);

  EXPECT_EQ(engine.now(), kMorning);
}

TEST_F(EngineTest, ADeadlineFiresWhenTimePassesItAndNotAtIt) {
  message(kMorning, 1, From::customer);

  engine.advance(kMorning + 60s);
  EXPECT_EQ(shop_scope(1).slow_turns, 0U);
  engine.advance(kMorning + 60s + 1ms);
  EXPECT_EQ(shop_scope(1).slow_turns, 1U);
}

TEST_F(EngineTest, AnAgentSilentForADayLeavesAndItsCountersComeBackWithIt) {
  message(kMorning, 1, From::customer);
  message(kMorning + 10s, 1, From::human);
  // The session's end, ten minutes after the last word, is the last that changes anything.
  const Instant last_change = kMorning + 10s + 10min;

  engine.advance(last_change + 24h - 1ms);
  EXPECT_NE(agent("amy"), nullptr);
  engine.advance(last_change + 24h);
  EXPECT_EQ(agent("amy"), nullptr);
  EXPECT_EQ(report().shops[0].counters.messages[0], 1U);

  message(last_change + 30h, 2, From::customer);
  ASSERT_NE(agent("amy"), nullptr);
  EXPECT_EQ(agent("amy")->counters.messages[0], 2U);
}

// Its windows' memory was given back while some of its numbers were still being gathered.
TEST_F(EngineTest, AnAgentThatLeftComesBackByItsStatusAlone) {
  message(kMorning, 1, From::customer);
  message(kMorning + 2s, 1, From::human);
  message(kMorning + 70s, 1, From::customer);
  engine.advance(kMorning + 30h);
  EXPECT_EQ(agent("amy"), nullptr);

  Event status;
  status.type = Type::agent_status;
  status.shop = "shop";
  status.agent = "amy";
  status.ts = kMorning + 30h;
  engine.apply(status);

  ASSERT_NE(agent("amy"), nullptr);
  EXPECT_EQ(last.agent_scopes.back().messages[0], 0U);
  EXPECT_EQ(agent("amy")->counters.messages[0], 2U);
}

TEST_F(EngineTest, AForgottenConversationIsGivenBackAndItsCustomerIsNew) {
  message(kMorning, 1, From::customer);
  message(kMorning + 1s, 1, From::human);
  for (int day = 1; day <= 5; ++day)
    for (std::uint64_t n = 0; n < 5; ++n)
      message(kMorning + day * 24h, 100 + n, From::human, "bob");

  EXPECT_EQ(report().conversations, 5U);
  message(kMorning + 5 * 24h, 1, From::customer, "");
  // Nobody remembers amy's customer: it waits in the queue.
  ASSERT_NE(agent("unassigned"), nullptr);
  EXPECT_EQ(agent("unassigned")->levels.waiting_customers, 1U);
}

// One message each, as when a robot greets everyone: nothing else is there to clean up by.
TEST_F(EngineTest, WhatIsKeptOfCustomersWhoNeverComeBackDoesNotGrowFromDayToDay) {
  std::uint64_t customer = 0;
  for (int day = 0; day < 40; ++day)
    for (int n = 0; n < 200; ++n) message(kMorning + day * 24h + n * 1s, ++customer, From::bot);

  EXPECT_LE(report().conversations, 4U * 200U);
}

TEST_F(EngineTest, IndicesOfShopsAndAgentsStayWhatTheyWere) {
  message(kMorning, 1, From::customer, "amy", "one");
  const auto before = report().directory;
  message(kMorning, 1, From::customer, "bob", "two");
  message(kMorning, 2, From::customer, "cat", "one");
  const auto after = report().directory;

  ASSERT_GT(after->version, before->version);
  for (std::size_t i = 0; i < before->agents.size(); ++i)
    EXPECT_EQ(after->agents[i].id, before->agents[i].id);
  // Rows are ordered by shop, whenever their agents appeared.
  std::string order;
  for (const AgentRow& row : report().agents) order += after->agents[row.agent].id + " ";
  EXPECT_EQ(order, "amy cat bob ");
}

TEST_F(EngineTest, NamesAreTheSameObjectUntilOneChanges) {
  message(kMorning, 1, From::customer);
  const auto before = report().directory;
  message(kMorning + 1s, 1, From::human);

  EXPECT_EQ(report().directory, before);
}

/// Where days are not of 24 hours: New York in 2026, Samoa in 2011, Casey Station in 2010.
Settings in_zone(std::chrono::seconds initial, Instant change, std::chrono::seconds later) {
  Settings settings;
  settings.windows = {{"1m", 1min}, {"1d", 24h}};
  settings.calendar = Calendar(initial, {{change, later}}, 0h);
  return settings;
}
constexpr std::size_t k1d = 1;
constexpr std::size_t kToday = 2;

const Instant kSpring{std::chrono::sys_days{std::chrono::year{2026} / 3 / 8}.time_since_epoch()};
class DayOf23HoursTest : public EngineTest {
 protected:
  DayOf23HoursTest() : EngineTest(in_zone(-5h, kSpring + 7h, -4h)) {}
  const Instant begin = kSpring + 5h;
  const Instant end = begin + 23h;
};

TEST_F(DayOf23HoursTest, WhoWroteBeforeItIsOneCustomerOfTheLastDay) {
  message(begin - 2s, 1, From::customer);
  message(begin - 1s, 1, From::human);
  close(begin - 1s, 1);
  message(end, 1, From::customer);

  EXPECT_EQ(report().shop_scopes[k1d].consulting_customers, 1U);
  EXPECT_EQ(report().agent_scopes[k1d].consulting_customers, 1U);
  EXPECT_EQ(report().shop_scopes[kToday].consulting_customers, 1U);
}

TEST_F(DayOf23HoursTest, WhoIsAnsweredAfterItIsNotUnansweredInTheLastDay) {
  message(begin - 2s, 1, From::customer);
  close(begin - 1s, 1);
  EXPECT_EQ(report().shop_scopes[k1d].unanswered_customers, 1U);
  message(end, 1, From::customer);
  message(end + 1s, 1, From::human);

  EXPECT_EQ(report().shop_scopes[k1d].unanswered_customers, 0U);
}

TEST_F(DayOf23HoursTest, AQuestionThatIsADayLateWasAnsweredAllTheSame) {
  message(begin - 5s, 1, From::customer);
  message(begin - 1s, 1, From::human);
  close(begin - 1s, 1);
  engine.advance(end + 59min);
  message(begin - 3s, 1, From::customer);

  EXPECT_EQ(report().shops[0].counters.turns[static_cast<std::size_t>(Outcome::unanswered)], 0U);
}

TEST_F(DayOf23HoursTest, WhoIsInNoWindowAnyMoreIsForgotten) {
  message(begin - 2s, 1, From::customer);
  message(begin - 1s, 1, From::human);
  close(begin - 1s, 1);
  message(begin + 24h, 1, From::customer, "");

  ASSERT_NE(agent("unassigned"), nullptr);
  EXPECT_EQ(agent("unassigned")->levels.waiting_customers, 1U);
}

const Instant kDateLine{
    std::chrono::sys_days{std::chrono::year{2011} / 12 / 30}.time_since_epoch()};
class SkippedDateTest : public EngineTest {
 protected:
  SkippedDateTest() : EngineTest(in_zone(-10h, kDateLine + 10h, 14h)) {}
  const Instant jump = kDateLine + 10h;
};

TEST_F(SkippedDateTest, WhoWroteBeforeTheJumpIsOneCustomerOfTheLastMinute) {
  message(jump - 10s, 1, From::customer);
  message(jump - 5s, 1, From::human);
  close(jump - 5s, 1);
  message(jump + 10s, 1, From::customer, "");

  EXPECT_EQ(report().shop_scopes[0].consulting_customers, 1U);
  EXPECT_EQ(agent("amy")->levels.waiting_customers, 1U);
}

TEST_F(SkippedDateTest, TheDateIsNoBusinessDayOfWhatIsRemembered) {
  message(jump - 10s, 1, From::customer);
  message(jump - 5s, 1, From::human);
  close(jump - 5s, 1);
  message(jump + 24h - 1ms, 1, From::customer, "");

  ASSERT_NE(agent("amy"), nullptr);
  EXPECT_EQ(agent("amy")->levels.waiting_customers, 1U);
}

class DayOf27HoursTest : public EngineTest {
 protected:
  static Settings settings() {
    Settings settings = in_zone(11h, Instant{20'000 * 24h + 15h}, 8h);
    settings.limits.agent_idle = 1h;
    return settings;
  }
  DayOf27HoursTest() : EngineTest(settings()) {}
  const Instant begin{20'000 * 24h - 11h + 24h};
  const Instant end = begin + 27h;
};

TEST_F(DayOf27HoursTest, AnAgentStaysInTheReportAsLongAsTheDaySpeaksOfIt) {
  message(begin, 1, From::human);
  close(begin, 1);
  engine.advance(end - 1ms);
  ASSERT_NE(agent("amy"), nullptr);
  EXPECT_EQ(last.agent_scopes[kToday].messages[1], 1U);
  engine.advance(end);

  EXPECT_EQ(agent("amy"), nullptr);
}

TEST_F(DayOf27HoursTest, AnAgentIsNotForgottenWhileTheDaySpeaksOfIt) {
  message(begin, 1, From::human);
  close(begin, 1);
  message(end - 1ms, 2, From::human);

  ASSERT_NE(agent("amy"), nullptr);
  EXPECT_EQ(last.agent_scopes[kToday].messages[1], 2U);
  EXPECT_EQ(agent("amy")->counters.messages[1], 2U);
}

class ConfiguredEngineTest : public EngineTest {
 protected:
  ConfiguredEngineTest()
      : EngineTest([] {
          Settings settings;
          ShopSettings shop;
          shop.id = "shop";
          shop.agents = {{.id = "amy", .name = "Amy", .group = "presale", .capacity = 8}};
          settings.shops.push_back(shop);
          return settings;
        }()) {}
};

TEST_F(ConfiguredEngineTest, ConfiguredShopsAndAgentsExistFromTheStartAndNeverLeave) {
  ASSERT_NE(agent("amy"), nullptr);
  EXPECT_EQ(agent("amy")->capacity, 8U);
  engine.advance(kMorning);
  engine.advance(kMorning + 100 * 24h);

  EXPECT_NE(agent("amy"), nullptr);
  EXPECT_EQ(agent("unassigned"), nullptr);
}

TEST_F(ConfiguredEngineTest, AStatusThatArrivesLateDoesNotUndoANewerOne) {
  Event status;
  status.type = Type::agent_status;
  status.shop = "shop";
  status.agent = "amy";
  status.ts = kMorning + 10s;
  status.capacity = 5;
  status.name = "Amy Li";
  engine.apply(status);
  status.ts = kMorning;
  status.capacity = 3;
  status.name = "old";
  engine.apply(status);

  EXPECT_EQ(agent("amy")->capacity, 5U);
  EXPECT_EQ(last.directory->agents[agent("amy")->agent].name, "Amy Li");
}

}  // namespace
}  // namespace deskpulse::engine
