// Who waits, in order; that the lists agree with the levels is shown by tests/property/.
#include "daemon/engine/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/engine/engine.hpp"

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;
using proto::CustomerKey;
using testing::ElementsAre;
using testing::IsEmpty;

const Instant kMorning{20'000 * 24h + 2h};

class WaitingTest : public testing::Test {
 protected:
  void writes(std::uint64_t customer, Instant at, std::string_view agent,
              std::string_view shop = "tea", proto::From from = proto::From::customer) {
    proto::Event event;
    event.type = proto::Type::message;
    event.from = from;
    event.ts = at;
    event.shop = shop;
    event.agent = agent;
    event.customer_key = {customer, customer << 20};
    engine.apply(event);
  }
  WaitingList list(const WaitingScope& scope, std::optional<std::size_t> limit = {}) {
    WaitingList out;
    engine.waiting(scope, limit, out);
    return out;
  }
  static std::vector<std::uint64_t> customers(const WaitingList& list) {
    std::vector<std::uint64_t> out;
    for (const WaitingRow& row : list.rows) out.push_back(row.customer.high);
    return out;
  }

  Engine engine{{}};
};

TEST_F(WaitingTest, TheLongestWaitsComeFirstWhoeverHasThem) {
  writes(1, kMorning, "amy");
  writes(2, kMorning + 1s, "bob");
  writes(3, kMorning + 2s, "amy");
  writes(4, kMorning + 3s, "", "coffee");
  writes(5, kMorning + 4s, "amy");

  EXPECT_THAT(customers(list({}, 4)), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(list({}, 4).waiting_customers, 5U);
  EXPECT_THAT(customers(list({"tea", ""}, 2)), ElementsAre(1, 2));
  EXPECT_THAT(customers(list({"tea", "amy"}, 2)), ElementsAre(1, 3));
  EXPECT_THAT(customers(list({"coffee", "unassigned"})), ElementsAre(4));
  EXPECT_THAT(customers(list({}, 0)), IsEmpty());
}

TEST_F(WaitingTest, ARowSaysSinceWhenForWhomAndWhetherItIsSlow) {
  writes(7, kMorning, "amy");
  writes(7, kMorning + 5s, "amy");
  engine.advance(kMorning + 61s);
  writes(8, kMorning + 61s, "bob");
  Report report;
  engine.report(report);

  const WaitingList all = list({}, 1);

  ASSERT_EQ(all.rows.size(), 1U);
  EXPECT_EQ(all.rows[0].since, kMorning);
  EXPECT_TRUE(all.rows[0].is_slow);
  EXPECT_EQ(report.directory->shops[all.rows[0].shop].id, "tea");
  EXPECT_EQ(report.directory->agents[all.rows[0].agent].id, "amy");
  EXPECT_FALSE(list({"tea", "bob"}).rows.at(0).is_slow);
}

TEST_F(WaitingTest, WhoIsAnsweredWaitsNoMore) {
  writes(1, kMorning, "amy");
  EXPECT_TRUE(engine.is_waiting({1, 1 << 20}));

  writes(1, kMorning + 9s, "amy", "tea", proto::From::human);

  EXPECT_FALSE(engine.is_waiting({1, 1 << 20}));
  EXPECT_FALSE(engine.is_waiting({9, 9 << 20}));
  EXPECT_EQ(list({}).waiting_customers, 0U);
}

TEST_F(WaitingTest, WhoNobodyNamedIsUnknownAndStaysSo) {
  writes(1, kMorning, "amy");

  EXPECT_EQ(list({"milk", ""}).answer, WaitingAnswer::unknown_shop);
  EXPECT_EQ(list({"tea", "zoe"}).answer, WaitingAnswer::unknown_agent);
  EXPECT_EQ(list({"tea", "amy"}).answer, WaitingAnswer::found);
  Report report;
  engine.report(report);
  EXPECT_EQ(report.directory->shops.size(), 1U);
  EXPECT_EQ(report.directory->agents.size(), 2U);  // amy and the queue
}

}  // namespace
}  // namespace deskpulse::engine
