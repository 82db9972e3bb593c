#include "proto/id_hash.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace deskpulse::proto {
namespace {

TEST(IdHasher, GivesTheSameKeyForTheSamePair) {
  EXPECT_EQ(IdHasher().hash("shop", "buyer"), IdHasher().hash("shop", "buyer"));
}

TEST(IdHasher, TellsSplitsOfTheSameBytesApart) {
  const IdHasher hasher;
  const std::set<CustomerKey> keys{hasher.hash("", "abc"), hasher.hash("a", "bc"),
                                   hasher.hash("ab", "c"), hasher.hash("abc", "")};
  EXPECT_EQ(keys.size(), 4u);
}

TEST(IdHasher, DependsOnItsKey) {
  IdHasher::Key key{};
  key[0] = 1;
  EXPECT_NE(IdHasher().hash("s", "c"), IdHasher(key).hash("s", "c"));
  EXPECT_NE(IdHasher::with_random_key().hash("s", "c"), IdHasher::with_random_key().hash("s", "c"));
}

TEST(IdHasher, TakesIdsOfTheLargestSize) {
  const IdHasher hasher;
  const std::string longest(256, 'x');
  std::string other = longest;
  other.back() = 'y';
  EXPECT_NE(hasher.hash(longest, longest), hasher.hash(longest, other));
  EXPECT_NE(hasher.hash(longest, longest), hasher.hash(other, longest));
}

TEST(IdHasher, NoPairOfManyHasTheKeyOfAnother) {
  const IdHasher hasher;
  std::set<CustomerKey> keys{CustomerKey{}};
  for (int shop = 0; shop < 10; ++shop)
    for (int id = 0; id < 1000; ++id)
      keys.insert(hasher.hash(std::to_string(shop), std::to_string(id)));
  EXPECT_EQ(keys.size(), 10'001u);
}

}  // namespace
}  // namespace deskpulse::proto
