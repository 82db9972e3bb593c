#include "daemon/engine/response_sketch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tests/property/kept_image.hpp"

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

// What a scope has counted must fit into its image, so one that is full takes no more.
TEST(ResponseSketch, AFullScopeStaysAsItIsAndItsImageIsOne) {
  const Calendar calendar;
  WindowClock clock({{"1m", 60s}}, calendar);
  clock.advance(Instant{100'000s});
  const auto load = [&](ResponseSketch& sketch, const property::Bytes& bytes) {
    property::KeptSource source(bytes);
    image::Reader reader(source, 1);
    sketch.load(reader, clock, {.windows = 1});
    return reader.is_at_end();
  };
  property::KeptSink full;
  auto writer = std::make_unique<image::Writer>(full);
  const auto write_cells = [&] {
    writer->number(1);  // one cell, of 3 ms
    writer->number(3);
    writer->number(0xffff'ffff);
  };
  writer->flag(true);
  write_cells();
  writer->flag(true);
  writer->number(0);
  writer->number(std::uint64_t{1} << (100'000 % 60));
  write_cells();
  writer->flush();
  ResponseSketch sketch;
  ASSERT_TRUE(load(sketch, full.all));

  for (int i = 0; i < 3; ++i) sketch.place(clock, clock.now(), 90s);

  property::KeptSink saved;
  writer = std::make_unique<image::Writer>(saved);
  sketch.save(*writer, clock);
  writer->flush();
  ResponseSketch after;
  ASSERT_TRUE(load(after, saved.all));
  std::array<Quantiles, 2> scopes;
  after.read(clock, scopes.data());
  ASSERT_TRUE(scopes[0] && scopes[1]);
  EXPECT_EQ((*scopes[0])[0], 3);
  EXPECT_EQ((*scopes[1])[0], 3);
  clock.advance(clock.now() + 60s);
  sketch.read(clock, scopes.data());
  EXPECT_FALSE(scopes[0]);
  sketch.place(clock, clock.now(), 90s);
  sketch.read(clock, scopes.data());
  EXPECT_TRUE(scopes[0]);
}

}  // namespace
}  // namespace deskpulse::engine
