#include "daemon/engine/id_index.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

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

TEST(IdIndex, AgreesWithAMapWhileIdsComeAndGo) {
  std::mt19937 random(5);
  IdIndex index;
  std::map<std::uint64_t, std::uint32_t> expected;
  for (std::uint32_t step = 0; step < 50'000; ++step) {
    const std::uint64_t id = random() % 300;
    const proto::CustomerKey hash{id, id % 40};  // long runs, and erasing from their middle
    const auto found = expected.find(id);
    ASSERT_EQ(index.find(hash), found == expected.end() ? IdIndex::kAbsent : found->second);
    if (found == expected.end()) {
      index.insert(hash, step);
      expected[id] = step;
    } else if (random() % 2 == 0) {
      index.erase(hash);
      expected.erase(id);
    }
  }
}

/// h = 31 h + byte, as in java.lang.String, which 200,000 ids of these two syllables all share.
std::uint32_t unkeyed_hash(std::string_view id) {
  std::uint32_t hash = 0;
  for (const char byte : id) hash = hash * 31 + static_cast<unsigned char>(byte);
  return hash;
}

TEST(IdIndex, IdsChosenToCollideCostNoMoreThanOthers) {
  constexpr std::uint32_t kIds = 200'000;
  const proto::IdHasher hasher = proto::IdHasher::with_random_key();
  const auto probes_of = [&hasher](const auto& id_of) {
    IdIndex index;
    for (std::uint32_t i = 0; i < kIds; ++i) index.insert(hasher.hash({}, id_of(i)), i);
    std::size_t probes = 0;
    for (std::uint32_t i = 0; i < kIds; ++i) probes += index.probes(hasher.hash({}, id_of(i)));
    return probes;
  };
  const auto chosen = [](std::uint32_t i) {
    std::string id;
    for (int bit = 0; bit < 18; ++bit) id += (i >> bit & 1) != 0 ? "Aa" : "BB";
    return id;
  };
  ASSERT_EQ(unkeyed_hash(chosen(0)), unkeyed_hash(chosen(kIds - 1)));

  const std::size_t ordinary =
      probes_of([](std::uint32_t i) { return "kefu:" + std::to_string(i); });

  EXPECT_LT(probes_of(chosen), ordinary * 11 / 10);
  EXPECT_LT(ordinary, 2 * kIds);
}

TEST(IdIndex, AnEmptyOneFindsNothing) { EXPECT_EQ(IdIndex{}.find({0, 0}), IdIndex::kAbsent); }

}  // namespace
}  // namespace deskpulse::engine
