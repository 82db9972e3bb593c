#include "daemon/feed/stream_position.hpp"

#include <gtest/gtest.h>

namespace deskpulse::feed {
namespace {

using proto::Position;
using proto::Ready;
using proto::Resume;

const Source kOne{.address = {1, 1}, .name = {}};
const Source kOther{.address = {2, 2}, .name = {}};
constexpr std::uint64_t kMost = ~std::uint64_t{0};

Ready ready(std::string_view epoch, Resume resume, std::uint64_t floor, std::uint64_t head) {
  return {epoch, resume, floor, head, proto::Millis{5'000}};
}

TEST(StreamPosition, StartsLiveBehindTheHead) {
  StreamPosition position(StartAt::live, std::nullopt);

  EXPECT_EQ(position.ask(), std::nullopt);
  EXPECT_EQ(position.ready(ready("k", Resume::live, 1, 100)), intake::GapKind::live_start);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 100}));
}

TEST(StreamPosition, AFloorThatIsTheFirstEventIsAWholeHistory) {
  StreamPosition position(StartAt::floor, std::nullopt);

  EXPECT_EQ(position.ask(), (Position{"", 0}));
  EXPECT_EQ(position.ready(ready("k", Resume::ok, 1, 100)), std::nullopt);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 0}));
}

TEST(StreamPosition, AFloorFurtherUpMarksWindowsAndIsNoGap) {
  StreamPosition position(StartAt::floor, std::nullopt);

  EXPECT_EQ(position.ready(ready("k", Resume::gap, 50, 100)), intake::GapKind::live_start);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 49}));
}

TEST(StreamPosition, AResumeThatIsOkMissesNothing) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});

  EXPECT_EQ(position.ask(), (Position{"k", 70}));
  EXPECT_EQ(position.ready(ready("k", Resume::ok, 50, 100)), std::nullopt);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 70}));
}

TEST(StreamPosition, AResumeWithAGapGoesOnAtTheFloor) {
  StreamPosition position(StartAt::live, Cursor{"k", 7});

  EXPECT_EQ(position.ready(ready("k", Resume::gap, 50, 100)), intake::GapKind::resume);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 49}));
}

TEST(StreamPosition, ANewEpochIsAResetWhateverTheServerCallsIt) {
  for (const Resume resume : {Resume::reset, Resume::ok, Resume::gap}) {
    StreamPosition position(StartAt::live, Cursor{"k", 70});

    EXPECT_EQ(position.ready(ready("m", resume, 1, 3)), intake::GapKind::reset);
    EXPECT_EQ(position.cursor(), (Cursor{"m", 0}));
  }
}

TEST(StreamPosition, AServerThatLostEventsUnderItsOwnEpochIsAResetAtItsHead) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});

  EXPECT_EQ(position.ready(ready("k", Resume::ok, 1, 69)), intake::GapKind::reset);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 69}));
}

// Whatever `ready` says: what was delivered is not delivered again, for an event without an id
// would count twice.
TEST(StreamPosition, InTheSameEpochNothingThatItHasIsTakenAgain) {
  for (const Resume resume : {Resume::gap, Resume::reset}) {
    StreamPosition position(StartAt::live, Cursor{"k", 70});

    EXPECT_TRUE(position.ready(ready("k", resume, 50, 100)));
    EXPECT_EQ(position.cursor(), (Cursor{"k", 70}));
    position.begin(50, 22);
    EXPECT_FALSE(position.take(50));
    EXPECT_FALSE(position.take(70));
    EXPECT_TRUE(position.take(71));
  }
}

TEST(StreamPosition, InAnotherSourceThePositionMeansNothingWhateverItsEpochIsCalled) {
  StreamPosition position(StartAt::live, Cursor{"k", 70, kOne}, false, kOther);

  EXPECT_EQ(position.ask(), (Position{"", 0}));
  EXPECT_EQ(position.ready(ready("k", Resume::ok, 1, 100)), intake::GapKind::reset);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 0, kOther}));
}

TEST(StreamPosition, ASourceThatWasGoneFromGoesOnWhileTheOtherHasNotAnswered) {
  StreamPosition position(StartAt::live, Cursor{"k", 70, kOne}, false, kOne);
  position.go_on_in(kOther);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 70, kOne}));
  position.go_on_in(kOne);

  EXPECT_EQ(position.ask(), (Position{"k", 70}));
  EXPECT_EQ(position.ready(ready("k", Resume::ok, 1, 100)), std::nullopt);
}

