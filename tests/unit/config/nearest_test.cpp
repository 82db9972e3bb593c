#include "daemon/config/nearest.hpp"

#include <gtest/gtest.h>

namespace deskpulse::config {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("zone", "zones"), 1);
  EXPECT_EQ(edit_distance("zone", "one"), 1);
  EXPECT_EQ(edit_distance("zone", "zine"), 1);
  EXPECT_EQ(edit_distance("zone", "znoe"), 1);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(Nearest, IsTheOneWithTheFewestEdits) {
  EXPECT_EQ(nearest("slow_aftr", {"slow_times", "slow_after"}), "slow_after");
  EXPECT_EQ(nearest("ulr", {"zone", "url"}), "url");
}

TEST(Nearest, IsNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest("banana", {"slow_times", "slow_after"}), std::nullopt);
  EXPECT_EQ(nearest("ab", {"cd"}), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
  EXPECT_EQ(nearest(std::string(1'000'000, 'a'), {"url"}), std::nullopt);
}

}  // namespace
}  // namespace deskpulse::config
