#include "daemon/simulator/faults.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "proto/encoder.hpp"

namespace deskpulse::simulator {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

constexpr Instant kStart{Millis(1'762'772'400'000)};
constexpr int kEvents = 30'000;

struct Sent {
  Instant at;
  Instant ts;
  std::string json;
  friend bool operator==(const Sent&, const Sent&) = default;
};

Traffic promotion() {
  TrafficOptions options;
  options.preset = Preset::promo;
  options.start = kStart;
  return Traffic(options);
}

std::vector<Sent> sent_with(const FaultRates& rates, std::uint64_t seed = 1) {
  Traffic traffic = promotion();
  int left = kEvents;
  Deliveries deliveries(
      [&]() -> std::optional<Spoken> {
        if (left-- <= 0) return std::nullopt;
        return traffic.next();
      },
      rates, seed);
  std::vector<Sent> sent;
  while (const auto delivery = deliveries.next())
    sent.push_back({delivery->at, delivery->ts, std::string(delivery->json)});
  return sent;
}

std::map<std::string, int> times_each(const std::vector<Sent>& sent) {
  std::map<std::string, int> times;
  for (const Sent& one : sent) ++times[one.json];
  return times;
}

TEST(Deliveries, WithoutFaultsAreTheEventsAsTheyCome) {
  Traffic traffic = promotion();
  std::vector<Sent> plain;
  for (int i = 0; i < kEvents; ++i) {
    const Spoken spoken = traffic.next();
    std::string json;
    proto::append_event(json, spoken.event, spoken.text);
    plain.push_back({spoken.event.ts, spoken.event.ts, json});
  }

  EXPECT_EQ(sent_with({}), plain);
}

TEST(Deliveries, LoseNothingWhateverTheFaults) {
  const auto plain = times_each(sent_with({}));
  for (const FaultRates& rates :
       {FaultRates::sensible(), FaultRates{0.5, 0.5, 0.5, 0, 0}, FaultRates{1, 1, 1, 0, 0},
        FaultRates{0, 1, 0, 0, 0}, FaultRates{0, 0, 1, 0, 0}}) {
    const auto faulty = times_each(sent_with(rates));

    ASSERT_EQ(faulty.size(), plain.size());
    for (const auto& [json, times] : plain) {
      ASSERT_TRUE(faulty.contains(json));
      ASSERT_GE(faulty.at(json), times);
      ASSERT_LE(faulty.at(json), 2 * times);
    }
  }
}

TEST(Deliveries, KeepTheirOwnTimeInOrder) {
  Instant last{};
  for (const Sent& one : sent_with({0.3, 0.3, 0.3, 0, 0})) {
    ASSERT_GE(one.at, last);
    ASSERT_GE(one.at, one.ts);
    last = one.at;
  }
}

TEST(Deliveries, HaveTheSharesAskedFor) {
  const auto sent = sent_with({0.01, 0.04, 0.02, 0, 0});
  int late = 0, disordered = 0;
  Instant newest{};
  std::map<std::string, int> seen;
  for (const Sent& one : sent) {
    if (seen[one.json]++ == 0 && one.at != one.ts) ++(one.at - one.ts >= 10s ? late : disordered);
    newest = std::max(newest, one.ts);
  }

  EXPECT_NEAR((static_cast<double>(sent.size()) - kEvents) / kEvents, 0.01, 0.002);
  EXPECT_NEAR(late / double{kEvents}, 0.02, 0.004);
  EXPECT_NEAR(disordered / double{kEvents}, 0.04, 0.005);
}

TEST(Deliveries, AreNeverLaterThanDuplicatesAreRemembered) {
  for (const Sent& one : sent_with({0.5, 0, 0.5, 0, 0})) ASSERT_LT(one.at - one.ts, 10min);
}

TEST(Deliveries, FollowFromTheSeed) {
  const FaultRates rates = FaultRates::sensible();

  EXPECT_EQ(sent_with(rates, 5), sent_with(rates, 5));
  EXPECT_NE(sent_with(rates, 5), sent_with(rates, 6));
}

TEST(Deliveries, RefuseSharesBeyondAll) {
  EXPECT_THROW(sent_with({1.5, 0, 0, 0, 0}), std::invalid_argument);
  EXPECT_THROW(sent_with({0, -0.1, 0, 0, 0}), std::invalid_argument);
}

TEST(Outages, LastSecondsAndComeAsOftenAsAskedFor) {
  Outages outages(12.0, kStart, 1);
  Instant before = kStart;
  constexpr int kCount = 2000;
  for (int i = 0; i < kCount; ++i) {
    const auto [from, to] = outages.next();
    ASSERT_GE(from, before);
    ASSERT_GE(to - from, 5s);
    ASSERT_LE(to - from, 60s);
    before = to;
  }

  // Five minutes between the end of one and the next, and half a minute each.
  const double hours = std::chrono::duration<double>(before - kStart).count() / 3600.0;
  EXPECT_NEAR(kCount / hours, 3600.0 / (300.0 + 32.5), 0.6);
}

TEST(Outages, NeverComeUnlessAskedFor) {
  EXPECT_EQ(Outages(0.0, kStart, 1).next().from, proto::kLastInstant);
}

}  // namespace
}  // namespace deskpulse::simulator
