#include "daemon/monitor/waiting_names.hpp"

#include <gtest/gtest.h>

#include <set>

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using proto::CustomerKey;
using proto::Instant;

constexpr CustomerKey kAnn{1, 1};
constexpr CustomerKey kBen{2, 2};
const Instant kNow{1'000s};

class WaitingNamesTest : public testing::Test {
 protected:
  std::set<CustomerKey> waiting;
  WaitingNames names{[this](const CustomerKey& key) { return waiting.contains(key); }, 3};
};

TEST_F(WaitingNamesTest, KnowsTheIdWhileTheCustomerWaitsAndNotLonger) {
  waiting = {kAnn};
  names.remember(kAnn, "ann", kNow);

  names.sweep(kNow + 1h, 100);
  EXPECT_EQ(names.find(kAnn), "ann");
  waiting.clear();
  names.sweep(kNow + 1h, 100);

  EXPECT_EQ(names.find(kAnn), "");
  EXPECT_EQ(names.size(), 0U);
}

TEST_F(WaitingNamesTest, KeepsAnIdUntilItsEventHasBeenApplied) {
  names.remember(kAnn, "ann", kNow);

  names.sweep(kNow - 1ms, 100);
  EXPECT_EQ(names.find(kAnn), "ann");
  names.sweep(kNow, 100);

  EXPECT_EQ(names.find(kAnn), "");
}

TEST_F(WaitingNamesTest, LooksAtAFewAtATimeAndAtAllInTurn) {
  names.remember(kAnn, "ann", kNow);
  names.remember(kBen, "ben", kNow);

  names.sweep(kNow, 1);
  EXPECT_EQ(names.size(), 1U);
  names.sweep(kNow, 1);

  EXPECT_EQ(names.size(), 0U);
}

TEST_F(WaitingNamesTest, RemembersNoMoreThanItsBound) {
  for (std::uint64_t i = 0; i < 10; ++i) names.remember({i, i}, "someone", kNow);

  EXPECT_EQ(names.size(), 3U);
  EXPECT_EQ(names.find({9, 9}), "");
}

TEST_F(WaitingNamesTest, WhileGrowthIsHeldTakesNoMoreThanThereAre) {
  names.remember(kAnn, "ann", kNow);
  names.hold_growth(true);
  names.remember(kBen, "ben", kNow);
  EXPECT_EQ(names.find(kBen), "");

  names.hold_growth(false);
  names.remember(kBen, "ben", kNow);
  EXPECT_EQ(names.find(kBen), "ben");
}

TEST_F(WaitingNamesTest, TakingOneOutLeavesTheOthersTheirNames) {
  waiting = {kBen, {3, 3}};
  names.remember(kAnn, "ann", kNow);
  names.remember(kBen, "ben", kNow);
  names.remember({3, 3}, "cat", kNow);

  names.sweep(kNow, 100);

  EXPECT_EQ(names.size(), 2U);
  EXPECT_EQ(names.find(kBen), "ben");
  EXPECT_EQ(names.find({3, 3}), "cat");
}

TEST_F(WaitingNamesTest, ClearForgetsAll) {
  waiting = {kAnn};
  names.remember(kAnn, "ann", kNow);

  names.clear();
  names.sweep(kNow, 100);

  EXPECT_EQ(names.find(kAnn), "");
}

}  // namespace
}  // namespace deskpulse
