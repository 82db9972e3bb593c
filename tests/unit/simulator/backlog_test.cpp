#include "daemon/simulator/backlog.hpp"

#include <gtest/gtest.h>

namespace deskpulse::simulator {
namespace {

using proto::Position;
using proto::Resume;

Backlog backlog_of(int events, std::size_t capacity) {
  Backlog backlog("k1", capacity);
  for (int i = 1; i <= events; ++i) backlog.push("event " + std::to_string(i));
  return backlog;
}

TEST(Backlog, NumbersEventsFromOneAndKeepsTheNewest) {
  const Backlog backlog = backlog_of(5, 3);

  EXPECT_EQ(backlog.head(), 5u);
  EXPECT_EQ(backlog.floor(), 3u);
  EXPECT_EQ(backlog.at(3), "event 3");
  EXPECT_EQ(backlog.at(5), "event 5");
}

TEST(Backlog, HasItsFloorBehindItsHeadWhileEmpty) {
  const Backlog backlog("k1", 3);

  EXPECT_EQ(backlog.head(), 0u);
  EXPECT_EQ(backlog.floor(), 1u);
}

TEST(Backlog, StartsLiveWithoutAPosition) {
  const auto start = backlog_of(5, 3).start_for(std::nullopt);

  EXPECT_EQ(start.resume, Resume::live);
  EXPECT_EQ(start.next, 6u);
}

TEST(Backlog, StartsAtTheFloorWhenAskedForEverything) {
  const auto start = backlog_of(5, 3).start_for(Position{"", 0});

  EXPECT_EQ(start.resume, Resume::ok);
  EXPECT_EQ(start.next, 3u);
}

TEST(Backlog, ResumesBehindAPositionThatItStillHas) {
  const Backlog backlog = backlog_of(5, 3);

  const auto oldest = backlog.start_for(Position{"k1", 2});
  EXPECT_EQ(oldest.resume, Resume::ok);
  EXPECT_EQ(oldest.next, 3u);
  const auto newest = backlog.start_for(Position{"k1", 5});
  EXPECT_EQ(newest.resume, Resume::ok);
  EXPECT_EQ(newest.next, 6u);
}

TEST(Backlog, TellsAGapOnePositionBelowWhatItHas) {
  const auto start = backlog_of(5, 3).start_for(Position{"k1", 1});

  EXPECT_EQ(start.resume, Resume::gap);
  EXPECT_EQ(start.next, 3u);
}

TEST(Backlog, TellsAGapBelowWhatItWasToldToForget) {
  Backlog backlog = backlog_of(5, 100);
  backlog.forget(3);
  backlog.forget(2);

  EXPECT_EQ(backlog.floor(), 4u);
  EXPECT_EQ(backlog.start_for(Position{"k1", 3}).resume, Resume::ok);
  EXPECT_EQ(backlog.start_for(Position{"k1", 2}).resume, Resume::gap);
}

TEST(Backlog, ForgetsNothingThatHasNotHappened) {
  Backlog backlog = backlog_of(5, 100);
  backlog.forget(1000);
  backlog.push("event 6");

  EXPECT_EQ(backlog.floor(), 6u);
}

TEST(Backlog, ResetsPositionsThatAreNotItsOwn) {
  const Backlog backlog = backlog_of(5, 3);

  for (const Position& position : {Position{"k0", 4}, Position{"k0", 0}, Position{"k1", 6}}) {
    const auto start = backlog.start_for(position);
    EXPECT_EQ(start.resume, Resume::reset) << position.epoch << " " << position.after;
    EXPECT_EQ(start.next, 3u);
  }
}

}  // namespace
}  // namespace deskpulse::simulator