TEST(StreamPosition, ThatOfAnOlderStateIsOfTheSourceThatThereIs) {
  StreamPosition position(StartAt::live, Cursor{"k", 70}, false, kOne);

  EXPECT_EQ(position.ready(ready("k", Resume::ok, 1, 100)), std::nullopt);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 70, kOne}));
}

TEST(StreamPosition, AServerThatHasLessThanItSentSendsNothingOfThatAgain) {
  for (const Resume resume : {Resume::gap, Resume::reset, Resume::live}) {
    StreamPosition position(StartAt::live, Cursor{"k", 70});

    EXPECT_EQ(position.ready(ready("k", resume, 1, 60)), intake::GapKind::reset);
    EXPECT_EQ(position.cursor(), (Cursor{"k", 60}));
  }
}

TEST(StreamPosition, AForgottenPositionIsNotAskedForButWhatItHadIsKnown) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});
  position.forget();

  EXPECT_EQ(position.cursor(), std::nullopt);
  EXPECT_EQ(position.ready(ready("k", Resume::ok, 1, 100)), intake::GapKind::resume);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 70}));
}

TEST(StreamPosition, PassesOverAFrameThatCannotBeTakenOnlyWhenNothingElseCame) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});
  position.ready(ready("k", Resume::ok, 1, 72));

  EXPECT_TRUE(position.pass_over());
  EXPECT_EQ(position.cursor(), (Cursor{"k", 71}));
  EXPECT_FALSE(position.pass_over());

  position.ready(ready("k", Resume::ok, 1, 72));
  position.begin(72, 1);
  position.take(72);
  EXPECT_FALSE(position.pass_over());
}

TEST(StreamPosition, PassesOverNothingThatTheServerDoesNotHave) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});
  position.ready(ready("k", Resume::ok, 1, 70));

  EXPECT_FALSE(position.pass_over());
  EXPECT_EQ(position.cursor(), (Cursor{"k", 70}));
}

TEST(StreamPosition, AServerThatIgnoresThePositionLeavesAGap) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});

  EXPECT_EQ(position.ready(ready("k", Resume::live, 1, 100)), intake::GapKind::resume);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 100}));
}

TEST(StreamPosition, AfterAForgottenPositionItTakesWhatIsLeftAndCallsItAGap) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});
  position.forget();

  EXPECT_EQ(position.ask(), (Position{"", 0}));
  EXPECT_EQ(position.ready(ready("k", Resume::ok, 1, 100)), intake::GapKind::resume);
}

TEST(StreamPosition, FindsAHoleOnce) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});

  EXPECT_FALSE(position.begin(71, 2).hole);
  EXPECT_TRUE(position.take(71));
  EXPECT_TRUE(position.take(72));
  EXPECT_TRUE(position.begin(74, 1).hole);
  EXPECT_TRUE(position.take(74));
  EXPECT_FALSE(position.begin(75, 1).hole);
}

TEST(StreamPosition, PassesOverWhatWasDelivered) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});
  position.begin(69, 3);

  EXPECT_FALSE(position.take(69));
  EXPECT_FALSE(position.take(70));
  EXPECT_TRUE(position.take(71));
  EXPECT_EQ(position.cursor(), (Cursor{"k", 71}));
}

TEST(StreamPosition, AnEmptyFrameIsNeitherAHoleNorAnEvent) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});

  EXPECT_FALSE(position.begin(900, 0).hole);
  EXPECT_EQ(position.cursor(), (Cursor{"k", 70}));
}

TEST(StreamPosition, PositionsThatRunOverAreRefused) {
  StreamPosition position(StartAt::live, Cursor{"k", 70});

  EXPECT_TRUE(position.begin(kMost - 1, 1).valid);
  EXPECT_FALSE(position.begin(kMost, 1).valid);
}

TEST(StreamPosition, AHeartbeatSaysWhetherEverythingIsHere) {
  const StreamPosition position(StartAt::live, Cursor{"k", 70});

  EXPECT_EQ(position.heartbeat(70), StreamPosition::Heartbeat::caught_up);
  EXPECT_EQ(position.heartbeat(71), StreamPosition::Heartbeat::behind);
  EXPECT_EQ(position.heartbeat(69), StreamPosition::Heartbeat::invalid);
}

}  // namespace
}  // namespace deskpulse::feed
