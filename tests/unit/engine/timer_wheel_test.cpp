#include "daemon/engine/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

struct NoPrefetch {
  void operator()(std::uint32_t) const {}
};

TEST(TimerWheel, AnEntryComesOutOnlyBeforeTheEnd) {
  TimerWheel wheel(NoPrefetch{});
  wheel.arm(7, Instant{1'000ms});

  EXPECT_FALSE(wheel.pop_before(Instant{1'000ms}));
  const auto due = wheel.pop_before(Instant{1'001ms});

  ASSERT_TRUE(due);
  EXPECT_EQ(due->index, 7U);
  EXPECT_TRUE(due->at == Instant{1'000ms});
  EXPECT_FALSE(wheel.pop_before(Instant::max()));
}

// The gaps are drawn from very different sizes, so that every level and every hand-down is used.
TEST(TimerWheel, AgreesWithASortedSetOnRandomHistories) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    TimerWheel wheel(NoPrefetch{});
    std::multiset<std::pair<Instant, std::uint32_t>> expected;
    Instant now{Millis{static_cast<std::int64_t>(random() % 2'000'000'000'000)}};
    const auto gap = [&] {
      const std::int64_t sizes[] = {2, 70, 5'000, 300'000, 20'000'000, 100'000'000'000};
      return Millis{static_cast<std::int64_t>(random() & 0x7fff'ffff'ffff) % sizes[random() % 6]};
    };
    for (int step = 0; step < 4'000; ++step) {
      const auto index = static_cast<std::uint32_t>(random() % 100);
      const Instant at = now + gap();
      wheel.arm(index, at);
      expected.insert({at, index});
      if (random() % 8 != 0) continue;
      const Instant end = now + gap();
      while (const auto due = wheel.pop_before(end)) {
        const Instant came = due->at;
        ASSERT_FALSE(expected.empty());
        ASSERT_EQ(came, expected.begin()->first);
        const auto found = expected.find({came, due->index});
        ASSERT_NE(found, expected.end());
        expected.erase(found);
      }
      ASSERT_TRUE(expected.empty() || expected.begin()->first >= end);
      now = end;
    }
  }
}

}  // namespace
}  // namespace deskpulse::engine
