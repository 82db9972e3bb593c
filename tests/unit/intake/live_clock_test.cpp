#include "daemon/intake/live_clock.hpp"

#include <gtest/gtest.h>

#include "tests/unit/intake/recording_sink.hpp"

namespace deskpulse::intake {
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

TEST_F(LiveClockTest, FollowsTheSourcesClockAfterOneSilentSecond) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'100));

  EXPECT_EQ(clock.target(at(101'099)), at(99'000));
  EXPECT_EQ(clock.target(at(101'100)), at(100'000));
}

TEST_F(LiveClockTest, AWallClockAheadOfTheSourcesMovesNothingEarly) {
  clock.connected(Millis{5'000});
  clock.heartbeat(at(100'000), at(103'000));
  EXPECT_EQ(clock.target(at(104'000)), at(100'000));

  clock.event(at(101'500), at(104'500));

  EXPECT_EQ(clock.target(at(106'000)), at(102'000));
}

TEST_F(LiveClockTest, AnEventThatWasUnderWayDoesNotPutTheSourcesClockBack) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'000));
  clock.event(at(101'000), at(103'000));
  clock.event(at(90'000), at(103'100));

  EXPECT_EQ(clock.target(at(104'100)), at(103'100 - 3));  // but for a thousandth of the time
}

TEST_F(LiveClockTest, AnAnswerSaysThatTimeHasPassedAtTheSourceAndNotWhatItIs) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(102'000));
  for (std::int64_t wall = 103'000; wall < 160'000; wall += 1'000) clock.answered(at(wall));

  EXPECT_EQ(clock.target(at(160'000)), at(157'000));
  EXPECT_EQ(clock.lag(at(160'000)), Millis{3'000});
  EXPECT_FALSE(clock.is_stale(at(160'000)));
}

TEST_F(LiveClockTest, AnAnswerOfASourceThatWasNeverHeardStandsForOurClock) {
  clock.connected(Millis{5'000});
  clock.answered(at(100'000));

  EXPECT_EQ(clock.target(at(100'500)), at(99'500));
}

TEST_F(LiveClockTest, AStepForwardOfTheWallClockMovesNothing) {
  for (const std::int64_t step : {3'000, 120'000, 3'600'000}) {
    SCOPED_TRACE(step);
    LiveClock set(LiveClockSettings{});
    set.connected(Millis{5'000});
    set.heartbeat(at(100'000), at(100'000));
    set.event(at(100'000), at(100'000));
    const std::int64_t wall = 101'500 + step;
    set.stepped(Millis{step}, at(wall));

    EXPECT_LE(set.target(at(wall)), at(100'500));
    set.answered(at(wall + 100));
    EXPECT_LE(set.target(at(wall + 500)), at(101'000));
    set.event(at(102'000), at(wall + 500));
    EXPECT_LE(set.target(at(wall + 1'500)), at(102'000));
  }
}

TEST_F(LiveClockTest, AStepForwardBeyondTheLagIsStaleUntilTheSourceSpeaksOfThatTime) {
  clock.connected(Millis{5'000});
  clock.heartbeat(at(100'000), at(100'000));
  clock.stepped(Millis{120'000}, at(221'000));
  EXPECT_TRUE(clock.is_stale(at(221'000)));
  EXPECT_FALSE(clock.is_silent(at(221'000)));

  clock.heartbeat(at(102'000), at(222'000));
  EXPECT_TRUE(clock.is_stale(at(222'000)));
  clock.heartbeat(at(223'000), at(223'000));
  EXPECT_FALSE(clock.is_stale(at(223'000)));
}

TEST_F(LiveClockTest, AStepBackwardStandsStillAndIsStaleAndTakesWhatTheSourceSends) {
  clock.connected(Millis{5'000});
  clock.event(at(4'000'000), at(4'000'000));
  clock.stepped(Millis{-3'600'000}, at(401'000));

  EXPECT_EQ(clock.target(at(402'000)), at(3'999'000));
  EXPECT_TRUE(clock.is_stale(at(402'000)));
  EXPECT_EQ(clock.latest(at(402'000)), at(4'002'000));
  clock.heartbeat(at(4'003'000), at(403'000));
  EXPECT_EQ(clock.newest(), at(4'003'000));

  clock.stepped(Millis{3'600'000}, at(4'004'000));
  EXPECT_FALSE(clock.is_stale(at(4'004'000)));
  EXPECT_EQ(clock.target(at(4'005'000)), at(4'004'000));
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

  EXPECT_EQ(clock.target(at(100'500)), at(99'450));
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

TEST_F(LiveClockTest, ASignOfLifeBeforeTheMissedEventsDoesNotMeanCaughtUp) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'000));
  clock.disconnected();
  clock.connected(Millis{5'000});

  clock.heartbeat(std::nullopt, at(103'000));

  EXPECT_EQ(clock.target(at(103'100)), at(99'000));
  EXPECT_TRUE(clock.is_stale(at(103'100)));
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

TEST_F(LiveClockTest, IsStaleSoonWhenTheSourcePromisesToSpeakSeldom) {
  clock.connected(Millis{600'000});
  clock.heartbeat(at(100'000), at(100'000));

  EXPECT_FALSE(clock.is_stale(at(115'000)));
  EXPECT_TRUE(clock.is_stale(at(115'001)));
  EXPECT_TRUE(clock.is_silent(at(115'001)));
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

TEST_F(LiveClockTest, IsStaleWhileTheSourceSaysThatItIsFarAhead) {
  clock.connected(Millis{5'000});
  clock.heartbeat(at(100'000), at(100'000));
  clock.unbelievable(at(101'000));
  EXPECT_TRUE(clock.is_stale(at(101'000)));
  clock.event(at(101'500), at(101'500));  // a late one, whose time is ours by chance
  EXPECT_TRUE(clock.is_stale(at(101'500)));

  clock.heartbeat(at(102'000), at(102'000));

  EXPECT_FALSE(clock.is_stale(at(102'000)));
}

TEST_F(LiveClockTest, IsStaleWhenTheSourceSaysAgainAndAgainThatEventsAreToCome) {
  clock.connected(Millis{5'000});
  clock.event(at(100'000), at(100'000));

  clock.heartbeat(std::nullopt, at(106'000));

  EXPECT_TRUE(clock.is_stale(at(106'000)));
}

}  // namespace
}  // namespace deskpulse::intake
