#include "daemon/engine/response_sketch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;

TEST(ResponseSketch, NoAnswersAreNoQuantiles) {
  const Calendar calendar;
  WindowClock clock({{"1m", 60s}}, calendar);
  ResponseSketch sketch;
  std::array<Quantiles, 2> scopes;

  clock.advance(Instant{100'000s});
  sketch.read(clock, scopes.data());
  EXPECT_FALSE(scopes[0]);

  sketch.place(clock, clock.now(), 5s);
  clock.advance(clock.now() + 60s);
  sketch.read(clock, scopes.data());
  EXPECT_FALSE(scopes[0]);
  EXPECT_TRUE(scopes[1]);
}

TEST(ResponseSketch, EveryQuantileIsWithinFivePercentOfTheNearestRank) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const Calendar calendar;
    WindowClock clock({{"1m", 60s}}, calendar);
    clock.advance(Instant{100'000s});
    ResponseSketch sketch;
    std::vector<std::int64_t> times(1 + random() % 300);
    for (auto& time : times) {
      time = static_cast<std::int64_t>(random() % (std::uint64_t{1} << (1 + random() % 34)));
      sketch.place(clock, clock.now(), Millis{time});
    }
    std::sort(times.begin(), times.end());

    std::array<Quantiles, 2> scopes;
    sketch.read(clock, scopes.data());

    ASSERT_TRUE(scopes[0]);
    for (std::size_t q = 0; q < kQuantiles.size(); ++q) {
      const auto permille = static_cast<std::size_t>(std::lround(kQuantiles[q] * 1000));
      const std::size_t rank = (permille * times.size() + 999) / 1000;
      const auto exact = static_cast<double>(times[rank - 1]);
      ASSERT_NEAR((*scopes[0])[q], exact, exact * 0.05) << "quantile " << kQuantiles[q];
    }
  }
}

// More of them than a bucket keeps one by one.
TEST(ResponseSketch, ManyAnswersOfOneBucketAreCountedAndLeaveWithIt) {
  const Calendar calendar;
  WindowClock clock({{"1m", 60s}}, calendar);
  clock.advance(Instant{100'000s});
  ResponseSketch sketch;
  for (int i = 0; i < 5'000; ++i) sketch.place(clock, clock.now(), i % 10 == 0 ? 90s : 3s);
  clock.advance(clock.now() + 30s);
  for (int i = 0; i < 10; ++i) sketch.place(clock, clock.now(), 20s);
  std::array<Quantiles, 2> scopes;

  sketch.read(clock, scopes.data());
  EXPECT_NEAR((*scopes[0])[0], 3'000, 150);
  EXPECT_NEAR((*scopes[0])[2], 90'000, 4'500);
  clock.advance(clock.now() + 30s);
  sketch.read(clock, scopes.data());
  EXPECT_NEAR((*scopes[0])[0], 20'000, 1'000);
  EXPECT_NEAR((*scopes[0])[2], 20'000, 1'000);
  clock.advance(clock.now() + 30s);
  sketch.read(clock, scopes.data());
  EXPECT_FALSE(scopes[0]);
}

}  // namespace
}  // namespace deskpulse::engine
