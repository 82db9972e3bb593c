#include "daemon/feed/live_clock.hpp"

#include <gtest/gtest.h>

#include "tests/unit/feed/recording_sink.hpp"

namespace deskpulse::feed {
namespace {

using proto::Millis;

class LiveClockTest : public testing::Test {
 protected:
  LiveClock clock{
      {.reorder_window = Millis{1'000}, .live_lag = Millis{5'000}, .silent_after = Millis{1'000}}};
};

TEST_F(LiveClockTest, HasNoTargetBeforeAnythingWasHeard) {
  EXPECT_EQ(clock.target(at(100'000)), std::nullopt);
  EXPECT_EQ(clock.lag(at(100'000)), std::nullopt);
  EXPECT_TRUE(clock.is_stale(at(100'000)));
}

TEST_F(LiveClockTest, FollowsTheNewestEventWhileEventsFlow) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'100));
  clock.event(at(99'000), at(100'200));

  EXPECT_EQ(clock.target(at(101'199)), at(99'000));
  EXPECT_EQ(clock.lag(at(100'300)), Millis{300});
}

TEST_F(LiveClockTest, FollowsTheWallClockAfterOneSilentSecond) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'100));

  EXPECT_EQ(clock.target(at(101'100)), at(100'100));
}

TEST_F(LiveClockTest, StopsFollowingTheWallClockWhenItIsNoLongerCaughtUp) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'000));

  EXPECT_EQ(clock.target(at(104'999)), at(103'999));
  EXPECT_EQ(clock.target(at(105'000)), at(99'000));
}

TEST_F(LiveClockTest, AHeartbeatKeepsTheWatermarkMovingWithNoEventsAtAll) {
  clock.connected(Millis{5'000});
  clock.heartbeat(at(100'000), at(100'050));

  EXPECT_EQ(clock.target(at(100'500)), at(99'500));
  EXPECT_FALSE(clock.is_stale(at(100'500)));
}

TEST_F(LiveClockTest, ABacklogIsFollowedByItsEventsOnly) {
  clock.connected(Millis{5'000});
  clock.event(at(40'000), at(100'000));

  EXPECT_EQ(clock.target(at(103'000)), at(39'000));
  EXPECT_FALSE(clock.is_caught_up(at(103'000)));
  EXPECT_TRUE(clock.is_stale(at(103'000)));
}

TEST_F(LiveClockTest, AHeartbeatFromBehindTheHeadDoesNotMeanCaughtUp) {
  clock.connected(Millis{5'000});
  clock.event(at(40'000), at(100'000));
  clock.heartbeat(std::nullopt, at(100'500));

  EXPECT_EQ(clock.target(at(103'000)), at(39'000));
}

TEST_F(LiveClockTest, StandsStillWhileDisconnected) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'000));
  clock.disconnected();

  EXPECT_EQ(clock.target(at(103'000)), at(99'000));
  EXPECT_TRUE(clock.is_stale(at(100'001)));
}

TEST_F(LiveClockTest, AReconnectionMustBeHeardBeforeTheWatermarkFollowsTheWallClock) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'000));
  clock.disconnected();
  clock.connected(Millis{5'000});

  EXPECT_EQ(clock.target(at(103'000)), at(99'000));
  EXPECT_TRUE(clock.is_stale(at(103'000)));
}

TEST_F(LiveClockTest, IsNotStaleBetweenTwoHeartbeatsThatAreFurtherApartThanTheLag) {
  clock.connected(Millis{10'000});
  clock.heartbeat(at(100'000), at(100'000));

  EXPECT_FALSE(clock.is_stale(at(109'999)));
  EXPECT_FALSE(clock.is_caught_up(at(109'999)));
}

TEST_F(LiveClockTest, IsStaleWhenNothingWasHeardForTheHeartbeatAndTheLag) {
  clock.connected(Millis{5'000});
  clock.heartbeat(at(100'000), at(100'000));

  EXPECT_FALSE(clock.is_stale(at(110'000)));
  EXPECT_TRUE(clock.is_stale(at(110'001)));
  EXPECT_FALSE(clock.is_silent(at(110'000)));
  EXPECT_TRUE(clock.is_silent(at(110'001)));
}

TEST_F(LiveClockTest, AServerClockAheadOfOursDoesNotHideALag) {
  clock.connected(Millis{5'000});
  clock.heartbeat(at(900'000), at(100'000));

  EXPECT_FALSE(clock.is_caught_up(at(105'000)));
}

TEST_F(LiveClockTest, AWallClockSetBackMakesTheTargetNoEarlierThanTheEvents) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'000));

  EXPECT_EQ(clock.target(at(50'000)), at(99'000));
  EXPECT_EQ(clock.lag(at(50'000)), Millis{0});
}

TEST_F(LiveClockTest, ADuplicateMeansThatTheFeedIsNotSilent) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'000));
  clock.refused(at(101'500));

  EXPECT_EQ(clock.target(at(102'000)), at(99'000));
}

TEST_F(LiveClockTest, IsStaleWhenAllThatComesIsRefused) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'000));
  clock.refused(at(104'000));
  EXPECT_FALSE(clock.is_stale(at(104'000)));

  clock.refused(at(106'000));

  EXPECT_TRUE(clock.is_stale(at(106'000)));
  EXPECT_FALSE(clock.is_silent(at(106'000)));
}

TEST_F(LiveClockTest, IsStaleWhenTheSourceSaysAgainAndAgainThatEventsAreToCome) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'000));

  clock.heartbeat(std::nullopt, at(106'000));

  EXPECT_TRUE(clock.is_stale(at(106'000)));
}

}  // namespace
}  // namespace deskpulse::feed
