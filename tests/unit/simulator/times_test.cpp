#include "daemon/simulator/times.hpp"

#include <gtest/gtest.h>

namespace deskpulse::simulator {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

constexpr Instant kNow{Millis(1'762'772'400'000)};  // 2025-11-10T19:00:00+08:00

TEST(Times, ReadInstantsInEveryForm) {
  EXPECT_EQ(parse_instant("now", kNow), kNow);
  EXPECT_EQ(parse_instant("-2h", kNow), kNow - 2h);
  EXPECT_EQ(parse_instant("-90s", kNow), kNow - 90s);
  EXPECT_EQ(parse_instant("1762772400000", Instant{}), kNow);
  EXPECT_EQ(parse_instant("2025-11-10T19:00:00+08:00", Instant{}), kNow);
  EXPECT_EQ(parse_instant("2025-11-10T11:00Z", Instant{}), kNow);
  EXPECT_EQ(parse_instant("2025-11-10T05:30:00-05:30", Instant{}), kNow);
}

TEST(Times, RefuseInstantsThatAreNone) {
  for (const char* text :
       {"", "yesterday", "-", "-2", "-2x", "2025-11-10", "2025-11-10T19:00:00",
        "2025-02-30T19:00:00Z", "2025-11-10T24:00:00Z", "2025-11-10T19:00:00Z1", "12a"})
    EXPECT_FALSE(parse_instant(text, kNow)) << text;
}

TEST(Times, ReadDurationsAndTimesOfDay) {
  EXPECT_EQ(parse_duration("500ms"), Millis(500));
  EXPECT_EQ(parse_duration("15m"), Millis(15min));
  EXPECT_EQ(parse_duration("1d"), Millis(24h));
  EXPECT_FALSE(parse_duration("15"));
  EXPECT_FALSE(parse_duration("m"));
  EXPECT_EQ(parse_time_of_day("19:40"), Millis(19h + 40min));
  EXPECT_FALSE(parse_time_of_day("24:00"));
  EXPECT_FALSE(parse_time_of_day("7:40"));
}

TEST(Times, ReadSharesAsPercentOrFraction) {
  EXPECT_DOUBLE_EQ(*parse_share("0.5%"), 0.005);
  EXPECT_DOUBLE_EQ(*parse_share("0.02"), 0.02);
  EXPECT_DOUBLE_EQ(*parse_share("100%"), 1.0);
  for (const char* text : {"", "%", "101%", "-1%", "2", "nan", "0.5 %", "1e-3x"})
    EXPECT_FALSE(parse_share(text)) << text;
}

}  // namespace
}  // namespace deskpulse::simulator
