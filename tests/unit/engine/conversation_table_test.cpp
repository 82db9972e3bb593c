#include "daemon/engine/conversation_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "proto/id_hash.hpp"

namespace deskpulse::engine {
namespace {

TEST(ConversationTable, TheSameCustomerInAnotherShopIsAnotherConversation) {
  ConversationTable table;

  const auto first = table.insert(0, {1, 2});
  const auto second = table.insert(1, {1, 2});

  EXPECT_NE(first, second);
  EXPECT_EQ(table.find(0, {1, 2}), first);
  EXPECT_EQ(table.find(1, {1, 2}), second);
  EXPECT_EQ(table.find(2, {1, 2}), kNone);
}

// Few distinct tags and homes: long probe runs, and erasing from their middle.
TEST(ConversationTable, AgreesWithAMapOnRandomHistoriesFullOfCollisions) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    ConversationTable table;
    std::map<std::uint64_t, std::uint32_t> expected;
    const std::uint64_t spread = seed % 2 == 0 ? 16 : 0xffff'ffff;
    for (int step = 0; step < 20'000; ++step) {
      const std::uint64_t id = 1 + random() % 3'000;
      const proto::CustomerKey key{id, id * 0x9e37'79b9'7f4a'7c15U % spread};
      const auto found = expected.find(id);
      ASSERT_EQ(table.find(7, key), found == expected.end() ? kNone : found->second);
      if (found == expected.end()) {
        expected[id] = table.insert(7, key);
      } else if (random() % 3 == 0) {
        table.erase(found->second);
        expected.erase(found);
      }
      ASSERT_EQ(table.size(), expected.size());
    }
  }
}

TEST(ConversationTable, CustomersChosenToCollideCostNoMoreThanOthers) {
  constexpr std::uint32_t kIds = 200'000;
  const proto::IdHasher hasher = proto::IdHasher::with_random_key();
  const auto probes_of = [&hasher](const auto& id_of) {
    ConversationTable table;
    for (std::uint32_t i = 0; i < kIds; ++i) table.insert(0, hasher.hash("shop", id_of(i)));
    std::size_t probes = 0;
    for (std::uint32_t i = 0; i < kIds; ++i) probes += table.probes(hasher.hash("shop", id_of(i)));
    return probes;
  };

  const std::size_t ordinary =
      probes_of([](std::uint32_t i) { return "buyer-" + std::to_string(i); });
  // All of the same hash in java.lang.String.
  const std::size_t chosen = probes_of([](std::uint32_t i) {
    std::string id;
    for (int bit = 0; bit < 18; ++bit) id += (i >> bit & 1) != 0 ? "Aa" : "BB";
    return id;
  });

  EXPECT_LT(chosen, 2 * ordinary);
}

TEST(ConversationTable, AReleasedRecordComesBackAsNew) {
  ConversationTable table;
  const auto first = table.insert(0, {1, 2});
  table[first].session_open = true;
  table.erase(first);

  const auto second = table.insert(0, {3, 4});

  EXPECT_EQ(second, first);
  EXPECT_FALSE(table[second].session_open);
}

}  // namespace
}  // namespace deskpulse::engine
