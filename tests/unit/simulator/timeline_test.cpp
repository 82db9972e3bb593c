#include "daemon/simulator/timeline.hpp"

#include <gtest/gtest.h>

#include <map>

#include "daemon/simulator/random.hpp"

namespace deskpulse::simulator {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

TEST(Timeline, GivesEntriesByTimeAndThenInTheOrderTheyCame) {
  Timeline timeline(Instant{1h});
  timeline.schedule(Instant{1h + 5s}, 1, 10);
  timeline.schedule(Instant{1h + 5s}, 2, 20);
  timeline.schedule(Instant{1h + 2s}, 3, 30);

  EXPECT_EQ(timeline.pop().subject, 30u);
  EXPECT_EQ(timeline.pop().subject, 10u);
  EXPECT_EQ(timeline.pop().subject, 20u);
  EXPECT_TRUE(timeline.empty());
}

TEST(Timeline, AgreesWithAnOrderedMapOverHoursAndDays) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    Timeline timeline(Instant{24h});
    std::multimap<Instant, std::uint32_t> plain;  // equal keys keep the order of insertion
    Instant now{24h};
    for (std::uint32_t i = 0; i < 5000; ++i) {
      if (plain.empty() || random.chance(0.55)) {
        const double kind = random.uniform();
        const std::uint32_t range = kind < 0.3 ? 3 : kind < 0.9 ? 60'000 : 200'000'000;
        const Instant at = now + Millis(random.below(range));
        timeline.schedule(at, 0, i);
        plain.emplace(at, i);
      } else {
        const Timeline::Entry entry = timeline.pop();
        ASSERT_EQ(entry.subject, plain.begin()->second);
        ASSERT_EQ(entry.at, plain.begin()->first);
        now = entry.at;
        plain.erase(plain.begin());
      }
    }
  }
}

}  // namespace
}  // namespace deskpulse::simulator
