#include "daemon/config/zone.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace deskpulse::config {
namespace {

using namespace std::chrono_literals;

std::chrono::seconds offset_at(const Zone& zone, std::chrono::seconds time) {
  std::chrono::seconds offset = zone.initial;
  for (const auto& transition : zone.transitions)
    if (transition.from <= time) offset = transition.offset;
  return offset;
}

TEST(Zone, ShanghaiHadSummerTimeFrom1986To1991) {
  const auto zone = load_zone("Asia/Shanghai");

  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->initial, 8h);
  ASSERT_EQ(zone->transitions.size(), 12U);
  // 1986-05-04 02:00 CST, and 1991-09-15 02:00 CDT.
  EXPECT_EQ(zone->transitions.front(), (Zone::Transition{515'527'200s, 9h}));
  EXPECT_EQ(zone->transitions.back(), (Zone::Transition{684'867'600s, 8h}));
}

TEST(Zone, NewYorkChangesTwiceAYearToTheEndOf2100) {
  const auto zone = load_zone("America/New_York");

  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->initial, -5h);
  // 2024-03-10 02:00 EST and 2024-11-03 02:00 EDT, each to the second.
  EXPECT_EQ(offset_at(*zone, 1'710'053'999s), -5h);
  EXPECT_EQ(offset_at(*zone, 1'710'054'000s), -4h);
  EXPECT_EQ(offset_at(*zone, 1'730'613'599s), -4h);
  EXPECT_EQ(offset_at(*zone, 1'730'613'600s), -5h);
  // 2100-11-07 06:00 UTC is the last.
  EXPECT_EQ(zone->transitions.back(), (Zone::Transition{4'129'250'400s, -5h}));
  EXPECT_TRUE(std::is_sorted(zone->transitions.begin(), zone->transitions.end(),
                             [](const auto& a, const auto& b) { return a.from < b.from; }));
}

TEST(Zone, UtcHasNoTransitions) {
  const auto zone = load_zone("UTC");

  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->initial, 0h);
  EXPECT_TRUE(zone->transitions.empty());
}

TEST(Zone, NamesOfTheHostsZoneAndOfFilesAreRefused) {
  for (const char* name :
       {"", "localtime", "/etc/localtime", "../../../etc/localtime", "file:/etc/localtime",
        "libc:localtime", "Asia/Shangai", "asia shanghai"})
    EXPECT_FALSE(load_zone(name)) << name;
}

}  // namespace
}  // namespace deskpulse::config
