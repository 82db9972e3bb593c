// An intake that goes on in another process, from an image and from a journal.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>

#include "daemon/intake/intake.hpp"
#include "tests/unit/intake/image_in_memory.hpp"
#include "tests/unit/intake/recorded_journal.hpp"
#include "tests/unit/intake/recording_sink.hpp"

namespace deskpulse::intake {
namespace {

using proto::Instant;
using proto::Millis;

constexpr std::int64_t kStart = 1'000'000;

Image image_of(const Intake& intake) {
  return image_by([&](image::Writer& writer) { intake.save(writer); });
}

bool load(Intake& intake, const Image& image) {
  return loads(image, [&](image::Reader& reader) { return intake.load(reader); });
}

using Seen = std::tuple<std::int64_t, std::string, std::string, std::int64_t>;

std::vector<Seen> seen(const RecordingSink& sink) {
  std::vector<Seen> all;
  for (const auto& one : sink.applied) {
    all.emplace_back(one.event.ts.time_since_epoch().count(), one.agent, one.topic,
                     one.now.time_since_epoch().count());
  }
  return all;
}

/// A source, its network and a clock, all by chance.
class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}

  /// One thing happens to the intake.
  void step(Intake& intake) {
    const bool long_gap = random_() % 100 == 0;
    now_ += static_cast<std::int64_t>(random_() % (long_gap ? 9'000 : 40));
    switch (random_() % 40) {
      case 0:
        intake.connected(Millis{5'000}, at(now_));
        break;
      case 1:
        if (random_() % 4 == 0) intake.disconnected(Disconnect::closed_by_peer);
        break;
      case 2:
        if (random_() % 4 == 0) intake.gap(static_cast<GapKind>(random_() % kGapKindCount));
        if (random_() % 8 == 0) intake.missed_until(std::nullopt, at(now_));
        break;
      case 3:
        intake.heartbeat(random_() % 3 == 0 ? std::nullopt : std::optional(at(now_ + 200)),
                         at(now_));
        break;
      case 4:
        intake.rejected({proto::Reject::bad_value, "score"});
        break;
      case 5:
      case 6:
      case 7:
        intake.tick(at(now_));
        break;
      default:
        event(intake);
    }
  }

 private:
  void event(Intake& intake) {
    const bool very_late = random_() % 30 == 0;
    const auto behind = static_cast<std::int64_t>(random_() % (very_late ? 14'000 : 1'500));
    const std::string id = random_() % 5 == 0 ? "" : "e" + std::to_string(random_() % 3'000);
    const std::string agent = "agent " + std::to_string(random_() % 9);
    const std::string mark = std::to_string(++marks_);
    proto::Event event = message(now_ - behind + static_cast<std::int64_t>(random_() % 100), id);
    event.agent = agent;
    event.topic = mark;
    if (random_() % 12 == 0) event.from = proto::From::unknown;
    if (random_() % 12 == 0) event.type = proto::Type::unknown;
    if (random_() % 12 == 0) {
      event.type = proto::Type::order;
      event.order = "o-77";
      event.amount_e4 = 1'299'000;
      event.items = 3;
    }
    intake.event(event, at(now_));
  }

  std::mt19937 random_;
  std::int64_t now_ = kStart;
  int marks_ = 0;
};

constexpr IntakeSettings kSettings{.reorder_window = Millis{1'000},
                                   .allowed_lateness = Millis{10'000},
                                   .max_clock_skew = Millis{5'000},
                                   .live_lag = Millis{5'000}};

TEST(IntakeImage, GoesOnAsIfThereHadBeenNoBreak) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RecordingSink sink;
    Intake intake(kSettings, proto::IdHasher{}, sink);
    Chance chance(seed);
    const unsigned before = 1 + seed * 37 % 1'000;
    for (unsigned i = 0; i < before; ++i) chance.step(intake);

    RecordingSink sink_after;
    sink_after.now = sink.now;
    Intake after(kSettings, proto::IdHasher{}, sink_after);
    ASSERT_TRUE(load(after, image_of(intake)));
    ASSERT_EQ(image_of(after), image_of(intake));
    ASSERT_EQ(after.buffered(), intake.buffered());

    // A connection is not restored: both get a new one.
    intake.connected(Millis{5'000}, at(kStart + 900'000));
    after.connected(Millis{5'000}, at(kStart + 900'000));
    sink.applied.clear();
    Chance later(seed + 1'000);
    Chance later_again = later;
    for (int i = 0; i < 500; ++i) {
      later.step(intake);
      later_again.step(after);
    }
    ASSERT_EQ(seen(sink_after), seen(sink));
    ASSERT_EQ(image_of(after), image_of(intake));
  }
}

TEST(IntakeImage, ACrashLosesNothingThatAJournalHasBehindTheImage) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RecordingSink sink;
    RecordedJournal journal;
    Intake intake(kSettings, proto::IdHasher{}, sink);
    intake.tell(&journal);
    Chance chance(seed);
    const unsigned steps_before = seed * 53 % 1'500;
    const unsigned steps_behind = seed * 71 % 1'500;
    for (unsigned i = 0; i < steps_before; ++i) chance.step(intake);
    const Image image = image_of(intake);
    const std::size_t first = journal.size();
    const Instant time_of_image = sink.now;
    sink.applied.clear();
    for (unsigned i = 0; i < steps_behind; ++i) chance.step(intake);

    RecordingSink sink_after;
    sink_after.now = time_of_image;
    Intake after(kSettings, proto::IdHasher{}, sink_after);
    ASSERT_TRUE(load(after, image));
    journal.tell(after.recovery(), first);
    after.recover_refusals(intake.counters());

    ASSERT_EQ(seen(sink_after), seen(sink));
    ASSERT_EQ(sink_after.now, sink.now);
    ASSERT_EQ(image_of(after), image_of(intake));
    ASSERT_FALSE(journal.told_clear_id);
  }
}

TEST(IntakeImage, ACrashAtTheLimitsLosesNothingEither) {
  IntakeSettings small = kSettings;
  small.remembered_ids = 40;
  small.buffered_events = 7;
  for (unsigned seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RecordingSink sink;
    RecordedJournal journal;
    Intake intake(small, proto::IdHasher{}, sink);
    intake.tell(&journal);
    Chance chance(seed);
    for (unsigned i = 0; i < seed * 53 % 1'500; ++i) chance.step(intake);
    const Image image = image_of(intake);
    const std::size_t first = journal.size();
    sink.applied.clear();
    for (int i = 0; i < 700; ++i) chance.step(intake);

    RecordingSink sink_after;
    Intake after(small, proto::IdHasher{}, sink_after);
    ASSERT_TRUE(load(after, image));
    sink_after.applied.clear();
    sink_after.now = after.watermark();
    journal.tell(after.recovery(), first);
    after.recover_refusals(intake.counters());

    ASSERT_EQ(seen(sink_after), seen(sink));
    ASSERT_EQ(image_of(after), image_of(intake));
  }
}

TEST(IntakeImage, HoldsNoIdInTheClear) {
  RecordingSink sink;
  Intake intake(kSettings, proto::IdHasher{}, sink);
  proto::Event event = message(kStart, "marker-of-the-event");
  event.type = proto::Type::order;
  event.customer = "marker-of-the-customer";
  event.order = "marker-of-the-order";
  intake.event(event, at(kStart));
  ASSERT_EQ(intake.buffered(), 1U);

  const Image image = image_of(intake);

  const std::string_view text(reinterpret_cast<const char*>(image.data()), image.size());
  EXPECT_EQ(text.find("marker"), std::string_view::npos);
  EXPECT_NE(text.find("shop"), std::string_view::npos);
}

TEST(IntakeImage, AShorterReorderWindowAppliesWhatNoLongerFits) {
  RecordingSink sink;
  Intake intake(kSettings, proto::IdHasher{}, sink);
  for (const std::int64_t ts : {1, 300, 650, 1'000}) intake.event(message(kStart + ts), at(kStart));

  for (const std::int64_t window : {0, 400, 5'000}) {
    SCOPED_TRACE(window);
    IntakeSettings settings = kSettings;
    settings.reorder_window = Millis{window};
    RecordingSink sink_after;
    sink_after.now = sink.now;
    Intake after(settings, proto::IdHasher{}, sink_after);
    ASSERT_TRUE(load(after, image_of(intake)));

    EXPECT_EQ(sink_after.applied.size(), window == 0 ? 4U : window == 400 ? 2U : 0U);
    EXPECT_EQ(after.watermark(), at(kStart + std::max<std::int64_t>(1'000 - window, 0)));
    EXPECT_EQ(sink_after.applied.empty() ? at(kStart) : sink_after.now, after.watermark());
    EXPECT_EQ(after.buffered() + sink_after.applied.size(), 4U);
  }
}

TEST(IntakeImage, ALongerAllowedLatenessTakesNoDuplicateForNew) {
  RecordingSink sink;
  Intake intake(kSettings, proto::IdHasher{}, sink);
  intake.event(message(kStart, "forgotten"), at(kStart));
  intake.event(message(kStart + 11'100, "newer"), at(kStart + 11'100));
  IntakeSettings settings = kSettings;
  settings.allowed_lateness = Millis{60'000};
  RecordingSink sink_after;
  Intake after(settings, proto::IdHasher{}, sink_after);
  ASSERT_TRUE(load(after, image_of(intake)));

  const Instant wall = at(kStart + 11'100);
  EXPECT_EQ(after.accept(message(kStart, "forgotten"), wall), Outcome::too_late);
  EXPECT_EQ(after.accept(message(kStart + 11'100, "newer"), wall), Outcome::duplicate);
  after.accept(message(kStart + 70'000), at(kStart + 70'000));
  EXPECT_EQ(after.accept(message(kStart + 9'100), wall), Outcome::late);
  EXPECT_EQ(after.accept(message(kStart + 11'100, "newer"), wall), Outcome::duplicate);
}

TEST(IntakeImage, AnOpenGapIsStillOpenAndIsNotCountedTwice) {
  RecordingSink sink;
  Intake intake(kSettings, proto::IdHasher{}, sink);
  intake.event(message(kStart), at(kStart));
  intake.gap(GapKind::disconnect);
  RecordingSink sink_after;
  Intake after(kSettings, proto::IdHasher{}, sink_after);
  ASSERT_TRUE(load(after, image_of(intake)));

  after.connected(Millis{5'000}, at(kStart + 9'000));
  after.gap(GapKind::disconnect);
  after.event(message(kStart + 9'000), at(kStart + 9'000));

  EXPECT_EQ(after.gaps().count(), 1U);
  EXPECT_EQ(after.gaps().total(), Millis{9'000});
}

TEST(IntakeImage, WhatIsSentAgainAndOfTheFutureSinceClocksWereSetBackIsAGapAndCountersBeginAnew) {
  RecordingSink sink;
  Intake intake(kSettings, proto::IdHasher{}, sink);
  intake.event(message(kStart), at(kStart));
  intake.event(message(kStart + 5'000), at(kStart + 5'000));
  RecordingSink sink_after;
  Intake after(kSettings, proto::IdHasher{}, sink_after);
  ASSERT_TRUE(load(after, image_of(intake)));
  const Instant set_back = at(kStart - 595'000);

  after.connected(Millis{5'000}, set_back);
  EXPECT_EQ(after.accept(message(kStart + 6'000), set_back), Outcome::future);
  EXPECT_EQ(after.accept(message(kStart + 7'000), set_back), Outcome::future);

  EXPECT_EQ(after.gaps().count(GapKind::set_back), 1u);
  EXPECT_TRUE(after.gaps().misses_events_of(at(kStart + 7'000)));
  EXPECT_EQ(after.counters().events[static_cast<std::size_t>(proto::Type::message)], 0u);
}

TEST(IntakeImage, EveryTruncationIsRefused) {
  RecordingSink sink;
  Intake intake(kSettings, proto::IdHasher{}, sink);
  Chance chance(7);
  for (int i = 0; i < 300; ++i) chance.step(intake);
  const Image whole = image_of(intake);

  for (std::size_t size = 0; size < whole.size(); ++size) {
    RecordingSink sink_after;
    Intake after(kSettings, proto::IdHasher{}, sink_after);
    ASSERT_FALSE(load(after, Image(whole.begin(), whole.begin() + static_cast<int>(size))));
  }
}

TEST(IntakeImage, GarbageIsRefusedOrIsAStateThatGoesOn) {
  RecordingSink sink;
  Intake intake(kSettings, proto::IdHasher{}, sink);
  Chance chance(7);
  for (int i = 0; i < 300; ++i) chance.step(intake);
  const Image whole = image_of(intake);

  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    Image damaged = whole;
    for (auto n = 1 + random() % 3; n > 0; --n)
      damaged[random() % std::min<std::size_t>(damaged.size(), i % 2 == 0 ? 4'000 : 200)] =
          static_cast<std::byte>(random());
    RecordingSink sink_after;
    Intake after(kSettings, proto::IdHasher{}, sink_after);
    if (!load(after, damaged)) continue;
    after.connected(Millis{5'000}, at(kStart));
    after.event(message(kStart + 100'000), at(kStart + 100'000));
    after.tick(at(kStart + 100'000));
  }
}

}  // namespace
}  // namespace deskpulse::intake
