// What an engine's image keeps when the configuration has changed meanwhile, and what becomes of
// damaged ones. That nothing changes otherwise is proved by tests/property/.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "daemon/engine/engine.hpp"
#include "tests/property/kept_image.hpp"
#include "tests/unit/engine/allocations.hpp"

namespace deskpulse::engine {
namespace {

using namespace std::chrono_literals;
using property::Bytes;
using property::image_of;
using property::load_image;
using proto::Event;
using proto::From;
using proto::Type;

const Instant kMorning{20'000 * 24h + 2h};  // 10:00 in Shanghai
constexpr std::size_t k5m = 1;
constexpr std::size_t kToday = 5;

Event message(Instant at, std::uint64_t customer, From from, std::string_view agent = "amy",
              std::string_view shop = "shop") {
  Event event;
  event.type = Type::message;
  event.from = from;
  event.ts = at;
  event.shop = shop;
  event.agent = agent;
  event.customer_key = {customer, customer * 0x9e37'79b9'7f4a'7c15U};
  return event;
}

Event status(Instant at, std::string_view agent) {
  Event event;
  event.type = Type::agent_status;
  event.ts = at;
  event.shop = "shop";
  event.agent = agent;
  return event;
}

/// Two customers of amy wrote within the last minutes; one was answered after 40 s.
void talk(Engine& engine) {
  engine.apply(message(kMorning, 1, From::customer));
  engine.apply(message(kMorning + 40s, 1, From::human));
  engine.apply(message(kMorning + 50s, 2, From::customer));
  engine.advance(kMorning + 90s);
}

Report report_of(Engine& engine) {
  Report report;
  engine.report(report);
  return report;
}

const AgentRow* row_of(const Report& report, std::string_view agent) {
  for (const AgentRow& row : report.agents)
    if (report.directory->agents[row.agent].id == agent) return &row;
  return nullptr;
}

TEST(Image, OtherWindowsBeginAnewButDistinctCustomersAreWhole) {
  Engine before({});
  talk(before);
  Settings settings;
  settings.windows = {{"2m", 2min}, {"5m", 5min}};

  Engine after(settings);
  const Loaded loaded = load_image(after, image_of(before));

  EXPECT_TRUE(loaded.ok);
  EXPECT_TRUE(loaded.windows_anew);
  EXPECT_FALSE(loaded.today_anew);
  const Report report = report_of(after);
  EXPECT_EQ(report.shop_scopes[1].messages[0], 0U);
  EXPECT_EQ(report.shop_scopes[1].answered_turns, 0U);
  EXPECT_EQ(report.shop_scopes[1].consulting_customers, 2U);
  EXPECT_EQ(report.shop_scopes[1].unanswered_customers, 1U);
  EXPECT_EQ(report.agent_scopes[1].consulting_customers, 2U);
  EXPECT_EQ(report.shop_scopes[2].messages[0], 2U);
  EXPECT_EQ(report.shops[0].counters.messages[0], 2U);
  // A customer that is counted already moves, and is not counted twice.
  after.apply(message(kMorning + 91s, 1, From::customer));
  EXPECT_EQ(report_of(after).shop_scopes[1].consulting_customers, 2U);
}

TEST(Image, CountersBeginAnewAndNoScopeWithThem) {
  Engine engine({});
  talk(engine);
  const Report before = report_of(engine);
  ASSERT_GT(before.shops[0].response_duration.sum_ms, 0);

  engine.begin_counters_anew();

  Engine after({});
  ASSERT_TRUE(load_image(after, image_of(engine)).ok);
  for (Engine* const each : {&engine, &after}) {
    const Report now = report_of(*each);
    EXPECT_EQ(now.shop_scopes, before.shop_scopes);
    EXPECT_EQ(now.agent_scopes, before.agent_scopes);
    EXPECT_EQ(now.shops[0].counters.messages[0], 0U);
    EXPECT_EQ(now.shops[0].counters.turns[0], 0U);
    EXPECT_EQ(now.shops[0].response_duration.sum_ms, 0);
    EXPECT_EQ(now.shops[0].first_response_duration.sum_ms, 0);
    for (const AgentRow& row : now.agents) EXPECT_EQ(row.counters.messages[0], 0U);
  }
  engine.apply(message(kMorning + 91s, 1, From::customer));
  EXPECT_EQ(report_of(engine).shops[0].counters.messages[0], 1U);
}

TEST(Image, AnotherCutOfTheDayBeginsTodayAnew) {
  Engine before({});
  talk(before);
  Settings settings;
  settings.calendar = Calendar(8h, {}, 4h);

  Engine after(settings);
  const Loaded loaded = load_image(after, image_of(before));

  EXPECT_TRUE(loaded.ok);
  EXPECT_TRUE(loaded.today_anew);
  EXPECT_FALSE(loaded.windows_anew);
  const Report report = report_of(after);
  EXPECT_EQ(report.shop_scopes[kToday].messages[0], 0U);
  EXPECT_EQ(report.shop_scopes[kToday].unanswered_customers, 0U);
  EXPECT_EQ(report.shop_scopes[kToday].peak_conversations, 2U);
  EXPECT_EQ(report.shop_scopes[k5m].messages[0], 2U);
  after.apply(message(kMorning + 91s, 2, From::human));
  EXPECT_EQ(report_of(after).shop_scopes[kToday].unanswered_customers, 0U);
}

TEST(Image, AnotherZoneDoesNotForgetConversationsEarly) {
  Engine before({});
  before.apply(message(kMorning, 1, From::customer));
  before.apply(message(kMorning + 1s, 1, From::human));
  before.advance(kMorning + 1h);
  Settings settings;
  settings.calendar = Calendar(-10h, {}, 0h);  // where it is the day before

  Engine after(settings);
  ASSERT_TRUE(load_image(after, image_of(before)).ok);

  after.apply(message(kMorning + 2h, 1, From::customer, ""));
  EXPECT_EQ(row_of(report_of(after), "amy")->levels.waiting_customers, 1U);
}

TEST(Image, AShorterLimitIsAppliedToThoseWhoWaitAlready) {
  Engine before({});
  talk(before);
  Settings settings;
  settings.shop_defaults.slow_after = 20s;

  Engine after(settings);
  ASSERT_TRUE(load_image(after, image_of(before)).ok);

  // Customer 2 waits since 40 s: slow since 20 s. Customer 1 was answered, by the limit of then.
  EXPECT_EQ(report_of(after).shop_scopes[0].slow_turns, 1U);
  EXPECT_EQ(report_of(after).shops[0].counters.slow_turns, 1U);
  after.apply(message(kMorning + 91s, 2, From::human));
  EXPECT_EQ(report_of(after).shop_scopes[0].slow_turns, 1U);
}

TEST(Image, ALongerLimitIsAppliedToThoseWhoWaitAlready) {
  Engine before({});
  talk(before);
  Settings settings;
  settings.shop_defaults.slow_after = 100s;

  Engine after(settings);
  ASSERT_TRUE(load_image(after, image_of(before)).ok);

  after.advance(kMorning + 150s);
  EXPECT_EQ(report_of(after).shop_scopes[k5m].slow_turns, 0U);
  after.advance(kMorning + 150s + 1ms);
  EXPECT_EQ(report_of(after).shop_scopes[k5m].slow_turns, 1U);
}

TEST(Image, WhereABotsMessageIsAReplyNowNoHandoffOpensATurn) {
  Engine before({});
  before.apply(message(kMorning, 1, From::customer, "robot"));
  before.apply(message(kMorning + 1s, 1, From::bot, "robot"));
  Settings settings;
  settings.shop_defaults.profile.bot_is_valid = true;

  Engine after(settings);
  ASSERT_TRUE(load_image(after, image_of(before)).ok);
  Event handoff = message(kMorning + 2s, 1, From::customer);
  handoff.type = Type::assign;
  after.apply(handoff);

  EXPECT_EQ(report_of(after).shops[0].levels.waiting_customers, 0U);
}

// Half a century each, as in a recording whose clock began at the epoch.
TEST(Image, ResponseTimesOfAThousandLivesAreNotRefused) {
  Settings settings;
  settings.shop_defaults.abandon_after = 100 * 366 * 24h;
  settings.shop_defaults.session_gap = 100 * 366 * 24h;
  Engine before(settings);
  for (std::uint64_t i = 1; i <= 6'000; ++i) before.apply(message(Instant{1ms}, i, From::customer));
  for (std::uint64_t i = 1; i <= 6'000; ++i) before.apply(message(kMorning, i, From::human));

  Engine after(settings);
  ASSERT_TRUE(load_image(after, image_of(before)).ok);

  const Report report = report_of(after);
  EXPECT_EQ(report.shop_scopes[kToday].answered_turns, 6'000U);
  EXPECT_EQ(report.shop_scopes[kToday].response_time_sum_ms, kLongestSumMs);
  EXPECT_EQ(report.shop_scopes[k5m].response_time_sum_ms, kLongestSumMs);
  EXPECT_EQ(image_of(after), image_of(before));
}

TEST(Image, WhatAgentsAreLikeIsConfiguredUnlessAnEventHasSaidIt) {
  const auto configured = [](std::string name, std::uint32_t capacity) {
    Settings settings;
    ShopSettings shop;
    shop.id = "shop";
    shop.agents = {{.id = "amy", .name = name, .group = "presale", .capacity = capacity},
                   {.id = "bob", .name = name, .group = "presale", .capacity = capacity}};
    settings.shops = {shop};
    return settings;
  };
  Engine before(configured("one", 1));
  talk(before);
  Event told = status(kMorning + 90s, "bob");
  told.name = "Bob Li";
  told.capacity = 7;
  before.apply(told);

  Engine after(configured("two", 2));
  ASSERT_TRUE(load_image(after, image_of(before)).ok);

  const Report report = report_of(after);
  const AgentRow* amy = row_of(report, "amy");
  const AgentRow* bob = row_of(report, "bob");
  EXPECT_EQ(report.directory->agents[amy->agent].name, "two");
  EXPECT_EQ(amy->capacity, 2U);
  EXPECT_EQ(report.directory->agents[bob->agent].name, "Bob Li");
  EXPECT_EQ(bob->capacity, 7U);
}

TEST(Image, SavingNeitherAllocatesNorChangesAnything) {
  Engine engine({});
  for (std::uint64_t i = 1; i < 3'000; ++i)
    engine.apply(message(kMorning + 10ms * i, i % 700 + 1,
                         i % 3 == 0 ? From::human : From::customer,
                         "agent " + std::to_string(i % 20)));
  property::KeptSink sink;
  sink.all.reserve(10 << 20);
  const auto writer = std::make_unique<image::Writer>(sink);

  const std::uint64_t before = allocations();
  engine.save(*writer);
  writer->flush();
  const std::uint64_t after = allocations();

  EXPECT_EQ(after, before);
  EXPECT_GT(sink.all.size(), 700U * 30U);
  EXPECT_EQ(image_of(engine), sink.all);
}

/// A little of everything that an image can hold, in two shops.
Bytes varied_image() {
  Engine engine({});
  std::mt19937 random(7);
  constexpr std::array<const char*, 4> kAgents{"", "amy", "bob", "cat"};
  for (int i = 0; i < 150; ++i) {
    Event event = message(kMorning + 3s * i, random() % 12 + 1,
                          static_cast<From>(random() % proto::kFromCount),
                          kAgents[random() % kAgents.size()]);
    // A customer is of one shop.
    event.shop = event.customer_key.high % 2 == 0 ? "shop" : "other";
    if (random() % 10 == 0) event.type = Type::assign;
    if (random() % 20 == 0) event.type = Type::close;
    if (random() % 20 == 0) {
      event.type = Type::agent_status;
      event.name = "name";
      event.group = "group";
      event.capacity = 5;
    }
    engine.apply(event);
  }
  return image_of(engine);
}

/// Loads what may be anything, and uses what comes of it. Whether it was taken for an image.
bool try_out(std::span<const std::byte> bytes) {
  Engine engine({});
  if (!load_image(engine, bytes).ok) return false;
  const Report report = report_of(engine);
  std::size_t waiting = 0;
  for (const ShopRow& row : report.shops) waiting += row.levels.waiting_customers;
  WaitingList list;
  engine.waiting({}, {}, list);
  EXPECT_EQ(list.rows.size(), waiting);
  for (std::uint64_t customer = 1; customer < 14; ++customer)
    engine.apply(message(engine.now() + 1s, customer, static_cast<From>(customer % 4), "amy",
                         customer % 2 == 0 ? "shop" : "other"));
  engine.advance(engine.now() + 2h);
  report_of(engine);
  image_of(engine);
  return true;
}

TEST(Image, EveryTruncationIsRefused) {
  const Bytes image = varied_image();
  ASSERT_TRUE(try_out(image));

  for (std::size_t size = 0; size < image.size(); ++size)
    ASSERT_FALSE(try_out(std::span(image).first(size))) << size;
}

TEST(Image, DamageIsRefusedOrHarmless) {
  const Bytes image = varied_image();
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 6'000; ++i) {
    SCOPED_TRACE(i);
    Bytes damaged = image;
    for (auto changes = random() % 3 + 1; changes > 0; --changes) {
      const auto at = static_cast<std::ptrdiff_t>(random() % damaged.size());
      const auto value = static_cast<std::byte>(random() % 3 == 0 ? random() % 4 : random());
      switch (random() % 4) {
        case 0:
          damaged.insert(damaged.begin() + at, value);
          break;
        case 1:
          damaged.erase(damaged.begin() + at);
          break;
        default:
          damaged[static_cast<std::size_t>(at)] = value;
      }
    }
    refused += try_out(damaged) ? 0 : 1;
  }
  EXPECT_GT(refused, 1'000);
}

TEST(Image, GarbageIsRefused) {
  std::mt19937 random(3);
  for (int i = 0; i < 2'000; ++i) {
    Bytes garbage(random() % 2'000);
    const unsigned few = random() % 2 == 0 ? 4 : 256;  // small numbers get further
    for (std::byte& byte : garbage) byte = static_cast<std::byte>(random() % few);
    ASSERT_FALSE(try_out(garbage)) << i;
  }
}

}  // namespace
}  // namespace deskpulse::engine
