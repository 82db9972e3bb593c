#include "daemon/engine/tally.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/property/kept_image.hpp"

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;

struct Desk {
  explicit Desk(std::vector<Window> windows = {{"1m", 60s}})
      : clock(windows, calendar), rows(Tally::rows_needed(windows.size())), tally(rows) {}
  Calendar calendar;
  WindowClock clock;
  RowPools rows;
  Tally tally;

  std::vector<ScopeNumbers> read() {
    std::vector<ScopeNumbers> scopes(static_cast<std::size_t>(clock.windows()) + 1);
    tally.read(clock, scopes.data());
    return scopes;
  }
};

constexpr auto slow = [](auto& row) { row.add(Count::slow_turns); };

TEST(Tally, AWindowCoversItsBucketAndTheFiftyNineBeforeIt) {
  Desk desk;
  desk.clock.advance(Instant{100'000s});
  desk.tally.place(desk.clock, Instant{100'000s}, slow);

  desk.clock.advance(Instant{100'059s + 999ms});
  EXPECT_EQ(desk.read()[0].slow_turns, 1U);
  desk.clock.advance(Instant{100'060s});
  EXPECT_EQ(desk.read()[0].slow_turns, 0U);
}

TEST(Tally, WhatIsPlacedOutsideTheWindowIsNotCountedInIt) {
  Desk desk;
  desk.clock.advance(Instant{100'060s});

  desk.tally.place(desk.clock, Instant{100'000s + 999ms}, slow);
  desk.tally.place(desk.clock, Instant{100'001s}, slow);

  EXPECT_EQ(desk.read()[0].slow_turns, 1U);
  EXPECT_EQ(desk.read()[1].slow_turns, 2U);
}

TEST(Tally, TheDayBeginsAnewAtTheCutButTheLevelIsCarriedOver) {
  Desk desk;
  const Instant noon{100 * 24h + 4h};
  desk.clock.advance(noon);
  desk.tally.place(desk.clock, noon, slow);
  desk.tally.raise_level(desk.clock);
  desk.tally.raise_level(desk.clock);
  desk.tally.lower_level(desk.clock);
  EXPECT_EQ(desk.read()[1].peak_conversations, 2U);

  desk.clock.advance(noon + 24h);

  EXPECT_EQ(desk.read()[1].slow_turns, 0U);
  EXPECT_EQ(desk.read()[1].peak_conversations, 1U);
}

TEST(Tally, APeakLeavesWithItsBucketAndTheLevelRemains) {
  Desk desk;
  desk.clock.advance(Instant{100'000s});
  desk.tally.raise_level(desk.clock);
  desk.tally.raise_level(desk.clock);
  desk.clock.advance(Instant{100'010s});
  desk.tally.lower_level(desk.clock);

  desk.clock.advance(Instant{100'069s});
  EXPECT_EQ(desk.read()[0].peak_conversations, 2U);
  desk.clock.advance(Instant{100'070s});
  EXPECT_EQ(desk.read()[0].peak_conversations, 1U);
}

TEST(Tally, AgreesWithARecountOnRandomHistories) {
  struct Fact {
    Instant at;
    std::int64_t value;
  };
  // Windows that feed one another, some that do not, one that feeds two, two alike, out of order.
  const std::vector<std::vector<Window>> all{
      {{"6s", 6s}, {"1m", 60s}, {"1h", 1h}},
      {{"5m", 5min}, {"7m", 7min}, {"1m", 60s}, {"35m", 35min}},
      {{"90s", 90s}, {"1m", 60s}, {"3m", 3min}, {"2m", 2min}, {"also 2m", 2min}},
      {{"10m", 10min}, {"15m", 15min}}};
  for (unsigned seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const std::vector<Window>& windows = all[seed % all.size()];
    std::mt19937 random(seed);
    Desk desk(windows);
    std::vector<Fact> facts;
    Instant now{1'000h};
    for (int step = 0; step < 400; ++step) {
      const bool long_gap = random() % 40 == 0;  // longer than every window
      now += Millis{random() % (long_gap ? 9'000'000 : 3'000)};
      desk.clock.advance(now);
      const Fact fact{now - Millis{random() % (random() % 3 == 0 ? 5'000'000 : 9'000)},
                      static_cast<std::int64_t>(random() % 50)};
      facts.push_back(fact);
      desk.tally.place(desk.clock, fact.at, [&](auto& row) {
        row.add(Count::answered_turns);
        row.add_response(fact.value);
        row.raise_response_max(fact.value);
      });
      const auto scopes = desk.read();
      for (std::size_t w = 0; w < windows.size(); ++w) {
        const Millis width = windows[w].span / 60;
        std::uint32_t turns = 0;
        std::int64_t sum = 0;
        std::int64_t maximum = 0;
        for (const Fact& f : facts) {
          if (f.at.time_since_epoch() / width <= now.time_since_epoch() / width - 60) continue;
          ++turns;
          sum += f.value;
          maximum = std::max(maximum, f.value);
        }
        ASSERT_EQ(scopes[w].answered_turns, turns);
        ASSERT_EQ(scopes[w].response_time_sum_ms, sum);
        ASSERT_EQ(scopes[w].response_time_max_ms, maximum);
      }
    }
  }
}

// Packed rows hold two million of a kind; what is more must neither be lost nor spill into others.
TEST(Tally, CountsBeyondWhatAPackedRowHolds) {
  Desk desk({{"1m", 60s}, {"5m", 5min}});
  const Instant start{100'000s};
  desk.clock.advance(start);
  desk.tally.place(desk.clock, start, [](auto& row) {
    row.add(Count::timely_turns);
    row.raise_response_max(7);
  });
  const std::uint32_t many = PackedRow::kMost + 10;
  for (std::uint32_t i = 0; i < many; ++i) desk.tally.place(desk.clock, start, slow);

  EXPECT_EQ(desk.read()[0].slow_turns, many);
  EXPECT_EQ(desk.read()[0].timely_turns, 1U);
  EXPECT_EQ(desk.read()[0].response_time_max_ms, 7);
  EXPECT_EQ(desk.read()[0].slow_customers, 0U);
  desk.clock.advance(start + 2min);
  EXPECT_EQ(desk.read()[0].slow_turns, 0U);
  EXPECT_EQ(desk.read()[1].slow_turns, many);
  desk.clock.advance(start + 10min);
  EXPECT_EQ(desk.read()[1].slow_turns, 0U);
  EXPECT_EQ(desk.read()[2].slow_turns, many);
}

/// The image of a tally whose newest two buckets of every window hold so many messages each.
property::Bytes image_of_messages(int windows, std::uint64_t each) {
  property::KeptSink sink;
  const auto to = std::make_unique<image::Writer>(sink);
  for (std::size_t i = 0; i < proto::kFromCount + kOutcomeCount + 1; ++i)
    to->number(0);  // counters
  constexpr std::uint64_t kMessagesOfCustomers = 1;
  to->flag(true);
  to->number(kMessagesOfCustomers);
  to->number(each);
  to->flag(true);
  for (int i = 0; i < windows; ++i) {
    to->number(0);  // rolled up to now, which is in slot 40
    to->number(std::uint64_t{3} << 39);
    for (int bucket = 0; bucket < 2; ++bucket) {
      to->number(kMessagesOfCustomers);
      to->number(each);
    }
  }
  to->flush();
  return std::move(sink.all);
}

TEST(Tally, CountsOfAScopeAreNotBoundToFourThousandMillion) {
  constexpr std::uint64_t kMany = 0xffff'ffff;
  Desk desk({{"1m", 60s}, {"5m", 5min}});
  desk.clock.advance(Instant{24'000s + 200s});
  const property::Bytes image = image_of_messages(2, kMany);
  property::KeptSource source(image);
  image::Reader reader(source, 1);
  desk.tally.load(reader, desk.clock, {.windows = 2});
  ASSERT_TRUE(reader.is_at_end());

  const auto one = [](auto& row) { row.add(messages_from(proto::From::customer)); };
  desk.tally.place(desk.clock, desk.clock.now(), one);

  EXPECT_EQ(desk.read()[0].messages[0], 2 * kMany + 1);
  EXPECT_EQ(desk.read()[1].messages[0], 4 * kMany + 1);
  EXPECT_EQ(desk.read()[2].messages[0], kMany + 1);
  desk.clock.advance(desk.clock.now() + 1min);  // what the shorter window has held goes on
  EXPECT_EQ(desk.read()[0].messages[0], 0U);
  EXPECT_EQ(desk.read()[1].messages[0], 4 * kMany + 1);
}

// Whatever an image holds, what comes of it is written as an image again, and must be one.
TEST(Tally, WhatLeavesARangeStaysAtItsEnd) {
  Desk desk({{"1m", 60s}, {"5m", 5min}});
  desk.clock.advance(Instant{24'000s + 200s});
  const property::Bytes image = image_of_messages(2, kMostCounted);
  property::KeptSource source(image);
  image::Reader reader(source, 1);
  desk.tally.load(reader, desk.clock, {.windows = 2});
  ASSERT_TRUE(reader.is_at_end());
  const auto longest = [](auto& row) {
    row.add(messages_from(proto::From::customer));
    row.add(Count::unanswered_customers, -1);  // which nobody is
    row.add_response(kLongestSumMs);
    row.add_first_response(kLongestSumMs - 1);
  };
  for (int i = 0; i < 3; ++i) desk.tally.place(desk.clock, desk.clock.now(), longest);
  desk.clock.advance(desk.clock.now() + 1min);
  for (int i = 0; i < 3; ++i) desk.tally.place(desk.clock, desk.clock.now(), longest);
  property::KeptSink sink;
  const auto writer = std::make_unique<image::Writer>(sink);
  desk.tally.save(*writer, desk.clock);
  writer->flush();

  Desk after({{"1m", 60s}, {"5m", 5min}});
  after.clock.advance(desk.clock.now());
  property::KeptSource again(sink.all);
  image::Reader reader_again(again, 1);
  after.tally.load(reader_again, after.clock, {.windows = 2});

  ASSERT_TRUE(reader_again.is_at_end());
  for (Desk* of : {&desk, &after}) {
    EXPECT_EQ(of->read()[2].messages[0], kMostCounted);
    EXPECT_EQ(of->read()[2].response_time_sum_ms, kLongestSumMs);
    EXPECT_EQ(of->read()[2].unanswered_customers, 0U);
  }
  desk.clock.advance(desk.clock.now() + 10min);
  EXPECT_EQ(desk.read()[1].messages[0], 0U);
  EXPECT_EQ(desk.read()[1].response_time_sum_ms, 0);
}

TEST(Tally, GoesOnFromItsImageHoweverMuchItHasCounted) {
  for (const std::uint32_t many : {3U, PackedRow::kMost - 1, PackedRow::kMost + 10}) {
    SCOPED_TRACE(many);
    Desk before({{"1m", 60s}, {"5m", 5min}});
    const Instant start{100'000s};
    before.clock.advance(start);
    for (std::uint32_t i = 0; i < many; ++i) before.tally.place(before.clock, start, slow);
    before.clock.advance(start + 2min);
    before.tally.place(before.clock, start + 1min, slow);
    property::KeptSink sink;
    const auto writer = std::make_unique<image::Writer>(sink);
    before.tally.save(*writer, before.clock);
    writer->flush();

    Desk after({{"1m", 60s}, {"5m", 5min}});
    after.clock.advance(start + 2min);
    property::KeptSource source(sink.all);
    image::Reader reader(source, 1);
    after.tally.load(reader, after.clock, {.windows = 2});

    ASSERT_TRUE(reader.is_at_end());
    for (int i = 0; i < 5; ++i) after.tally.place(after.clock, start + 1min + 10s, slow);
    EXPECT_EQ(after.read()[0].slow_turns, 5U);
    EXPECT_EQ(after.read()[1].slow_turns, many + 6);
    EXPECT_EQ(after.read()[1].slow_customers, 0U);
    EXPECT_EQ(after.read()[2].slow_turns, many + 6);
    after.clock.advance(start + 5min);
    EXPECT_EQ(after.read()[1].slow_turns, 6U);
  }
}

}  // namespace
}  // namespace deskpulse::engine
