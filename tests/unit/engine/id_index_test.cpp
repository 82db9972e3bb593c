#include "daemon/engine/id_index.hpp"

#include <gtest/gtest.h>

namespace deskpulse::engine {
namespace {

TEST(IdIndex, FindsWhatWasPutInAndNothingElse) {
  IdIndex index;
  for (std::uint32_t number = 0; number < 1'000; ++number) index.insert({number, number}, number);

  for (std::uint32_t number = 0; number < 1'000; ++number)
    EXPECT_EQ(index.find({number, number}), number);
  EXPECT_EQ(index.find({1'000, 1'000}), IdIndex::kAbsent);
}

TEST(IdIndex, HashesThatShareTheirLowHalfAreToldApart) {
  IdIndex index;
  index.insert({1, 77}, 10);
  index.insert({2, 77}, 20);

  EXPECT_EQ(index.find({1, 77}), 10U);
  EXPECT_EQ(index.find({2, 77}), 20U);
  EXPECT_EQ(index.find({3, 77}), IdIndex::kAbsent);
}

TEST(IdIndex, AnEmptyOneFindsNothing) { EXPECT_EQ(IdIndex{}.find({0, 0}), IdIndex::kAbsent); }

}  // namespace
}  // namespace deskpulse::engine
