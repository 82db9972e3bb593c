#include "daemon/intake/duplicate_filter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>
#include <vector>

#include "tests/unit/intake/image_in_memory.hpp"
#include "tests/unit/intake/recording_sink.hpp"

namespace deskpulse::intake {
namespace {

using proto::CustomerKey;
using proto::Millis;

TEST(DuplicateFilter, AnIdIsNewOnce) {
  DuplicateFilter filter(Millis{1'000});

  EXPECT_TRUE(filter.insert({1, 2}, at(5'000), at(5'000)));
  EXPECT_FALSE(filter.insert({1, 2}, at(5'000), at(5'000)));
  EXPECT_TRUE(filter.insert({2, 2}, at(5'000), at(5'000)));
}

TEST(DuplicateFilter, AnIdIsRememberedUpToAndWithTheAllowedLateness) {
  DuplicateFilter filter(Millis{1'000});
  filter.insert({1, 2}, at(5'000), at(5'000));

  EXPECT_FALSE(filter.insert({1, 2}, at(9'000), at(6'000)));
  EXPECT_TRUE(filter.insert({1, 2}, at(9'000), at(6'001)));
}

TEST(DuplicateFilter, ADuplicateDoesNotProlongTheMemory) {
  DuplicateFilter filter(Millis{1'000});
  filter.insert({1, 2}, at(5'000), at(5'000));
  filter.insert({1, 2}, at(5'900), at(5'900));

  EXPECT_TRUE(filter.insert({1, 2}, at(6'001), at(6'001)));
}

TEST(DuplicateFilter, AZeroHashIsAKeyLikeAnyOther) {
  DuplicateFilter filter(Millis{1'000});

  EXPECT_TRUE(filter.insert({0, 0}, at(5'000), at(5'000)));
  EXPECT_FALSE(filter.insert({0, 0}, at(5'000), at(5'000)));
}

TEST(DuplicateFilter, TimesUpToTheLastOneOfTheProtocolAreKept) {
  DuplicateFilter filter(Millis{1'000});
  const proto::Instant last = proto::kLastInstant;

  EXPECT_TRUE(filter.insert({1, 2}, last, last));
  EXPECT_FALSE(filter.insert({1, 2}, last, last));
  EXPECT_TRUE(filter.insert({1, 3}, at(0), at(0)));
}

TEST(DuplicateFilter, AMillionIdsAreAllKnown) {  // the table is in huge pages by then
  DuplicateFilter filter(Millis{1'000});
  std::mt19937_64 random(11);
  std::mt19937_64 again(11);
  for (int i = 0; i < 1'000'000; ++i) filter.insert({random(), random()}, at(5'000), at(5'000));

  int known = 0;
  for (int i = 0; i < 1'000'000; ++i)
    known += filter.insert({again(), again()}, at(5'000), at(5'000)) ? 0 : 1;
  EXPECT_EQ(known, 1'000'000);
}

TEST(DuplicateFilter, AgreesWithAMapOnRandomHistories) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const std::int64_t lateness = seed % 3 == 0 ? 0 : 1'000;
    DuplicateFilter filter(Millis{lateness});
    std::map<CustomerKey, std::int64_t> plain;
    // Few homes, so that probes run into each other and over the end of the table.
    const std::uint64_t homes = 1 + random() % 3'000;
    std::int64_t watermark = 1'000'000;
    for (int i = 0; i < 6'000; ++i) {
      const bool long_gap = random() % 2'000 == 0;
      watermark += static_cast<std::int64_t>(random() % (long_gap ? 5'000 : 3));
      const CustomerKey key{random() % 2, (random() % homes) | (seed % 2 == 0 ? 0 : ~0ULL << 12)};
      const std::int64_t ts =
          watermark - lateness + static_cast<std::int64_t>(random() % (lateness + 500));
      const auto known = plain.find({key.high, key.low == 0 ? 1 : key.low});
      const bool is_new = known == plain.end() || watermark > known->second + lateness;
      if (is_new) plain[{key.high, key.low == 0 ? 1 : key.low}] = ts;

      ASSERT_EQ(filter.insert(key, at(ts), at(watermark)), is_new) << "step " << i;
    }
  }
}

TEST(DuplicateFilter, MemoryStaysBoundedWhileIdsPass) {
  DuplicateFilter filter(Millis{1'000});
  std::mt19937_64 random(7);
  for (std::int64_t now = 1; now < 20'000; ++now)
    filter.insert({random(), random()}, at(now), at(now));
  const std::size_t warm = filter.bytes_used();
  for (std::int64_t now = 20'000; now < 400'000; ++now) {
    filter.insert({random(), random()}, at(now), at(now));
  }

  EXPECT_EQ(filter.bytes_used(), warm);
  EXPECT_LE(warm, 6'144u * 16);  // 1,001 ids are remembered at a time
}

TEST(DuplicateFilter, AtTheLimitTheOldestAreForgottenAndTheirEventsAreNoLongerToBeTaken) {
  constexpr std::size_t kMost = 1'000;
  DuplicateFilter filter(Millis{600'000}, kMost);
  std::mt19937_64 random(3);
  std::map<CustomerKey, std::int64_t> plain;
  std::int64_t watermark = 1'000'000;
  int asked_again = 0;
  for (int i = 0; i < 60'000; ++i) {
    watermark += static_cast<std::int64_t>(random() % 40);
    std::int64_t ts = watermark - static_cast<std::int64_t>(random() % 30'000);
    CustomerKey key{random(), random()};
    if (i % 3 == 0 && !plain.empty()) {  // an event that came before, again
      const auto known = plain.upper_bound(CustomerKey{random(), 0});
      if (known != plain.end()) std::tie(key, ts) = *known;
    }
    if (at(ts) < filter.oldest(at(watermark))) continue;  // as an intake does

    const bool is_new = plain.emplace(key, ts).second;
    asked_again += is_new ? 0 : 1;
    ASSERT_EQ(filter.insert(key, at(ts), at(watermark)), is_new) << i;
    ASSERT_LE(filter.remembered(), kMost);
  }

  EXPECT_GT(asked_again, 500);
  EXPECT_GT(filter.exceeded(), 0u);
  EXPECT_LE(filter.bytes_used(), 64u * 1'024 + 128 * kMost);
}

TEST(DuplicateFilter, AfterAFloodTheWholeLatenessIsAllowedAgain) {
  DuplicateFilter filter(Millis{10'000}, 100);
  for (std::uint64_t i = 1; i < 1'000; ++i)
    filter.insert({i, i << 40}, at(100'000 + static_cast<std::int64_t>(i)),
                  at(100'000 + static_cast<std::int64_t>(i)));
  ASSERT_GT(filter.oldest(at(101'000)), at(100'800));

  EXPECT_EQ(filter.oldest(at(120'000)), at(110'000));
}

TEST(DuplicateFilter, MoreThanTheLimitAtOneInstantAreTakenAndCounted) {
  DuplicateFilter filter(Millis{10'000}, 100);
  for (std::uint64_t i = 1; i <= 150; ++i)
    EXPECT_TRUE(filter.insert({i, i << 40}, at(50'000), at(50'000)));

  EXPECT_EQ(filter.exceeded(), 50u);
  EXPECT_EQ(filter.oldest(at(50'000)), at(40'000));
  EXPECT_FALSE(filter.insert({7, 7ULL << 40}, at(50'000), at(50'000)));
}

TEST(DuplicateFilter, WhileMemoryIsShortNoMoreKeysThanNowAreRemembered) {
  DuplicateFilter filter(Millis{10'000}, 1'000);
  const auto insert = [&](std::uint64_t i) {
    const proto::Instant now = at(50'000 + static_cast<std::int64_t>(i) * 10);
    filter.insert({i, i << 40}, now, now);
  };
  for (std::uint64_t i = 1; i <= 200; ++i) insert(i);

  filter.hold_growth(true);
  for (std::uint64_t i = 201; i <= 500; ++i) insert(i);
  EXPECT_EQ(filter.most(), 200u);
  EXPECT_LE(filter.remembered(), 200u);
  filter.hold_growth(false);
  for (std::uint64_t i = 501; i <= 800; ++i) insert(i);
  EXPECT_EQ(filter.most(), 1'000u);
  EXPECT_GT(filter.remembered(), 400u);
}

TEST(DuplicateFilter, EqualContentsAreEqualImagesWhateverTheirHistory) {
  std::mt19937_64 random(5);
  std::vector<CustomerKey> keys(5'000);
  for (CustomerKey& key : keys) key = {random(), random()};
  const auto image_of = [](const DuplicateFilter& filter) {
    return image_by([&](image::Writer& writer) { filter.save(writer, at(60'000)); });
  };
  DuplicateFilter one(Millis{10'000});
  for (const CustomerKey& key : keys) one.insert(key, at(60'000), at(60'000));
  DuplicateFilter other(Millis{10'000});
  for (int i = 0; i < 9'000; ++i) other.insert({random(), random()}, at(20'000), at(20'000));
  std::shuffle(keys.begin(), keys.end(), random);
  for (const CustomerKey& key : keys) other.insert(key, at(60'000), at(60'000));

  EXPECT_EQ(image_of(one), image_of(other));
}

}  // namespace
}  // namespace deskpulse::intake
