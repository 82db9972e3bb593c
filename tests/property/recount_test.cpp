// The recount itself, on stories small enough to be counted by hand.
#include "tests/property/recount.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/property/act.hpp"
#include "tests/property/reorder_recount.hpp"

namespace deskpulse::property {
namespace {

using proto::From;
using proto::Kind;
using proto::Type;

constexpr Time kNoon = 1'700'020'800'000;  // 2023-11-15 12:00 in Shanghai

Rules rules(ProfileRules profile = {}) {
  Rules rules;
  rules.defaults.profile = std::move(profile);
  return rules;
}

Act message(Time at, From from, std::string agent, std::string customer = "k") {
  Act act;
  act.ts = at;
  act.from = from;
  act.shop = "s";
  act.agent = std::move(agent);
  act.customer = std::move(customer);
  return act;
}

Act other(Type type, Time at, std::string agent = "") {
  Act act = message(at, From::unknown, std::move(agent));
  act.type = type;
  return act;
}

/// The value of a series as it stands in the exposition, or nothing.
std::optional<double> value(const Recount& recount, const std::string& series) {
  const Series all = recount.series();
  const auto found = all.find(series);
  return found == all.end() ? std::nullopt : std::optional(found->second);
}

TEST(Recount, ConsecutiveQuestionsAreOneTurnAnsweredOnce) {
  Recount recount(rules());
  recount.apply(message(kNoon, From::customer, "a").event());
  recount.apply(message(kNoon + 5'000, From::customer, "a").event());
  recount.apply(message(kNoon + 12'000, From::human, "a").event());
  recount.apply(message(kNoon + 13'000, From::human, "a").event());

  EXPECT_EQ(value(recount, R"(deskpulse_shop_answered_turns{shop="s",window="1m"})"), 1);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_response_time_sum_seconds{shop="s",window="1m"})"),
            12);
  EXPECT_EQ(value(recount, R"(deskpulse_agent_first_responses{shop="s",agent="a",window="1m"})"),
            1);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_consulting_customers{shop="s",window="1m"})"), 1);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_messages{shop="s",window="1m",from="customer"})"), 2);
}

TEST(Recount, ReplyExactlyAtTheLimitIsNotSlowAndOneMillisecondLaterIs) {
  const auto slow_turns = [](Time wait) {
    Recount recount(rules());
    recount.apply(message(kNoon, From::customer, "a").event());
    recount.apply(message(kNoon + wait, From::human, "a").event());
    return value(recount, R"(deskpulse_shop_slow_turns_total{shop="s"})");
  };

  EXPECT_EQ(slow_turns(60'000), 0);
  EXPECT_EQ(slow_turns(60'001), 1);
}

TEST(Recount, StrictLimitIsMissedAtTheLimitItself) {
  const auto timely_turns = [](Time wait) {
    Recount recount(rules(published_profiles()[2]));
    recount.apply(message(kNoon, From::customer, "a").event());
    recount.apply(message(kNoon + wait, From::human, "a").event());
    EXPECT_EQ(value(recount, R"(deskpulse_shop_judged_turns{shop="s",window="1m"})"), 1);
    return value(recount, R"(deskpulse_shop_timely_turns{shop="s",window="1m"})");
  };

  EXPECT_EQ(timely_turns(29'999), 1);
  EXPECT_EQ(timely_turns(30'000), 0);
}

TEST(Recount, WindowCoversTheBucketOfNowAndTheFiftyNineBefore) {
  Recount recount(rules());
  recount.apply(message(kNoon + 999, From::customer, "a").event());

  recount.advance(kNoon + 59'999);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_consulting_customers{shop="s",window="1m"})"), 1);
  recount.advance(kNoon + 60'000);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_consulting_customers{shop="s",window="1m"})"), 0);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_consulting_customers{shop="s",window="5m"})"), 1);
}

TEST(Recount, TransferCountsForTheAgentWhoPassedTheWaitOnAndMovesIt) {
  Recount recount(rules());
  recount.apply(message(kNoon, From::customer, "a").event());
  recount.apply(other(Type::assign, kNoon + 10'000, "b").event());
  recount.apply(message(kNoon + 15'000, From::human, "b").event());

  EXPECT_EQ(value(recount, R"(deskpulse_agent_turns_total{shop="s",agent="a",)"
                           R"(outcome="transferred_unanswered"})"),
            1);
  EXPECT_EQ(value(recount,
                  R"(deskpulse_agent_response_time_sum_seconds{shop="s",agent="b",window="1m"})"),
            5);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_response_time_sum_seconds{shop="s",window="1m"})"),
            15);
  EXPECT_EQ(
      value(recount, R"(deskpulse_agent_consulting_customers{shop="s",agent="b",window="1m"})"), 0);
}

TEST(Recount, CustomerInTheQueueCountsForTheAgentWhoTakesItOver) {
  Recount recount(rules());
  recount.apply(message(kNoon, From::customer, "").event());
  EXPECT_EQ(value(recount, R"(deskpulse_agent_waiting_customers{shop="s",agent="unassigned"})"), 1);
  EXPECT_EQ(value(recount, R"(deskpulse_agent_consulting_customers{shop="s",agent="unassigned",)"
                           R"(window="1m"})"),
            std::nullopt);
  recount.apply(other(Type::assign, kNoon + 1'000, "b").event());

  EXPECT_EQ(
      value(recount, R"(deskpulse_agent_consulting_customers{shop="s",agent="b",window="1m"})"), 1);
  EXPECT_EQ(value(recount, R"(deskpulse_agent_turns_total{shop="s",agent="unassigned",)"
                           R"(outcome="transferred_unanswered"})"),
            0);
}

TEST(Recount, BotTurnIsNoAnswerAndItsHandoffOpensATurn) {
  Recount recount(rules());
  recount.apply(message(kNoon, From::customer, "robot").event());
  recount.apply(message(kNoon + 1'000, From::bot, "robot").event());
  recount.apply(other(Type::assign, kNoon + 5'000, "a").event());

  EXPECT_EQ(value(recount, R"(deskpulse_shop_turns_total{shop="s",outcome="bot"})"), 1);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_waiting_customers{shop="s"})"), 1);
  EXPECT_EQ(
      value(recount, R"(deskpulse_agent_consulting_customers{shop="s",agent="a",window="1m"})"), 1);
  EXPECT_EQ(
      value(recount, R"(deskpulse_agent_unanswered_customers{shop="s",agent="a",window="today"})"),
      1);
  recount.apply(message(kNoon + 8'000, From::bot, "robot").event());
  EXPECT_EQ(value(recount, R"(deskpulse_shop_waiting_customers{shop="s"})"), 1);
  recount.apply(message(kNoon + 9'000, From::human, "a").event());
  EXPECT_EQ(value(recount, R"(deskpulse_shop_first_response_time_sum_seconds{shop="s",)"
                           R"(window="1m"})"),
            4);
}

TEST(Recount, AutoNoteSystemAndSilentKindsAnswerNothing) {
  Recount recount(rules());
  recount.apply(message(kNoon, From::customer, "a").event());
  recount.apply(message(kNoon + 1, From::automatic, "a").event());
  recount.apply(message(kNoon + 2, From::note, "a").event());
  recount.apply(message(kNoon + 3, From::system, "").event());
  Act recall = message(kNoon + 4, From::human, "a");
  recall.kind = Kind::recall;
  recount.apply(recall.event());

  EXPECT_EQ(value(recount, R"(deskpulse_shop_waiting_customers{shop="s"})"), 1);
  EXPECT_EQ(value(recount, R"(deskpulse_agent_messages_total{shop="s",agent="a",from="system"})"),
            1);
}

TEST(Recount, AbandonedTurnEndsHalfAnHourAfterTheNewestQuestionAndWithItTheSession) {
  Recount recount(rules());
  recount.apply(message(kNoon, From::customer, "a").event());
  recount.apply(message(kNoon + kMinute, From::customer, "a").event());
  recount.advance(kNoon + 31 * kMinute);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_waiting_customers{shop="s"})"), 1);
  recount.advance(kNoon + 31 * kMinute + 1);

  EXPECT_EQ(value(recount, R"(deskpulse_shop_waiting_customers{shop="s"})"), 0);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_open_conversations{shop="s"})"), 0);
  EXPECT_EQ(value(recount, R"(deskpulse_agent_turns_total{shop="s",agent="a",)"
                           R"(outcome="unanswered"})"),
            1);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_unanswered_customers{shop="s",window="1h"})"), 1);
}

TEST(Recount, CloseEndsATurnUnansweredUnlessItIsOlderThanTheLastActivity) {
  Recount recount(rules());
  recount.apply(message(kNoon, From::customer, "a").event());
  recount.apply(other(Type::close, kNoon - 1).event());
  EXPECT_EQ(value(recount, R"(deskpulse_shop_open_conversations{shop="s"})"), 1);
  recount.apply(other(Type::close, kNoon + 1'000).event());

  EXPECT_EQ(value(recount, R"(deskpulse_shop_open_conversations{shop="s"})"), 0);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_turns_total{shop="s",outcome="unanswered"})"), 1);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_judged_turns{shop="s",window="1m"})"), 1);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_timely_turns{shop="s",window="1m"})"), 0);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_peak_conversations{shop="s",window="1m"})"), 1);
}

TEST(Recount, LateQuestionMovesTheOpeningBackAndItsDeadlinesFireAtOnce) {
  Recount recount(rules());
  recount.apply(message(kNoon, From::customer, "a").event());
  recount.apply(message(kNoon - 61'000, From::customer, "a").event());

  EXPECT_EQ(value(recount, R"(deskpulse_shop_oldest_wait_seconds{shop="s"})"), 61);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_slow_turns_total{shop="s"})"), 1);
}

TEST(Recount, QuestionOlderThanTheReplyIsAlreadyAnswered) {
  Recount recount(rules());
  recount.apply(message(kNoon, From::human, "a").event());
  recount.apply(message(kNoon, From::customer, "a").event());

  EXPECT_EQ(value(recount, R"(deskpulse_shop_waiting_customers{shop="s"})"), 0);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_answered_turns{shop="s",window="1m"})"), 0);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_consulting_customers{shop="s",window="1m"})"), 1);
}

TEST(Recount, TodayBeginsAnewAtTheCut) {
  Rules four_o_clock = rules();
  four_o_clock.zone.cut = 4 * kHour;
  const Time cut = kNoon + 16 * kHour;
  Recount recount(four_o_clock);
  recount.apply(message(cut - 1, From::customer, "a").event());
  EXPECT_EQ(value(recount, R"(deskpulse_shop_consulting_customers{shop="s",window="today"})"), 1);
  recount.advance(cut);

  EXPECT_EQ(value(recount, R"(deskpulse_shop_consulting_customers{shop="s",window="today"})"), 0);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_unanswered_customers{shop="s",window="today"})"), 0);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_unanswered_customers{shop="s",window="1m"})"), 1);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_peak_conversations{shop="s",window="today"})"), 1);
}

TEST(Recount, SlowCustomerNeedsAsManySlowTurnsInOneSessionAsTheRuleSays) {
  Rules twice = rules();
  twice.defaults.slow_times = 2;
  Recount recount(twice);
  recount.apply(message(kNoon, From::customer, "a").event());
  recount.apply(message(kNoon + 61'000, From::human, "a").event());
  EXPECT_EQ(value(recount, R"(deskpulse_shop_slow_customers{shop="s",window="1h"})"), 0);
  recount.apply(message(kNoon + 62'000, From::customer, "a").event());
  recount.advance(kNoon + 122'001);

  EXPECT_EQ(value(recount, R"(deskpulse_shop_slow_customers{shop="s",window="1h"})"), 1);
}

TEST(Recount, AgentLeavesAfterADayOfSilenceAndTheShopStays) {
  Recount recount(rules());
  recount.apply(other(Type::agent_status, kNoon, "a").event());
  recount.advance(kNoon + kDay - 1);
  EXPECT_EQ(value(recount, R"(deskpulse_agent_open_conversations{shop="s",agent="a"})"), 0);
  recount.advance(kNoon + kDay);

  EXPECT_EQ(value(recount, R"(deskpulse_agent_open_conversations{shop="s",agent="a"})"),
            std::nullopt);
  EXPECT_EQ(value(recount, R"(deskpulse_shop_open_conversations{shop="s"})"), 0);
}

TEST(Recount, QuantilesAreTheNearestRank) {
  Recount recount(rules());
  for (int i = 1; i <= 10; ++i) {
    const std::string customer = "k" + std::to_string(i);
    recount.apply(message(kNoon + i, From::customer, "a", customer).event());
  }
  for (int i = 1; i <= 10; ++i) {
    const std::string customer = "k" + std::to_string(i);
    recount.apply(message(kNoon + i + i * 1'000, From::human, "a", customer).event());
  }

  const auto quantile = [&](const std::string& q) {
    return value(
        recount,
        R"(deskpulse_shop_response_time_seconds{shop="s",window="1m",quantile=")" + q + "\"}");
  };
  EXPECT_EQ(quantile("0.5"), 5);
  EXPECT_EQ(quantile("0.9"), 9);
  EXPECT_EQ(quantile("0.99"), 10);
}

TEST(ZoneRules, DayBeginsAtTheJumpWhenTheClockJumpsOverTheCut) {
  ZoneRules zone;
  zone.offset = 0;
  zone.cut = kHour;
  zone.transitions = {{10 * kDay + 30 * kMinute, kHour}};

  EXPECT_EQ(zone.day_start(10), 10 * kDay + 30 * kMinute);
  EXPECT_EQ(zone.day_of(10 * kDay + 30 * kMinute - 1), 9);
  EXPECT_EQ(zone.day_of(10 * kDay + 30 * kMinute), 10);
  EXPECT_EQ(zone.day_start(11), 11 * kDay);
}

TEST(ReorderRecount, TakesEventsInTheOrderOfTimeAndDropsRepeatedOnes) {
  Recount recount(rules());
  ReorderRecount order({}, recount);
  Act reply = message(kNoon + 500, From::human, "a");
  reply.id = "2";
  Act question = message(kNoon, From::customer, "a");
  question.id = "1";
  order.arrive(reply, kNoon + 500);
  order.arrive(question, kNoon + 500);
  order.arrive(question, kNoon + 501);
  order.arrive(message(kNoon + 5'502, From::human, "a"), kNoon + 501);
  order.finish(std::nullopt);

  EXPECT_EQ(value(recount, R"(deskpulse_shop_answered_turns{shop="s",window="1m"})"), 1);
  EXPECT_EQ(order.counts().taken, 2);
  EXPECT_EQ(order.counts().duplicates, 1);
  EXPECT_EQ(order.counts().future, 1);
  EXPECT_EQ(recount.now(), kNoon + 500);
}

TEST(ReorderRecount, TakesLateEventsUpToTheLimitAndNoFurther) {
  Recount recount(rules());
  ReorderRecount order({}, recount);
  order.arrive(message(kNoon, From::customer, "a"), kNoon);
  ASSERT_EQ(order.watermark(), kNoon - 1'000);
  order.arrive(message(kNoon - 1'000 - 600'000, From::customer, "a"), kNoon);
  order.arrive(message(kNoon - 1'000 - 600'001, From::customer, "a"), kNoon);

  EXPECT_EQ(order.counts().late, 1);
  EXPECT_EQ(order.counts().too_late, 1);
}

}  // namespace
}  // namespace deskpulse::property
