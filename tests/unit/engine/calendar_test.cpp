#include "daemon/engine/calendar.hpp"

#include <gtest/gtest.h>

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

/// UTC civil time, from days since 1970-01-01 and a time of day.
Instant utc(std::chrono::year_month_day date, Millis time_of_day) {
  return Instant{std::chrono::sys_days{date}.time_since_epoch() + time_of_day};
}
using std::chrono::March;
using std::chrono::November;
using std::chrono::year;

TEST(Calendar, ADayIsFromCutToCutOfTheZoneAndTheEndIsExcluded) {
  const Calendar shanghai;

  const auto day = shanghai.day_of(utc(year{2026} / March / 2, 3h));

  EXPECT_EQ(day.start, utc(year{2026} / March / 1, 16h));
  EXPECT_EQ(day.end, utc(year{2026} / March / 2, 16h));
  EXPECT_EQ(shanghai.day_of(day.end - 1ms).number, day.number);
  EXPECT_EQ(shanghai.day_of(day.end).number, day.number + 1);
}

TEST(Calendar, AShiftedCutKeepsTheHoursAfterMidnightInTheDayBefore) {
  const Calendar four(8h, {}, 4h);

  const auto before = four.day_of(utc(year{2026} / March / 1, 19h + 59min));
  const auto after = four.day_of(utc(year{2026} / March / 1, 20h));

  EXPECT_EQ(after.number, before.number + 1);
  EXPECT_EQ(after.start, utc(year{2026} / March / 1, 20h));
}

// New York 2026: forward on March 8 at 02:00 (07:00 UTC), back on November 1 at 02:00 (06:00 UTC).
const std::vector<ZoneTransition> kNewYork2026{{utc(year{2026} / March / 8, 7h), -4h},
                                               {utc(year{2026} / November / 1, 6h), -5h}};

TEST(Calendar, ADayWithAClockChangeIsAnHourShorterOrLonger) {
  const Calendar new_york(-5h, kNewYork2026, 0min);

  const auto spring = new_york.day_of(utc(year{2026} / March / 8, 12h));
  const auto autumn = new_york.day_of(utc(year{2026} / November / 1, 12h));

  EXPECT_EQ(spring.end - spring.start, 23h);
  EXPECT_EQ(autumn.end - autumn.start, 25h);
}

TEST(Calendar, ACutThatTheClockJumpsOverIsAtTheJump) {
  const Calendar new_york(-5h, kNewYork2026, 2h + 30min);

  const auto day = new_york.day_of(utc(year{2026} / March / 8, 12h));

  EXPECT_EQ(day.start, utc(year{2026} / March / 8, 7h));
}

TEST(Calendar, ACutThatTheClockShowsTwiceIsAtTheFirstTime) {
  const Calendar new_york(-5h, kNewYork2026, 1h + 30min);

  const auto day = new_york.day_of(utc(year{2026} / November / 1, 12h));

  EXPECT_EQ(day.start, utc(year{2026} / November / 1, 5h + 30min));
  // 01:15 for the second time is after the cut, not the day before once more.
  EXPECT_EQ(new_york.day_of(utc(year{2026} / November / 1, 6h + 15min)).number, day.number);
}

TEST(Calendar, DaysFollowEachOtherWithoutHoleOrOverlap) {
  const Calendar new_york(-5h, kNewYork2026, 1h + 30min);

  Instant at = utc(year{2026} / March / 1, 0h);
  auto day = new_york.day_of(at);
  for (int i = 0; i < 300; ++i) {
    const auto next = new_york.day_of(day.end);
    ASSERT_EQ(next.number, day.number + 1);
    ASSERT_EQ(next.start, day.end);
    day = next;
  }
}

TEST(Calendar, TimeOfDayIsTheLocalClock) {
  EXPECT_EQ(Calendar{}.time_of_day(utc(year{2026} / March / 1, 16h)), 0ms);
  EXPECT_EQ(Calendar{}.time_of_day(utc(year{2026} / March / 1, 15h + 59min)), 23h + 59min);
  const Calendar new_york(-5h, kNewYork2026, 0min);
  EXPECT_EQ(new_york.time_of_day(utc(year{2026} / March / 8, 7h)), 3h);
}

}  // namespace
}  // namespace deskpulse::engine
