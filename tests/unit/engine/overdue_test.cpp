// Late events of a time that may not have come yet, since the clocks were set back.
#include <gtest/gtest.h>

#include "daemon/engine/engine.hpp"
#include "tests/unit/intake/image_in_memory.hpp"

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;
using proto::From;

const Instant kNow{20'000 * 24h + 2h};  // 10:00 in Shanghai
const Instant kEarlier = kNow - 5min;

proto::Event message(Instant at, From from) {
  proto::Event event;
  event.type = proto::Type::message;
  event.from = from;
  event.ts = at;
  event.shop = "shop";
  event.agent = "amy";
  event.customer_key = {1, 77};
  return event;
}

class OverdueTest : public testing::Test {
 protected:
  OverdueTest() {
    engine.advance(kNow);
    engine.apply(message(kEarlier, From::customer), Overdue::waits);
  }
  static std::uint64_t slow_turns(Engine& engine) {
    Report report;
    engine.report(report);
    return report.shops.at(0).counters.slow_turns;
  }
  static std::uint64_t answered_turns(Engine& engine) {
    Report report;
    engine.report(report);
    return report.shops.at(0).counters.turns[static_cast<int>(Outcome::answered)];
  }

  Engine engine{Settings{}};
};

TEST_F(OverdueTest, WaitsUntilTimeGoesOn) {
  engine.advance(kNow);
  EXPECT_EQ(slow_turns(engine), 0U);

  engine.advance(kNow + 1ms);

  EXPECT_EQ(slow_turns(engine), 1U);
}

TEST_F(OverdueTest, AnAnswerInTimeMakesItNone) {
  engine.apply(message(kEarlier + 60s, From::human), Overdue::waits);
  engine.advance(kNow + 1ms);

  EXPECT_EQ(answered_turns(engine), 1U);
  EXPECT_EQ(slow_turns(engine), 0U);
}

TEST_F(OverdueTest, AnAnswerShowsHowMuchTimeHasPassed) {
  engine.apply(message(kEarlier + 200s, From::human), Overdue::waits);

  EXPECT_EQ(answered_turns(engine), 1U);
  EXPECT_EQ(slow_turns(engine), 1U);
}

TEST_F(OverdueTest, AnEventAtNowThatIsNotInDoubtFindsItFired) {
  engine.apply(message(kNow, From::human));

  EXPECT_EQ(answered_turns(engine), 1U);
  EXPECT_EQ(slow_turns(engine), 1U);
}

TEST_F(OverdueTest, ALateEventThatIsNotInDoubtFiresItThoughItChangesNothing) {
  proto::Event rating = message(kEarlier, From::customer);
  rating.type = proto::Type::rating;
  rating.score = 5;
  engine.apply(rating);

  EXPECT_EQ(slow_turns(engine), 1U);
}

TEST_F(OverdueTest, AWaitIsAsLongAsTimeSays) {
  Report report;
  engine.report(report);

  EXPECT_EQ(report.shops.at(0).levels.oldest_wait_ms, 300'000);
  EXPECT_EQ(report.shops.at(0).waiting_over.at(3), 1U);  // 180 s
}

TEST_F(OverdueTest, ItWaitsOverARestart) {
  const Image image = image_by([&](image::Writer& to) { engine.save(to); });
  Engine loaded{Settings{}};

  ASSERT_TRUE(
      loads(image, [&](image::Reader& from) { return loaded.load(from, Overdue::waits).ok; }));
  EXPECT_EQ(slow_turns(loaded), 0U);
  loaded.apply(message(kEarlier + 6s, From::human), Overdue::waits);
  loaded.advance(kNow + 1h);

  EXPECT_EQ(answered_turns(loaded), 1U);
  EXPECT_EQ(slow_turns(loaded), 0U);
}

}  // namespace
}  // namespace deskpulse::engine
