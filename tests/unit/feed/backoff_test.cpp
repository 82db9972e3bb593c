#include "daemon/feed/backoff.hpp"

#include <gtest/gtest.h>

namespace deskpulse::feed {
namespace {

using namespace std::chrono_literals;

constexpr BackoffSettings kSettings{
    .base = 100ms, .cap = 1'000ms, .slow_base = 5'000ms, .slow_cap = 8'000ms, .healthy_after = 5s};

TEST(Backoff, TheRangeDoublesUpToTheCap) {
  Backoff backoff(kSettings, [] { return 0.999; });

  EXPECT_EQ(backoff.next(), 99ms);
  EXPECT_EQ(backoff.next(), 199ms);
  EXPECT_EQ(backoff.next(), 399ms);
  EXPECT_EQ(backoff.next(), 799ms);
  EXPECT_EQ(backoff.next(), 999ms);
  EXPECT_EQ(backoff.next(), 999ms);
}

TEST(Backoff, TheJitterIsFull) {
  Backoff backoff(kSettings, [] { return 0.25; });

  EXPECT_EQ(backoff.next(), 25ms);
  EXPECT_EQ(backoff.next(), 50ms);
}

TEST(Backoff, NeverWaitsNothingAtAll) {
  Backoff backoff(kSettings, [] { return 0.0; });

  EXPECT_EQ(backoff.next(), 1ms);
}

TEST(Backoff, ARefusedTokenIsTriedSlowly) {
  Backoff backoff(kSettings, [] { return 0.999; });

  EXPECT_EQ(backoff.next(true), 4'995ms);
  EXPECT_EQ(backoff.next(true), 7'992ms);
}

TEST(Backoff, StartsOverAfterHealthyTrafficOnly) {
  Backoff backoff(kSettings, [] { return 0.999; });
  backoff.next();
  backoff.next();

  backoff.ended_after(4'999ms);
  EXPECT_EQ(backoff.next(), 399ms);
  backoff.ended_after(5'000ms);
  EXPECT_EQ(backoff.next(), 99ms);
}

TEST(Backoff, ManyAttemptsDoNotOverflow) {
  Backoff backoff(kSettings, [] { return 0.999; });
  for (int i = 0; i < 10'000; ++i) backoff.next();

  EXPECT_EQ(backoff.next(), 999ms);
}

}  // namespace
}  // namespace deskpulse::feed
