#include "daemon/host/wall_clock.hpp"

#include <gmock/gmock.h>

#include <utility>
#include <vector>

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class WallClockTest : public testing::Test {
 protected:
  WallClockTest() {
    clock_.on_step([this](Millis delta, Instant wall) { steps_.emplace_back(delta, wall); });
  }
  void pass(Millis span) {
    reading_.system += span;
    reading_.monotonic += span;
  }

  ClockReading reading_{Instant{1'700'000'000s}, 77s};
  WallClock clock_{[this] { return reading_; }};
  std::vector<std::pair<Millis, Instant>> steps_;
};

TEST_F(WallClockTest, PassesAsTheSystemsClockDoes) {
  pass(250ms);
  EXPECT_EQ(clock_.now(), reading_.system);
  pass(2h);  // nobody asked for that long
  EXPECT_EQ(clock_.now(), reading_.system);
  EXPECT_THAT(steps_, IsEmpty());
}

TEST_F(WallClockTest, FollowsAnAdjustmentForwardAtOnceAndBackwardByStandingStill) {
  pass(1s);
  reading_.system += 100ms;
  EXPECT_EQ(clock_.now(), reading_.system);
  const Instant before = clock_.now();

  reading_.system -= 100ms;
  EXPECT_EQ(clock_.now(), before);
  pass(60ms);
  EXPECT_EQ(clock_.now(), before);
  pass(60ms);
  EXPECT_EQ(clock_.now(), reading_.system);
  EXPECT_THAT(steps_, IsEmpty());
}

TEST_F(WallClockTest, TellsAStepBeforeItFollowsIt) {
  for (const Millis step : {Millis{101}, Millis{3s}, Millis{2min}, Millis{-3s}, Millis{-1h}}) {
    steps_.clear();
    pass(250ms);
    reading_.system += step;

    EXPECT_EQ(clock_.now(), reading_.system);
    EXPECT_THAT(steps_, ElementsAre(Pair(step, reading_.system)));
  }
}

TEST_F(WallClockTest, ASuspensionIsAStep) {
  reading_.system += 1h;  // the monotonic clock stops meanwhile

  clock_.now();

  EXPECT_THAT(steps_, ElementsAre(Pair(Millis{1h}, reading_.system)));
}

TEST(WallClock, ReadsTheClocksOfThisMachine) {
  WallClock clock;
  int steps = 0;
  clock.on_step([&](Millis, Instant) { ++steps; });

  const Instant first = clock.now();

  EXPECT_GE(clock.now(), first);
  EXPECT_GT(first, Instant{1'700'000'000s});
  EXPECT_EQ(steps, 0);
}

}  // namespace
}  // namespace deskpulse
