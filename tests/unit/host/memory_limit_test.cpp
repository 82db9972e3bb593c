#include "daemon/host/memory_limit.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/store/temporary_directory.hpp"

namespace deskpulse {
namespace {

TEST(MemoryLimit, HoldsFromTheLimitUntilATwentiethIsFreeAgain) {
  MemoryLimit limit(1'000);

  EXPECT_FALSE(limit.look(999));
  EXPECT_TRUE(limit.look(1'000));
  EXPECT_TRUE(limit.look(951));
  EXPECT_TRUE(limit.look(950));
  EXPECT_FALSE(limit.look(949));
  EXPECT_FALSE(limit.look(999));
  EXPECT_EQ(limit.exceeded(), 1U);
  EXPECT_TRUE(limit.look(1'200));
  EXPECT_EQ(limit.exceeded(), 2U);
  EXPECT_EQ(limit.used(), 1'200U);
}

TEST(MemoryLimit, NeverHoldsWithoutALimit) {
  MemoryLimit limit(std::nullopt);

  EXPECT_FALSE(limit.look(~std::uint64_t{0}));
  EXPECT_EQ(limit.exceeded(), 0U);
}

class ControlGroup : public testing::Test {
 protected:
  void set(const char* group, const char* most) {
    std::filesystem::create_directories(root_ / group);
    std::ofstream(root_ / group + "/memory.max") << most << "\n";
  }
  std::string root() const { return root_.path().string(); }
  store::TemporaryDirectory root_;
};

TEST_F(ControlGroup, GivesThreeQuartersOfTheSmallestLimitAboveTheProcess) {
  set("system.slice", "4000");
  set("system.slice/deskpulsed.service", "8000");

  EXPECT_EQ(limit_of_control_group("0::/system.slice/deskpulsed.service\n", root()), 3'000U);
}

TEST_F(ControlGroup, HasNoLimitWhereNoneIsSet) {
  set("system.slice", "max");

  EXPECT_EQ(limit_of_control_group("0::/system.slice\n", root()), std::nullopt);
  EXPECT_EQ(limit_of_control_group("0::/elsewhere\n", root()), std::nullopt);
  EXPECT_EQ(limit_of_control_group("0::/\n", root()), std::nullopt);
  EXPECT_EQ(limit_of_control_group("", root()), std::nullopt);
}

TEST(ResidentBytes, GrowWithWhatTheProcessTouches) {
  const std::uint64_t before = resident_bytes();
  const std::string large(64 << 20, 'x');

  EXPECT_GE(resident_bytes(), before + (60 << 20));
  EXPECT_EQ(large.back(), 'x');
}

}  // namespace
}  // namespace deskpulse
