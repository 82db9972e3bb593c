#include "daemon/intake/order_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "tests/unit/intake/recording_sink.hpp"

namespace deskpulse::intake {
namespace {

using proto::Event;
using proto::Instant;
using proto::Millis;

std::vector<std::int64_t> released(OrderBuffer& buffer, std::int64_t to) {
  std::vector<std::int64_t> times;
  buffer.release(at(to),
                 [&](const Event& event) { times.push_back(event.ts.time_since_epoch().count()); });
  return times;
}

TEST(OrderBuffer, GivesOutUpToAndWithTheWatermark) {
  OrderBuffer buffer(Millis{1'000});
  buffer.release(at(10'000), [](const Event&) {});
  for (const std::int64_t ts : {10'700, 10'500, 11'000, 10'501})
    ASSERT_TRUE(buffer.push(message(ts)));

  EXPECT_EQ(released(buffer, 10'500), (std::vector<std::int64_t>{10'500}));
  EXPECT_EQ(released(buffer, 20'000), (std::vector<std::int64_t>{10'501, 10'700, 11'000}));
  EXPECT_EQ(buffer.size(), 0u);
}

TEST(OrderBuffer, EqualTimesComeInTheOrderOfArrival) {
  OrderBuffer buffer(Millis{100});
  std::string seen;
  for (const char* topic : {"a", "b", "c"}) {
    Event event = message(50);
    event.topic = topic;
    ASSERT_TRUE(buffer.push(event));
  }
  buffer.release(at(50), [&](const Event& event) { seen += event.topic; });

  EXPECT_EQ(seen, "abc");
}

TEST(OrderBuffer, AnEarlierTimeReleasesNothing) {
  OrderBuffer buffer(Millis{100});
  buffer.release(at(1'000), [](const Event&) {});
  ASSERT_TRUE(buffer.push(message(1'001)));

  EXPECT_TRUE(released(buffer, 900).empty());
  EXPECT_EQ(buffer.watermark(), at(1'000));
}

TEST(OrderBuffer, KeepsWhatLaterStagesReadAndNoCustomerId) {
  OrderBuffer buffer(Millis{100});
  {
    const std::string shop(256, 's');
    const std::string name(2'048, 'n');
    const std::string group(2'048, 'g');
    Event event = message(50, "id");
    event.shop = shop;
    event.name = name;
    event.group = group;
    event.from_agent = "bob";
    event.topic = "size";
    event.order = "o-1";
    event.order_key = {5, 6};
    event.capacity = 7;
    event.amount_e4 = 1'299'000;
    event.customer_key = {3, 4};
    ASSERT_TRUE(buffer.push(event));
  }
  int count = 0;
  buffer.release(at(60), [&](const Event& event) {
    ++count;
    EXPECT_EQ(event.shop, std::string(256, 's'));
    EXPECT_EQ(event.name, std::string(2'048, 'n'));
    EXPECT_EQ(event.group, std::string(2'048, 'g'));
    EXPECT_EQ(event.agent, "amy");
    EXPECT_EQ(event.from_agent, "bob");
    EXPECT_EQ(event.topic, "size");
    EXPECT_TRUE(event.order.empty());
    EXPECT_EQ(event.order_key, (proto::CustomerKey{5, 6}));
    EXPECT_EQ(event.capacity, 7u);
    EXPECT_EQ(event.amount_e4, 1'299'000);
    EXPECT_EQ(event.customer_key, (proto::CustomerKey{3, 4}));
    EXPECT_TRUE(event.customer.empty());
    EXPECT_TRUE(event.id.empty());
  });
  EXPECT_EQ(count, 1);
}

TEST(OrderBuffer, AgreesWithAStableSortOnRandomHistories) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    constexpr std::array<std::int64_t, 6> kWindows{1, 5, 63, 64, 1'000, 60'000};
    const std::int64_t window = kWindows[seed % kWindows.size()];
    OrderBuffer buffer(Millis{window});
    std::vector<std::pair<std::int64_t, std::string>> plain;  // ts, mark; in order of arrival
    std::int64_t watermark = static_cast<std::int64_t>(random() % 100'000);
    buffer.release(at(watermark), [](const Event&) {});
    for (int i = 0; i < 400; ++i) {
      const std::string mark = std::to_string(i);
      const std::int64_t ts = watermark + 1 + static_cast<std::int64_t>(random() % window);
      Event event = message(ts);
      event.topic = mark;
      const std::string name(random() % 700, 'n');
      event.name = name;
      ASSERT_TRUE(buffer.push(event));
      plain.emplace_back(ts, mark);
      if (random() % 3 != 0) continue;

      const bool long_gap = random() % 20 == 0;
      watermark += static_cast<std::int64_t>(random() % (long_gap ? 200'000 : window + 1));
      std::stable_sort(plain.begin(), plain.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      std::size_t next = 0;
      buffer.release(at(watermark), [&](const Event& one) {
        ASSERT_LT(next, plain.size());
        ASSERT_EQ(one.ts, at(plain[next].first));
        ASSERT_EQ(one.topic, plain[next].second);
        ++next;
      });
      ASSERT_TRUE(next == plain.size() || plain[next].first > watermark);
      plain.erase(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(next));
      ASSERT_EQ(buffer.size(), plain.size());
    }
  }
}

TEST(OrderBuffer, AnnouncesAnEventOnceBeforeItIsTaken) {
  OrderBuffer buffer(Millis{1'000});
  buffer.release(at(10'000), [](const Event&) {});
  for (const std::int64_t ts : {10'001, 10'010, 10'010, 10'900})
    ASSERT_TRUE(buffer.push(message(ts)));
  std::vector<std::int64_t> calls;  // announced as they are, taken as their negative
  const auto ms = [](const Event& event) { return event.ts.time_since_epoch().count(); };
  const auto move_to = [&](std::int64_t to) {
    calls.clear();
    buffer.release(
        at(to), [&](const Event& event) { calls.push_back(-ms(event)); },
        [&](const Event& event) { calls.push_back(ms(event)); });
    return calls;
  };

  EXPECT_EQ(move_to(10'001), (std::vector<std::int64_t>{10'001, 10'010, 10'010, -10'001}));
  EXPECT_EQ(move_to(10'010), (std::vector<std::int64_t>{-10'010, -10'010}));
  EXPECT_EQ(move_to(99'000), (std::vector<std::int64_t>{10'900, -10'900}));
}

TEST(OrderBuffer, AWarmBufferTakesNoMoreMemory) {
  OrderBuffer buffer(Millis{1'000});
  const auto second = [&](std::int64_t start) {
    buffer.release(at(start), [](const Event&) {});
    for (int i = 0; i < 2'000; ++i) ASSERT_TRUE(buffer.push(message(start + 1 + i % 1'000)));
  };
  second(1'000);
  const std::size_t warm = buffer.bytes_used();
  for (std::int64_t start = 2'000; start < 40'000; start += 1'000) second(start);

  EXPECT_EQ(buffer.bytes_used(), warm);
}

TEST(OrderBuffer, WhatLongNamesHaveLeftIsDividedAmongTheEventsAfterThem) {
  OrderBuffer buffer(Millis{1'000}, 64 * 1024);
  const std::string topic(20'000, 't');
  Event large = message(1);
  large.topic = topic;
  ASSERT_TRUE(buffer.push(large));
  ASSERT_TRUE(buffer.push(large));
  ASSERT_FALSE(buffer.push(message(2)));
  EXPECT_EQ(buffer.bytes_of_events(), 64u * 1024);
  ASSERT_EQ(released(buffer, 1).size(), 2u);
  EXPECT_EQ(buffer.bytes_of_events(), 0u);

  const std::size_t bytes = buffer.bytes_used();
  std::vector<std::int64_t> pushed;
  for (std::int64_t ts = 2; buffer.push(message(ts)); ++ts) pushed.push_back(ts);

  EXPECT_EQ(buffer.bytes_of_events(), 64u * 1024);
  EXPECT_GE(pushed.size(), 128u);
  EXPECT_EQ(buffer.bytes_used(), bytes);
  EXPECT_EQ(released(buffer, 1'000), pushed);
}

}  // namespace
}  // namespace deskpulse::intake
