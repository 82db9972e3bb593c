// What the engine's timers take, whatever the events do with the deadlines: an upstream must not be
// able to make them grow.
#include <gtest/gtest.h>

#include "daemon/engine/engine.hpp"
#include "tests/unit/engine/allocations.hpp"

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;
using proto::Event;
using proto::From;
using proto::Type;

const Instant kMorning{20'000 * 24h + 2h};  // 10:00 in Shanghai
/// Chunks of the wheel and of the response times' buckets that come and go.
constexpr std::uint64_t kFew = 40;

Event event(Type type, Instant at, std::uint64_t customer, From from = From::unknown) {
  Event event;
  event.type = type;
  event.from = from;
  event.ts = at;
  event.shop = "shop";
  event.agent = "amy";
  event.customer_key = {customer, customer * 0x9e37'79b9'7f4a'7c15U};
  return event;
}
Event question(Instant at, std::uint64_t customer = 1) {
  return event(Type::message, at, customer, From::customer);
}

TEST(Timers, AnOpeningMovedBackAMillisecondAtATimeTakesNoMemory) {
  Engine engine({});
  engine.apply(question(kMorning));

  const std::uint64_t before = allocations();
  for (int i = 1; i < 25'000; ++i) engine.apply(question(kMorning - i * 1ms));

  EXPECT_LE(allocations() - before, kFew);
  // And the deadlines are where they belong.
  Report report;
  engine.advance(kMorning - 24'999ms + 30s);
  engine.report(report);
  EXPECT_EQ(report.shops[0].waiting_over[0], 0U);
  engine.advance(kMorning - 24'999ms + 30s + 1ms);
  engine.report(report);
  EXPECT_EQ(report.shops[0].waiting_over[0], 1U);
  EXPECT_EQ(report.shops[0].counters.slow_turns, 0U);
  engine.advance(kMorning - 24'999ms + 60s + 1ms);
  engine.report(report);
  EXPECT_EQ(report.shops[0].counters.slow_turns, 1U);
}

TEST(Timers, CustomersWhoTakeEachOthersPlacesTakeNoMemory) {
  Settings settings;
  settings.limits.conversations = 2;
  Engine engine(settings);
  std::uint64_t customer = 0;
  const auto come_and_go = [&](int customers) {
    for (; customers > 0; --customers) {
      engine.apply(question(kMorning, ++customer));
      engine.apply(event(Type::close, kMorning, customer));
    }
  };
  come_and_go(10);

  const std::uint64_t before = allocations();
  come_and_go(20'000);

  EXPECT_LE(allocations() - before, kFew);
}

TEST(Timers, ASessionOfAWeekTakesNoMoreThanAShortOne) {
  Settings settings;
  settings.windows = {{"1m", 1min}};
  settings.shop_defaults.session_gap = 7 * 24h;
  Engine engine(settings);
  Instant at = kMorning;
  const auto talk = [&](int turns) {
    for (; turns > 0; --turns, at += 100s) {
      engine.apply(question(at));
      engine.advance(at + 31s);
      engine.apply(event(Type::message, at + 40s, 1, From::human));
    }
  };
  talk(1'000);

  const std::uint64_t before = allocations();
  talk(10'000);

  EXPECT_LE(allocations() - before, kFew);
}

}  // namespace
}  // namespace deskpulse::engine
