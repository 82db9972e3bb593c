#include "daemon/engine/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

struct LinkOf {
  std::vector<TimerLink>* links;
  TimerLink& operator()(std::uint32_t index) const { return (*links)[index]; }
};

TEST(TimerWheel, AnEntryComesOutOnlyBeforeTheEnd) {
  std::vector<TimerLink> links(1);
  TimerWheel wheel(LinkOf{&links});
  wheel.arm(0, Instant{1'000ms});

  EXPECT_FALSE(wheel.pop_before(Instant{1'000ms}));
  const auto due = wheel.pop_before(Instant{1'001ms});

  ASSERT_TRUE(due);
  EXPECT_EQ(due->at, Instant{1'000ms});
  EXPECT_FALSE(links[0].armed());
}

// The gaps are drawn from very different sizes, so that every level and every hand-down is used.
TEST(TimerWheel, AgreesWithASortedMapOnRandomHistories) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    std::vector<TimerLink> links(200);
    TimerWheel wheel(LinkOf{&links});
    std::set<std::pair<Instant, std::uint32_t>> expected;
    std::map<std::uint32_t, Instant> armed;
    Instant now{Millis{static_cast<std::int64_t>(random() % 2'000'000'000'000)}};
    const auto gap = [&] {
      const std::int64_t sizes[] = {2, 70, 5'000, 300'000, 20'000'000, 100'000'000'000};
      return Millis{static_cast<std::int64_t>(random()) & 0x7fff'ffff'ffff} % sizes[random() % 6];
    };
    for (int step = 0; step < 3'000; ++step) {
      const auto index = static_cast<std::uint32_t>(random() % links.size());
      if (armed.contains(index)) {
        wheel.disarm(index);
        expected.erase({armed[index], index});
        armed.erase(index);
      } else {
        armed[index] = now + gap();
        wheel.arm(index, armed[index]);
        expected.insert({armed[index], index});
      }
      if (random() % 4 != 0) continue;
      const Instant end = now + gap();
      while (const auto due = wheel.pop_before(end)) {
        ASSERT_FALSE(expected.empty());
        ASSERT_EQ(due->at, expected.begin()->first);
        ASSERT_EQ(expected.erase({due->at, due->index}), 1U);
        armed.erase(due->index);
      }
      ASSERT_TRUE(expected.empty() || expected.begin()->first >= end);
      now = end;
    }
  }
}

}  // namespace
}  // namespace deskpulse::engine
