#include "daemon/serve/history.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/metrics/sample_report.hpp"

namespace deskpulse::serve {
namespace {

using namespace std::chrono_literals;
using proto::Instant;

const Instant kStart{1'700'000'010s};  // a multiple of 30 s

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    moment.report = metrics::report_with_names({"tea", "coffee"});
    moment.spans = {5min, 0ms};
    moment.status.stale = false;
  }
  void take(Instant at, std::uint32_t waiting) {
    moment.at = at;
    moment.report.shops[0].levels.waiting_customers = waiting;
    moment.report.shops[1].levels.waiting_customers = 100;
    history.take(moment);
  }
  double waiting(std::size_t point, std::optional<std::size_t> shop = 0) const {
    return history.at(shop, Line::waiting_customers, point);
  }

  moment::Moment moment;
  History history;
};

TEST_F(HistoryTest, IsEmptyAtFirst) {
  EXPECT_EQ(history.size(), 0U);
  EXPECT_EQ(history.end(), Instant{});
}

TEST_F(HistoryTest, HasAPointForEachHalfMinuteAndItsFirstMomentMakesIt) {
  take(kStart + 1s, 1);
  take(kStart + 29s, 2);
  take(kStart + 30s, 3);

  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(waiting(0), 1);
  EXPECT_EQ(waiting(1), 3);
  EXPECT_EQ(waiting(1, 1), 100);
  EXPECT_EQ(waiting(1, std::nullopt), 103);
  EXPECT_EQ(history.end(), kStart + 30s);
}

TEST_F(HistoryTest, AllShopsTogetherAreSumsOfCountsAndTheLongestWait) {
  moment.report.shops[0].levels.oldest_wait_ms = 90'000;
  moment.report.shop_scopes[0].response_time_sum_ms = 10'000;  // tea, 5m
  moment.report.shop_scopes[0].answered_turns = 1;
  moment.report.shop_scopes[2].response_time_sum_ms = 20'000;  // coffee, 5m
  moment.report.shop_scopes[2].answered_turns = 4;
  take(kStart, 1);

  const auto all = [&](Line line) { return history.at(std::nullopt, line, 0); };
  EXPECT_EQ(all(Line::oldest_wait_seconds), 90);
  EXPECT_EQ(all(Line::open_conversations), 24);
  EXPECT_EQ(all(Line::slow_customers), 2);
  EXPECT_EQ(all(Line::unanswered_customers), 6);
  EXPECT_EQ(all(Line::response_time_mean_seconds), 6);  // 30 s of 5 turns, not a mean of means
  EXPECT_EQ(all(Line::messages_per_minute), 26.0 / 5);
}

TEST_F(HistoryTest, ADivisionWithoutDenominatorIsNoPoint) {
  moment.report.shop_scopes[0].answered_turns = 0;
  take(kStart, 1);

  EXPECT_TRUE(std::isnan(history.at(0, Line::response_time_mean_seconds, 0)));
  EXPECT_FALSE(std::isnan(history.at(1, Line::response_time_mean_seconds, 0)));
}

TEST_F(HistoryTest, NumbersThatStandStillAreNoPointUntilTheyMoveAgain) {
  take(kStart, 1);
  moment.status.stale = true;
  take(kStart + 30s, 2);
  take(kStart + 60s, 3);
  moment.status.stale = false;
  take(kStart + 75s, 4);

  ASSERT_EQ(history.size(), 3U);
  EXPECT_TRUE(std::isnan(waiting(1)));
  EXPECT_EQ(waiting(2), 4);
}

TEST_F(HistoryTest, HalfMinutesWithoutAMomentAreNoPoints) {
  take(kStart, 1);
  take(kStart + 90s, 2);

  ASSERT_EQ(history.size(), 4U);
  EXPECT_EQ(waiting(0), 1);
  EXPECT_TRUE(std::isnan(waiting(1)));
  EXPECT_TRUE(std::isnan(waiting(2, std::nullopt)));
  EXPECT_EQ(waiting(3), 2);
}

TEST_F(HistoryTest, KeepsOneHour) {
  for (std::uint32_t i = 0; i < 500; ++i) take(kStart + i * 30s, i);

  ASSERT_EQ(history.size(), 121U);
  EXPECT_EQ(history.end(), kStart + 499 * 30s);
  for (std::size_t point = 0; point < 121; ++point)
    ASSERT_EQ(waiting(point), static_cast<double>(379 + point));
}

TEST_F(HistoryTest, ABreakLongerThanTheHourBeginsAnew) {
  take(kStart, 1);
  take(kStart + 61min, 2);

  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(waiting(0), 2);
}

TEST_F(HistoryTest, AClockSetBackALittleChangesNothingAndAlotBeginsAnew) {
  take(kStart + 60s, 1);
  take(kStart + 31s, 2);
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(waiting(0), 1);

  take(kStart - 1h, 3);

  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history.end(), kStart - 1h);
  EXPECT_EQ(waiting(0), 3);
}

TEST_F(HistoryTest, AShopThatComesLaterHasNoPointsBefore) {
  const engine::Report both = moment.report;
  moment.report = metrics::report_with_names({"tea"});
  moment.at = kStart;
  history.take(moment);
  moment.report = both;
  take(kStart + 30s, 1);

  EXPECT_TRUE(std::isnan(waiting(0, 1)));
  EXPECT_EQ(waiting(1, 1), 100);
}

}  // namespace
}  // namespace deskpulse::serve
