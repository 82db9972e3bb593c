// What the engine does when its tables are full.
#include <gtest/gtest.h>

#include <string>

#include "daemon/engine/engine.hpp"
#include "tests/property/kept_image.hpp"

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;
using property::image_of;
using property::load_image;
using proto::Event;
using proto::From;
using proto::Type;

const Instant kMorning{20'000 * 24h + 2h};  // 10:00 in Shanghai
constexpr std::size_t kConversations = 0;
constexpr std::size_t kAgents = 1;
constexpr std::size_t kShops = 2;
constexpr std::size_t kScopes = 6;  // five windows and today

Settings with_limits(Limits limits) {
  Settings settings;
  settings.limits = limits;
  return settings;
}

struct Desk {
  explicit Desk(Limits limits) : engine(with_limits(limits)) {}

  void message(Instant at, std::uint64_t customer, From from, std::string_view agent = "amy",
               std::string_view shop = "shop") {
    engine.apply(event(Type::message, at, customer, from, agent, shop));
  }
  void assign(Instant at, std::uint64_t customer, std::string_view agent) {
    engine.apply(event(Type::assign, at, customer, From::unknown, agent, "shop"));
  }
  static Event event(Type type, Instant at, std::uint64_t customer, From from,
                     std::string_view agent, std::string_view shop) {
    Event event;
    event.type = type;
    event.from = from;
    event.ts = at;
    event.shop = shop;
    event.agent = agent;
    event.customer_key = {customer, customer * 0x9e37'79b9'7f4a'7c15U};
    return event;
  }

  const Report& report() {
    engine.report(last);
    return last;
  }
  const AgentRow* agent(std::string_view id, std::string_view shop = "shop") {
    report();
    for (const AgentRow& row : last.agents) {
      const Directory::Agent& names = last.directory->agents[row.agent];
      if (names.id == id && last.directory->shops[names.shop].id == shop) return &row;
    }
    return nullptr;
  }
  std::uint64_t messages_of(std::string_view id) {
    const AgentRow* row = agent(id);
    return row == nullptr ? 0 : row->counters.messages[0] + row->counters.messages[1];
  }

  Engine engine;
  Report last;
};

TEST(Limits, AgentsBeyondAreOneRowAndKnownOnesStayRight) {
  Desk desk({.agents = 2});
  desk.message(kMorning, 1, From::customer, "amy");
  desk.message(kMorning, 2, From::customer, "bob");
  for (std::uint64_t n = 0; n < 1'000; ++n)
    desk.message(kMorning + 1s, 100 + n, From::customer, "extra " + std::to_string(n));
  desk.message(kMorning + 5s, 1, From::human, "amy");

  EXPECT_EQ(desk.messages_of("amy"), 2U);
  EXPECT_EQ(desk.messages_of("bob"), 1U);
  EXPECT_EQ(desk.messages_of("_other"), 1'000U);
  EXPECT_EQ(desk.agent("_other")->levels.waiting_customers, 1'000U);
  EXPECT_EQ(desk.agent("amy")->levels.waiting_customers, 0U);
  EXPECT_EQ(desk.last.shops[0].counters.messages[0], 1'002U);
  EXPECT_EQ(desk.last.directory->agents.size(), 4U);  // and the queue
  EXPECT_EQ(desk.last.limits[kAgents].name, "agents");
  EXPECT_EQ(desk.last.limits[kAgents].used, 2U);
  EXPECT_EQ(desk.last.limits[kAgents].limit, 2U);
  EXPECT_EQ(desk.last.limits[kAgents].exceeded, 1'000U);
  EXPECT_EQ(desk.last.incomplete_until, Instant{});
}

TEST(Limits, AConversationTellsAgentsBeyondTheLimitApart) {
  Desk desk({.agents = 1});
  desk.message(kMorning, 1, From::customer, "amy");
  desk.message(kMorning, 2, From::customer, "bob");
  desk.assign(kMorning + 10s, 2, "bob");
  EXPECT_EQ(desk.report().shops[0].counters.turns[3], 0U);

  desk.assign(kMorning + 20s, 2, "cat");

  EXPECT_EQ(desk.report().shops[0].counters.turns[3], 1U);
  EXPECT_EQ(desk.agent("_other")->counters.turns[3], 1U);
  // Cat's own time runs since it has the customer.
  desk.message(kMorning + 25s, 2, From::human, "cat");
  EXPECT_EQ(desk.agent("_other")->levels.waiting_customers, 0U);
  const auto row = static_cast<std::size_t>(desk.agent("_other") - desk.last.agents.data());
  EXPECT_EQ(desk.last.agent_scopes[row * kScopes].response_time_sum_ms, 5'000);
  EXPECT_EQ(desk.last.shop_scopes[0].response_time_sum_ms, 25'000);
}

TEST(Limits, AnAgentThatWasIdleForTwoDaysBeginsAnew) {
  Desk desk({});
  desk.message(kMorning, 1, From::customer);
  desk.message(kMorning + 1s, 1, From::human);
  // Its last sign is the end of the session, ten minutes later.
  const Instant idle = kMorning + 1s + 10min + 48h;

  Desk other({});
  ASSERT_TRUE(load_image(other.engine, image_of(desk.engine)).ok);
  desk.message(idle - 1ms, 2, From::customer);
  other.message(idle, 2, From::customer);

  EXPECT_EQ(desk.messages_of("amy"), 3U);
  EXPECT_EQ(other.messages_of("amy"), 1U);
  EXPECT_EQ(other.report().shops[0].counters.messages[0], 2U);
}

TEST(Limits, AnIdleAgentsPlaceIsUsedAgain) {
  Desk desk({.agents = 2});
  desk.message(kMorning, 1, From::system, "amy");
  desk.message(kMorning, 1, From::system, "bob", "other shop");
  const auto before = desk.report().directory;

  desk.message(kMorning + 48h, 2, From::customer, "cat");

  EXPECT_EQ(desk.messages_of("cat"), 1U);
  EXPECT_EQ(desk.agent("amy"), nullptr);
  EXPECT_EQ(desk.last.directory->agents.size(), before->agents.size());
  EXPECT_GT(desk.last.directory->version, before->version);
  EXPECT_EQ(desk.last.limits[kAgents].exceeded, 0U);
  desk.message(kMorning + 48h, 3, From::customer, "dan");
  desk.message(kMorning + 48h, 4, From::customer, "eve");  // nobody is idle any more
  EXPECT_EQ(desk.messages_of("dan"), 1U);
  EXPECT_EQ(desk.messages_of("_other"), 1U);
}

TEST(Limits, AnAgentWhoseCustomersAreRememberedKeepsItsPlace) {
  Desk desk({.agents = 1});
  desk.message(kMorning, 1, From::customer, "amy");
  desk.message(kMorning + 1s, 1, From::human, "amy");
  // By a word of nobody's the customer stays remembered while amy is idle.
  desk.engine.advance(kMorning + 30h);
  Event late = Desk::event(Type::assign, kMorning, 1, From::unknown, "", "shop");
  desk.engine.apply(late);

  desk.message(kMorning + 60h, 2, From::customer, "bob");
  EXPECT_EQ(desk.agent("bob"), nullptr);
  EXPECT_EQ(desk.messages_of("_other"), 1U);
  // The customer still knows amy, who knows nothing any more.
  desk.message(kMorning + 61h, 1, From::customer, "");
  ASSERT_NE(desk.agent("amy"), nullptr);
  EXPECT_EQ(desk.messages_of("amy"), 1U);
}

TEST(Limits, ShopsBeyondAreOneShopWithOneAgentAndTheQueue) {
  Desk desk({.shops = 1});
  desk.message(kMorning, 1, From::customer, "amy", "shop");
  desk.message(kMorning, 2, From::customer, "amy", "second");
  desk.message(kMorning, 3, From::customer, "bob", "third");
  desk.message(kMorning, 4, From::customer, "", "third");

  const Report& report = desk.report();
  ASSERT_EQ(report.shops.size(), 2U);
  EXPECT_EQ(report.directory->shops[1].id, "_other");
  EXPECT_EQ(report.shops[1].levels.waiting_customers, 3U);
  EXPECT_EQ(report.shop_scopes[kScopes].consulting_customers, 3U);
  EXPECT_EQ(desk.agent("_other", "_other")->levels.waiting_customers, 2U);
  EXPECT_EQ(desk.agent("unassigned", "_other")->levels.waiting_customers, 1U);
  EXPECT_EQ(desk.agent("amy", "_other"), nullptr);
  EXPECT_EQ(desk.last.limits[kShops].used, 1U);
  EXPECT_EQ(desk.last.limits[kShops].exceeded, 3U);
  EXPECT_EQ(desk.last.limits[kAgents].exceeded, 0U);
}

TEST(Limits, AShopThatThereIsRoomForAtLastBeginsAnew) {
  Desk desk({.shops = 1});
  desk.message(kMorning, 1, From::customer, "amy", "shop");
  desk.message(kMorning, 2, From::customer, "amy", "second");

  Desk larger({.shops = 2});
  ASSERT_TRUE(load_image(larger.engine, image_of(desk.engine)).ok);
  larger.message(kMorning + 5s, 2, From::customer, "amy", "second");

  EXPECT_EQ(larger.agent("amy", "second")->levels.waiting_customers, 1U);
  EXPECT_EQ(larger.agent("_other", "_other")->levels.waiting_customers, 0U);
  EXPECT_EQ(larger.report().conversations, 2U);
  Desk again({.shops = 2});
  EXPECT_TRUE(load_image(again.engine, image_of(larger.engine)).ok);
}

TEST(Limits, ANewcomerTakesThePlaceOfAConversationWithoutASession) {
  Desk desk({.conversations = 3});
  desk.message(kMorning, 1, From::customer);
  desk.message(kMorning + 1s, 1, From::human);
  desk.message(kMorning + 20min, 2, From::customer);
  desk.message(kMorning + 20min, 3, From::customer);

  desk.message(kMorning + 21min, 4, From::customer);

  EXPECT_EQ(desk.report().conversations, 3U);
  EXPECT_EQ(desk.report().shops[0].levels.waiting_customers, 3U);
  EXPECT_EQ(desk.last.limits[kConversations].exceeded, 1U);
  // Who was forgotten last spoke at 10:00:01; later windows are whole.
  EXPECT_EQ(desk.last.incomplete_until, kMorning + 1s);
}

TEST(Limits, WithoutAPlaceAMessageIsCountedAndOpensNoTurn) {
  Desk desk({.conversations = 2});
  desk.message(kMorning, 1, From::customer);
  desk.message(kMorning, 2, From::customer);

  desk.message(kMorning + 1s, 3, From::customer, "bob");
  desk.message(kMorning + 2s, 3, From::human, "bob");

  EXPECT_EQ(desk.report().conversations, 2U);
  EXPECT_EQ(desk.last.shops[0].levels.waiting_customers, 2U);
  EXPECT_EQ(desk.last.shops[0].counters.messages[0], 3U);
  EXPECT_EQ(desk.messages_of("bob"), 2U);
  EXPECT_EQ(desk.last.limits[kConversations].exceeded, 2U);
  EXPECT_EQ(desk.last.incomplete_until, kMorning + 2s);
}

TEST(Limits, WhileGrowthIsHeldTablesKeepTheirSize) {
  Desk desk({});
  desk.message(kMorning, 1, From::customer);
  desk.engine.hold_growth(true);

  desk.message(kMorning, 2, From::customer, "bob", "shop");
  desk.message(kMorning, 3, From::customer, "bob", "second");

  EXPECT_EQ(desk.report().conversations, 1U);
  EXPECT_EQ(desk.last.limits[kConversations].limit, 1U);
  EXPECT_EQ(desk.last.limits[kAgents].limit, 1U);
  EXPECT_EQ(desk.last.limits[kShops].limit, 1U);
  EXPECT_EQ(desk.agent("bob"), nullptr);
  EXPECT_EQ(desk.last.shops[0].counters.messages[0], 2U);

  desk.engine.hold_growth(false);
  desk.message(kMorning + 1s, 2, From::customer, "bob");
  EXPECT_EQ(desk.report().conversations, 2U);
  EXPECT_NE(desk.agent("bob"), nullptr);
}

TEST(Limits, WhatIsKeptOfOneCustomerIsBounded) {
  Desk desk({.agents = 100'000});
  for (int n = 0; n < 20'000; ++n) {
    desk.message(kMorning + n * 1ms, 1, From::customer, "agent " + std::to_string(n));
    // Who was met just before is still known.
    if (n % 100 == 99)
      desk.message(kMorning + n * 1ms, 1, From::customer, "agent " + std::to_string(n - 1));
  }

  EXPECT_EQ(desk.report().shop_scopes[0].consulting_customers, 1U);
  EXPECT_EQ(desk.agent("agent 98") - desk.last.agents.data(), 98);
  EXPECT_EQ(desk.last.agent_scopes[98 * kScopes].consulting_customers, 1U);
  // Each new one of them took the place of the one met 64 agents ago.
  EXPECT_EQ(desk.last.incomplete_until, kMorning + (20'000 - 64) * 1ms - 1ms);
}

TEST(Limits, WhatLeavesTheNumbersMakesPlaceForTheNextAgentsOfACustomer) {
  Desk desk({});
  for (int day = 0; day < 200; ++day)
    desk.message(kMorning + day * 24h, 1, From::customer, "agent " + std::to_string(day));

  EXPECT_EQ(desk.report().limits[kConversations].exceeded, 0U);
  EXPECT_EQ(desk.last.incomplete_until, Instant{});
}

TEST(Limits, AMillionAgentIdsLeaveTheTotalsExact) {
  Desk desk({.conversations = 1'000, .agents = 50, .shops = 5});
  for (std::uint64_t n = 0; n < 1'000'000; ++n)
    desk.message(kMorning + n * 1ms, n % 500 + 1, n % 3 == 0 ? From::human : From::customer,
                 "agent " + std::to_string(n));

  const Report& report = desk.report();
  const Counters& shop = report.shops[0].counters;
  EXPECT_EQ(shop.messages[0] + shop.messages[1], 1'000'000U);
  EXPECT_LE(report.directory->agents.size(), 52U);
  std::uint64_t of_agents = 0;
  for (const AgentRow& row : report.agents)
    of_agents += row.counters.messages[0] + row.counters.messages[1];
  EXPECT_EQ(of_agents, 1'000'000U);
}

}  // namespace
}  // namespace deskpulse::engine
