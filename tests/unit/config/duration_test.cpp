#include "daemon/config/duration.hpp"

#include <gtest/gtest.h>

namespace deskpulse::config {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsUnitsFromTheGreatestToTheSmallest) {
  EXPECT_EQ(parse_duration("60s"), 60s);
  EXPECT_EQ(parse_duration("1m30s"), 90s);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("2d"), 48h);
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), 26h + 3min + 4s + 5ms);
  EXPECT_EQ(parse_duration("0s"), 0ms);
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text :
       {"", "60", "s", "1.5s", "-1s", "+1s", "1 s", " 1s", "1s ", "1S", "1w", "1s1s", "1s1m",
        "1ms1s", "99999999999999999999s", "9223372036854775807s", "1m30", "today", "0x10s"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Duration, IsWrittenAsItIsRead) {
  for (const char* text : {"0s", "1ms", "999ms", "1s500ms", "1m30s", "1h", "1d12h", "7d"})
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
  EXPECT_EQ(format_duration(90'061'001ms), "1d1h1m1s1ms");
}

TEST(TimeOfDay, IsTwoDigitsColonTwoDigits) {
  EXPECT_EQ(parse_time_of_day("00:00"), 0min);
  EXPECT_EQ(parse_time_of_day("04:30"), 270min);
  EXPECT_EQ(parse_time_of_day("24:00"), 1'440min);
  EXPECT_EQ(format_time_of_day(270min), "04:30");
  for (const char* text :
       {"", "4:30", "04:60", "24:01", "25:00", "04-30", "04:3", "04:30 ", "0a:00"})
    EXPECT_EQ(parse_time_of_day(text), std::nullopt) << text;
}

TEST(Hours, AreTwoTimesOfDay) {
  EXPECT_EQ(parse_hours("08:00-23:00"), (Hours{480min, 1'380min}));
  EXPECT_EQ(parse_hours("22:00-06:00"), (Hours{1'320min, 360min}));
  EXPECT_EQ(format_hours({480min, 1'380min}), "08:00-23:00");
  for (const char* text : {"", "08:00", "08:00-", "08:00 - 23:00", "24:00-06:00", "08:00-25:00"})
    EXPECT_EQ(parse_hours(text), std::nullopt) << text;
}

TEST(Hours, ToMidnightEndAtZero) {
  EXPECT_EQ(parse_hours("08:00-24:00"), (Hours{480min, 0min}));
  EXPECT_EQ(parse_hours("00:00-24:00"), (Hours{0min, 0min}));
}

}  // namespace
}  // namespace deskpulse::config
