#include "daemon/intake/intake.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "tests/unit/intake/recording_sink.hpp"

namespace deskpulse::intake {
namespace {

using proto::Millis;
using proto::Reject;
using Times = std::vector<std::int64_t>;

constexpr std::int64_t kStart = 1'000'000;

class IntakeTest : public testing::Test {
 protected:
  std::uint64_t rejected(Reject reason) const {
    return intake.counters().rejected[static_cast<std::size_t>(reason)];
  }
  /// The wall clock is far ahead, as in a replay.
  Outcome accept(const proto::Event& event) { return intake.accept(event, at(900'000'000)); }

  RecordingSink sink;
  Intake intake{{.reorder_window = Millis{1'000},
                 .allowed_lateness = Millis{10'000},
                 .max_clock_skew = Millis{5'000},
                 .live_lag = Millis{5'000}},
                proto::IdHasher{},
                sink};
};

TEST_F(IntakeTest, AppliesInTheOrderOfTimeOnceTheWatermarkReachesAnEvent) {
  accept(message(kStart + 500));
  accept(message(kStart));
  accept(message(kStart + 900));
  EXPECT_TRUE(sink.applied.empty());

  accept(message(kStart + 1'500));

  EXPECT_EQ(sink.times(), (Times{kStart, kStart + 500}));
  EXPECT_EQ(sink.now, at(kStart + 500));
}

TEST_F(IntakeTest, ALateEventIsAppliedAtOnceAndCounted) {
  accept(message(kStart + 5'000));

  EXPECT_EQ(accept(message(kStart)), Outcome::late);

  EXPECT_EQ(sink.times(), (Times{kStart}));
  EXPECT_EQ(sink.applied[0].now, at(kStart + 4'000));
  EXPECT_EQ(intake.counters().late, 1u);
}

TEST_F(IntakeTest, AnEventAtTheWatermarkIsNotLate) {
  accept(message(kStart + 5'000));

  EXPECT_EQ(accept(message(kStart + 4'000)), Outcome::in_order);

  EXPECT_EQ(sink.times(), (Times{kStart + 4'000}));
  EXPECT_EQ(intake.counters().late, 0u);
}

TEST_F(IntakeTest, TooLateBeginsOneMillisecondBehindTheAllowedLateness) {
  accept(message(kStart + 11'000));  // the watermark is kStart + 10,000

  EXPECT_EQ(accept(message(kStart)), Outcome::late);
  EXPECT_EQ(accept(message(kStart - 1)), Outcome::too_late);
  EXPECT_EQ(rejected(Reject::too_late), 1u);
  EXPECT_EQ(sink.times(), (Times{kStart}));
}

TEST_F(IntakeTest, TheFutureBeginsOneMillisecondAheadOfTheClockSkew) {
  EXPECT_EQ(intake.accept(message(kStart + 5'000), at(kStart)), Outcome::in_order);
  EXPECT_EQ(intake.accept(message(kStart + 5'001), at(kStart)), Outcome::future);
  EXPECT_EQ(rejected(Reject::future), 1u);
}

TEST_F(IntakeTest, ARejectedEventMovesNoWatermarkAndUsesNoId) {
  intake.accept(message(kStart + 60'000, "a"), at(kStart));
  EXPECT_EQ(intake.watermark(), at(0));

  EXPECT_EQ(accept(message(kStart, "a")), Outcome::in_order);
}

TEST_F(IntakeTest, ADuplicateIsDroppedAndCounted) {
  accept(message(kStart, "a"));

  EXPECT_EQ(accept(message(kStart + 700, "a")), Outcome::duplicate);

  EXPECT_EQ(intake.counters().duplicates, 1u);
  EXPECT_EQ(intake.watermark(), at(kStart - 1'000));
}

TEST_F(IntakeTest, TheSameIdInAnotherShopIsAnotherEvent) {
  accept(message(kStart, "a"));
  proto::Event other = message(kStart, "a");
  other.shop = "other";

  EXPECT_EQ(accept(other), Outcome::in_order);
}

TEST_F(IntakeTest, EventsWithoutAnIdAreNeverDuplicates) {
  accept(message(kStart));

  EXPECT_EQ(accept(message(kStart)), Outcome::in_order);
}

TEST_F(IntakeTest, TooLateIsJudgedBeforeDuplicate) {
  accept(message(kStart, "a"));
  accept(message(kStart + 11'000));
  EXPECT_EQ(accept(message(kStart, "a")), Outcome::duplicate);

  accept(message(kStart + 11'001));
  EXPECT_EQ(accept(message(kStart, "a")), Outcome::too_late);
}

TEST_F(IntakeTest, UnknownTypesAndSendersMoveTheWatermarkUseTheirIdAndGoNoFurther) {
  proto::Event type = message(kStart + 1'000, "a");
  type.type = proto::Type::unknown;
  proto::Event from = message(kStart + 2'000, "b");
  from.from = proto::From::unknown;

  EXPECT_EQ(accept(type), Outcome::ignored);
  EXPECT_EQ(intake.watermark(), at(kStart));
  EXPECT_EQ(accept(from), Outcome::ignored);
  EXPECT_EQ(accept(from), Outcome::duplicate);
  intake.finish();

  EXPECT_TRUE(sink.applied.empty());
  EXPECT_EQ(rejected(Reject::unknown_type), 1u);
  EXPECT_EQ(rejected(Reject::unknown_from), 1u);
  EXPECT_EQ(intake.counters().events[static_cast<std::size_t>(proto::Type::message)], 0u);
}

TEST_F(IntakeTest, TheCustomersIdIsReplacedByItsKey) {
  accept(message(kStart));
  accept(message(kStart - 5'000));  // late: the other way to the sink
  intake.finish();

  ASSERT_EQ(sink.applied.size(), 2u);
  for (const auto& one : sink.applied) {
    EXPECT_TRUE(one.event.customer.empty());
    EXPECT_EQ(one.event.customer_key, proto::IdHasher{}.hash("shop", "c1"));
  }
}

TEST_F(IntakeTest, TheEndOfAReplayDrainsTheBufferAndSetsTheNewestTime) {
  accept(message(kStart + 500));
  accept(message(kStart));
  intake.finish();

  EXPECT_EQ(sink.times(), (Times{kStart, kStart + 500}));
  EXPECT_EQ(sink.now, at(kStart + 500));
}

TEST_F(IntakeTest, UntilMovesTheEndOfAReplayForwardOnly) {
  accept(message(kStart));
  intake.finish(at(kStart - 400));
  EXPECT_EQ(sink.now, at(kStart));

  intake.finish(at(kStart + 400));
  EXPECT_EQ(sink.now, at(kStart + 400));
}

TEST_F(IntakeTest, ASilentLiveFeedFollowsTheWallClock) {
  intake.connected(Millis{5'000}, at(kStart));
  intake.event(message(kStart), at(kStart));
  intake.tick(at(kStart + 3'000));

  EXPECT_EQ(sink.times(), (Times{kStart}));
  EXPECT_EQ(sink.now, at(kStart + 2'000));
}

TEST_F(IntakeTest, ADisconnectedFeedStandsStill) {
  intake.connected(Millis{5'000}, at(kStart));
  intake.event(message(kStart), at(kStart));
  intake.disconnected(Disconnect::closed_by_peer);
  intake.tick(at(kStart + 3'000));

  EXPECT_TRUE(sink.applied.empty());
  EXPECT_EQ(intake.counters().disconnects[static_cast<std::size_t>(Disconnect::closed_by_peer)],
            1u);
}

TEST_F(IntakeTest, AGapReachesFromTheNewestBeforeToTheFirstAfter) {
  intake.connected(Millis{5'000}, at(kStart));
  intake.event(message(kStart), at(kStart));
  intake.gap(GapKind::resume);
  intake.event(message(kStart + 7'000), at(kStart + 7'000));

  EXPECT_EQ(intake.gaps().total(), Millis{7'000});
  EXPECT_TRUE(intake.gaps().incomplete(Millis{60'000}, intake.watermark()));
}

TEST_F(IntakeTest, AHeartbeatFromTheFutureEndsNoGap) {
  intake.connected(Millis{5'000}, at(kStart));
  intake.gap(GapKind::resume);
  intake.heartbeat(at(kStart + 5'001), at(kStart));

  EXPECT_TRUE(intake.gaps().is_open());
}

TEST_F(IntakeTest, AGapEndsNowAlsoWhenTheServersClockIsAhead) {
  intake.connected(Millis{5'000}, at(kStart));
  intake.gap(GapKind::resume);
  intake.heartbeat(at(kStart + 5'000), at(kStart));

  EXPECT_TRUE(intake.gaps().incomplete(Millis{60'000}, at(kStart)));
  EXPECT_FALSE(intake.gaps().incomplete(Millis{60'000}, at(kStart + 61'000)));
}

TEST_F(IntakeTest, RemembersTheFieldOfTheNewestRejection) {
  intake.rejected({Reject::bad_value, "score"});
  intake.rejected({Reject::malformed, "shop"});

  const auto& fields = intake.counters().rejected_field;
  EXPECT_EQ(fields[static_cast<std::size_t>(Reject::bad_value)], "score");
  EXPECT_EQ(fields[static_cast<std::size_t>(Reject::malformed)], "shop");
  EXPECT_EQ(rejected(Reject::bad_value), 1u);
}

TEST_F(IntakeTest, WithoutAReorderWindowEveryEventIsAppliedAtOnce) {
  RecordingSink direct;
  Intake plain({.reorder_window = Millis{0}}, proto::IdHasher{}, direct);
  plain.accept(message(kStart + 1), at(kStart));
  plain.accept(message(kStart + 1), at(kStart));
  plain.accept(message(kStart), at(kStart));

  EXPECT_EQ(direct.times(), (Times{kStart + 1, kStart + 1, kStart}));
  EXPECT_EQ(plain.counters().late, 1u);
}

TEST_F(IntakeTest, AFullBufferLetsTimeGoOnToTheOldestOfItsEvents) {
  RecordingSink small_sink;
  Intake small({.reorder_window = Millis{1'000}, .buffered_events = 3}, proto::IdHasher{},
               small_sink);
  for (const std::int64_t ts : {100, 300, 200, 250}) small.accept(message(kStart + ts), at(kStart));
  EXPECT_EQ(small_sink.times(), (Times{kStart + 100}));

  // Before all that wait: it is the one that has to go.
  EXPECT_EQ(small.accept(message(kStart + 150), at(kStart)), Outcome::in_order);
  EXPECT_EQ(small_sink.times(), (Times{kStart + 100, kStart + 150}));
  EXPECT_EQ(small.accept(message(kStart + 120), at(kStart)), Outcome::late);

  const Intake::LimitUse buffered = small.limits()[1];
  EXPECT_EQ(buffered.limit, "buffered_events");
  EXPECT_EQ(buffered.used, 3u);
  EXPECT_EQ(buffered.most, 3u);
  EXPECT_EQ(buffered.exceeded, 2u);
}

/// With names as long as they may be: some 2 KiB.
proto::Event long_named(std::int64_t ts) {
  static const std::string kName(256, 'n');
  proto::Event event = message(ts);
  for (const auto field : {&proto::Event::agent, &proto::Event::topic, &proto::Event::name,
                           &proto::Event::group, &proto::Event::from_agent})
    event.*field = kName;
  return event;
}

TEST_F(IntakeTest, WhileGrowthIsHeldTheBufferTakesNoMoreMemoryHoweverLongTheNames) {
  RecordingSink held_sink;
  Intake held({.reorder_window = Millis{60'000}}, proto::IdHasher{}, held_sink);
  for (int i = 0; i < 100; ++i) held.accept(long_named(kStart + 100 + i), at(kStart + 10'000));
  held.hold_growth(true);
  const std::size_t bytes = held.bytes_used();

  for (int i = 0; i < 5'000; ++i) held.accept(long_named(kStart + 1'000 + i), at(kStart + 10'000));
  EXPECT_EQ(held.bytes_used(), bytes);
  EXPECT_GT(held.buffered(), 50u);
  EXPECT_EQ(held_sink.applied.size() + held.buffered(), 5'100u);

  held.hold_growth(false);
  for (int i = 0; i < 500; ++i) held.accept(long_named(kStart + 5'999), at(kStart + 10'000));
  EXPECT_GT(held.bytes_used(), bytes);
}

TEST_F(IntakeTest, ABufferThatIsFullOfBytesLetsTimeGoOnAsOneThatIsFullOfEvents) {
  RecordingSink small_sink;
  Intake small({.reorder_window = Millis{60'000}, .buffered_bytes = 64 * 1024}, proto::IdHasher{},
               small_sink);
  for (int i = 0; i < 33; ++i) small.accept(long_named(kStart + 100 + i), at(kStart));

  EXPECT_EQ(small_sink.times(), (Times{kStart + 100}));
  const Intake::LimitUse bytes = small.limits()[2];
  EXPECT_EQ(bytes.limit, "buffered_bytes");
  EXPECT_EQ(bytes.used, 64u * 1024);
  EXPECT_EQ(bytes.most, 64u * 1024);
  EXPECT_EQ(bytes.exceeded, 1u);
  EXPECT_EQ(small.limits()[1].exceeded, 0u);
}

TEST_F(IntakeTest, AnEventThatHasNoRoomInAnEmptyBufferDoesNotWait) {
  RecordingSink small_sink;
  Intake small({.reorder_window = Millis{60'000}, .buffered_bytes = 0}, proto::IdHasher{},
               small_sink);

  EXPECT_EQ(small.accept(message(kStart), at(kStart)), Outcome::in_order);
  EXPECT_EQ(small_sink.times(), (Times{kStart}));
}

TEST_F(IntakeTest, InAFloodNoDuplicateIsTakenAndTheAllowedLatenessSaysWhatIsStillTaken) {
  RecordingSink flooded_sink;
  Intake flooded({.reorder_window = Millis{100},
                  .allowed_lateness = Millis{60'000},
                  .remembered_ids = 500,
                  .buffered_events = 50},
                 proto::IdHasher{}, flooded_sink);
  std::mt19937 random(9);
  std::set<std::string> sent;
  std::set<std::string> taken;
  for (std::int64_t now = kStart; now < kStart + 20'000; ++now) {
    const std::int64_t ts = now - static_cast<std::int64_t>(random() % 3'000);
    const std::string id = std::to_string(ts) + "-" + std::to_string(random() % 3);
    proto::Event event = message(ts, id);
    event.topic = id;
    const Outcome outcome = flooded.accept(event, at(now));
    if (outcome == Outcome::in_order || outcome == Outcome::late) {
      ASSERT_TRUE(taken.insert(id).second) << id;
    } else if (outcome == Outcome::too_late) {
      ASSERT_LT(at(ts), flooded.watermark() - flooded.allowed_lateness());
    } else {
      ASSERT_EQ(outcome, Outcome::duplicate);
      ASSERT_TRUE(taken.contains(id)) << id;
    }
    ASSERT_LE(flooded.buffered(), 50u);
    ASSERT_LE(flooded.limits()[0].used, 500u);
  }
  flooded.finish();

  std::multiset<std::string> applied;
  for (const auto& one : flooded_sink.applied) applied.insert(one.topic);
  EXPECT_TRUE(std::equal(applied.begin(), applied.end(), taken.begin(), taken.end()));
  EXPECT_GT(flooded.limits()[0].exceeded, 0u);
  EXPECT_LT(flooded.allowed_lateness(), Millis{3'000});
  EXPECT_EQ(intake.allowed_lateness(), Millis{10'000});
}

TEST_F(IntakeTest, AWallClockSetBackRefusesNothingAsTheFuture) {
  intake.connected(Millis{5'000}, at(kStart));
  intake.event(message(kStart), at(kStart));
  intake.clock_stepped(Millis{-600'000}, at(kStart - 599'000));

  EXPECT_EQ(intake.accept(message(kStart + 2'000), at(kStart - 598'000)), Outcome::in_order);
  EXPECT_EQ(intake.accept(message(kStart + 7'001), at(kStart - 598'000)), Outcome::future);
}

TEST_F(IntakeTest, WhatIsTooLateSinceClocksWereSetBackIsAGapThoughTheDayBeganAnew) {
  intake.connected(Millis{5'000}, at(kStart));
  intake.event(message(kStart), at(kStart));
  intake.event(message(kStart + 5'000), at(kStart + 5'000));
  intake.calendar_began_anew();
  intake.clock_stepped(Millis{-600'000}, at(kStart - 595'000));

  EXPECT_EQ(intake.accept(message(kStart - 594'000), at(kStart - 594'000)), Outcome::too_late);

  EXPECT_EQ(intake.gaps().count(GapKind::set_back), 1u);
  EXPECT_TRUE(intake.gaps().incomplete(Millis{60'000}, intake.watermark()));
}

/// The intake in its plainest form: everything is kept, sorted and searched.
struct PlainIntake {
  std::int64_t reorder, lateness;
  std::vector<std::pair<std::int64_t, std::string>> waiting;  // ts, mark
  std::multiset<std::pair<std::string, std::int64_t>> ids;
  std::vector<std::string> applied;
  std::int64_t watermark = 0;
  std::int64_t newest = 0;

  void take(std::int64_t ts, const std::string& id, const std::string& mark) {
    if (ts < watermark - lateness) return;
    for (const auto& [known, when] : ids) {
      if (known == id && watermark <= when + lateness) return;
    }
    ids.emplace(id, ts);
    if (ts < watermark) {
      applied.push_back(mark);
    } else {
      waiting.emplace_back(ts, mark);
    }
    newest = std::max(newest, ts);
    advance(newest - reorder);
  }
  void advance(std::int64_t to) {
    watermark = std::max(watermark, to);
    std::stable_sort(waiting.begin(), waiting.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    while (!waiting.empty() && waiting.front().first <= watermark) {
      applied.push_back(waiting.front().second);
      waiting.erase(waiting.begin());
    }
  }
};

TEST(Intake, AgreesWithThePlainestIntakeOnRandomHistories) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    constexpr std::array<std::int64_t, 4> kReorder{0, 1, 20, 100};
    PlainIntake plain{kReorder[seed % 4], seed % 5 == 0 ? 0 : 50, {}, {}, {}};
    RecordingSink sink;
    Intake intake({.reorder_window = Millis{plain.reorder},
                   .allowed_lateness = Millis{plain.lateness},
                   .max_clock_skew = Millis{0}},
                  proto::IdHasher{}, sink);
    std::int64_t now = kStart;
    for (int i = 0; i < 400; ++i) {
      const bool long_gap = random() % 50 == 0;
      now += random() % (long_gap ? 500 : 8);
      const std::int64_t ts = now - static_cast<std::int64_t>(random() % 160);
      const std::string id = "e" + std::to_string(random() % 60);
      const std::string mark = std::to_string(i);
      proto::Event event = message(ts, id);
      event.topic = mark;
      intake.accept(event, at(now));
      plain.take(ts, id, mark);
      ASSERT_EQ(sink.now, at(plain.watermark));
      ASSERT_EQ(intake.buffered(), plain.waiting.size());
    }
    intake.finish();
    plain.advance(plain.newest);

    std::vector<std::string> applied;
    for (const auto& one : sink.applied) applied.push_back(one.topic);
    ASSERT_EQ(applied, plain.applied);
    ASSERT_FALSE(sink.went_back);
  }
}

}  // namespace
}  // namespace deskpulse::intake
