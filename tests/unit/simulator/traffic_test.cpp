#include "daemon/simulator/traffic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/simulator/day_curve.hpp"
#include "daemon/simulator/phrases.hpp"
#include "proto/decoder.hpp"
#include "proto/encoder.hpp"

namespace deskpulse::simulator {
namespace {

using namespace std::chrono_literals;
using proto::From;
using proto::Instant;
using proto::Kind;
using proto::Millis;
using proto::Type;

constexpr Instant kSeven{Millis(1'762'772'400'000)};  // 2025-11-10T19:00:00+08:00

TrafficOptions options_of(Preset preset, std::uint64_t seed = 1) {
  TrafficOptions options;
  options.preset = preset;
  options.seed = seed;
  options.start = kSeven;
  return options;
}

std::string lines(const TrafficOptions& options, int events) {
  Traffic traffic(options);
  std::string text;
  for (int i = 0; i < events; ++i) {
    const Spoken spoken = traffic.next();
    proto::append_event(text, spoken.event, spoken.text);
    text += '\n';
  }
  return text;
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

/// What a plain reader makes of the events: sessions, and the waits that nobody else got into.
struct Seen {
  std::vector<double> first_waits;  // seconds, answered by a person who had it from the start
  std::vector<double> later_waits;
  int sessions = 0;
  int by_bots_alone = 0;
  int with_person = 0;
  int transferred = 0;  // sessions
  int unanswered = 0;   // sessions with no answer to their last question
  int turns = 0;
  int customer_messages = 0;
  int agent_messages = 0;
  int texts = 0;
  int long_texts = 0;
  int odd_texts = 0;  // neither 7 to 15 characters nor over 200
};

class Reader {
 public:
  void see(const Spoken& spoken) {
    const proto::Event& event = spoken.event;
    if (event.customer.empty() || event.type == Type::order || event.type == Type::rating) return;
    Session& session = sessions_[{std::string(event.shop), std::string(event.customer)}];
    const bool activity = event.type == Type::message && !is_silent(event.kind) &&
                          (event.from == From::customer || event.from == From::human ||
                           event.from == From::assist || event.from == From::bot);
    if (session.open && !session.waiting && event.ts - session.last > 10min) end(session);
    if (event.type == Type::close) {
      if (session.open) end(session);
      return;
    }
    if (event.type == Type::assign) {
      const bool from_person = !event.from_agent.empty() && event.from_agent != "智能客服";
      session.transferred |= from_person;
      session.disturbed = true;
    }
    if (!activity) return;
    if (spoken.text) {
      const auto length = characters(*spoken.text);
      ++seen_.texts;
      seen_.long_texts += length > 200;
      seen_.odd_texts += (length < 7 || length > 15) && length <= 200;
    }
    if (!session.open) session.open = true;
    session.last = event.ts;
    if (event.from == From::customer) {
      ++session.customer_messages;
      if (!session.waiting) {
        session.waiting = true;
        session.disturbed = event.agent.empty();
        session.opened = event.ts;
        ++session.turns;
      } else if (std::string(event.agent) != session.agent) {
        session.disturbed = true;
      }
      session.agent = event.agent;
      return;
    }
    ++session.agent_messages;
    session.person |= event.from != From::bot;
    session.bot |= event.from == From::bot;
    if (session.waiting && event.from != From::bot && !session.disturbed)
      (session.turns == 1 ? seen_.first_waits : seen_.later_waits)
          .push_back(std::chrono::duration<double>(event.ts - session.opened).count());
    session.waiting = false;
  }

  Seen finish() {
    for (auto& [key, session] : sessions_)
      if (session.open) end(session);
    return std::move(seen_);
  }

 private:
  struct Session {
    Instant last, opened;
    std::string agent;
    bool open = false, waiting = false, disturbed = false, transferred = false;
    bool person = false, bot = false;
    int turns = 0, customer_messages = 0, agent_messages = 0;
  };

  void end(Session& session) {
    ++seen_.sessions;
    seen_.by_bots_alone += session.bot && !session.person && !session.waiting;
    seen_.with_person += session.person;
    seen_.transferred += session.transferred;
    seen_.unanswered += session.waiting;
    if (session.person && !session.bot) {
      seen_.turns += session.turns;
      seen_.customer_messages += session.customer_messages;
      seen_.agent_messages += session.agent_messages;
    }
    session = {};
  }

  std::map<std::pair<std::string, std::string>, Session> sessions_;
  Seen seen_;
};

/// A morning with room for everybody, so that the figures are the preset's own; slow enough to see
/// long waits to their end.
Seen see(Preset preset, int events, double rate) {
  TrafficOptions options = options_of(preset);
  options.rate = rate;
  options.time_of_day = 9h;
  Traffic traffic(options);
  Reader reader;
  for (int i = 0; i < events; ++i) reader.see(traffic.next());
  return reader.finish();
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

double share_over(const std::vector<double>& values, double limit) {
  return static_cast<double>(std::count_if(values.begin(), values.end(),
                                           [&](double value) { return value > limit; })) /
         static_cast<double>(values.size());
}

TEST(Traffic, OfOneSeedIsTheSameToTheByte) {
  EXPECT_EQ(lines(options_of(Preset::promo, 7), 20'000),
            lines(options_of(Preset::promo, 7), 20'000));
  EXPECT_NE(lines(options_of(Preset::promo, 7), 20'000),
            lines(options_of(Preset::promo, 8), 20'000));
}

TEST(Traffic, IsReadBackByTheDecoderInTheOrderOfTime) {
  proto::Decoder decoder;
  for (const Preset preset : {Preset::normal, Preset::promo, Preset::extreme}) {
    Traffic traffic(options_of(preset));
    Instant last = kSeven;
    std::set<std::pair<std::string, std::string>> ids;
    std::string json;
    for (int i = 0; i < 30'000; ++i) {
      const Spoken spoken = traffic.next();
      ASSERT_GE(spoken.event.ts, last);
      last = spoken.event.ts;
      ASSERT_TRUE(ids.emplace(spoken.event.shop, spoken.event.id).second);

      json.clear();
      proto::append_event(json, spoken.event, spoken.text);
      const auto decoded = decoder.event(json);
      ASSERT_TRUE(decoded) << json;
      ASSERT_EQ(decoded->customer, spoken.event.customer);
      ASSERT_EQ(decoded->agent, spoken.event.agent);
      ASSERT_EQ(decoded->amount_e4, spoken.event.amount_e4);
    }
  }
}

TEST(Traffic, HasEveryKindOfEvent) {
  Traffic traffic(options_of(Preset::promo));
  std::set<Type> types;
  std::set<From> senders;
  std::set<Kind> kinds;
  std::set<proto::OrderStatus> orders;
  std::set<proto::Status> presence;
  std::set<std::string> shops;
  bool back_to_the_queue = false;
  for (int i = 0; i < 300'000; ++i) {
    const Spoken spoken = traffic.next();
    types.insert(spoken.event.type);
    shops.emplace(spoken.event.shop);
    if (spoken.event.type == Type::message) senders.insert(spoken.event.from);
    if (spoken.event.type == Type::message) kinds.insert(spoken.event.kind);
    if (spoken.event.type == Type::order) orders.insert(spoken.event.order_status);
    if (spoken.event.type == Type::agent_status) presence.insert(spoken.event.status);
    back_to_the_queue |= spoken.event.type == Type::assign && spoken.event.agent.empty();
  }

  EXPECT_EQ(types.size(), 6u);
  EXPECT_EQ(senders.size(), 7u);
  EXPECT_EQ(kinds.size(), 8u);  // all but `event`
  EXPECT_EQ(orders.size(), 4u);
  EXPECT_EQ(presence.size(), 3u);
  EXPECT_EQ(shops.size(), 3u);
  EXPECT_TRUE(back_to_the_queue);
}

TEST(Traffic, AnswersAsFastAsOnAnOrdinaryDay) {
  const Seen seen = see(Preset::normal, 200'000, 3.0);

  EXPECT_NEAR(quantile(seen.later_waits, 0.5), 6.6, 0.5);
  EXPECT_NEAR(quantile(seen.first_waits, 0.5) / quantile(seen.later_waits, 0.5), 1.5, 0.15);
  EXPECT_LT(share_over(seen.later_waits, 180.0), 0.005);
  EXPECT_NEAR(1.0 * seen.by_bots_alone / seen.sessions, 0.20, 0.03);
}

TEST(Traffic, AnswersAsSlowlyAsInAPromotion) {
  const Seen seen = see(Preset::promo, 250'000, 15.0);

  EXPECT_NEAR(quantile(seen.later_waits, 0.5), 40.0, 3.0);
  EXPECT_NEAR(quantile(seen.first_waits, 0.5) / quantile(seen.later_waits, 0.5), 1.5, 0.15);
  EXPECT_NEAR(share_over(seen.later_waits, 180.0), 0.12, 0.03);
  EXPECT_GT(1.0 * seen.by_bots_alone / seen.sessions, 0.30);
  EXPECT_LT(1.0 * seen.by_bots_alone / seen.sessions, 0.60);
  EXPECT_GT(1.0 * seen.transferred / seen.with_person, 0.03);
  EXPECT_LT(1.0 * seen.transferred / seen.with_person, 0.08);
  EXPECT_GT(1.0 * seen.unanswered / seen.sessions, 0.002);
  EXPECT_LT(1.0 * seen.unanswered / seen.sessions, 0.10);
}

TEST(Traffic, AnswersAsSlowlyAsWhenNobodyKeepsUp) {
  const Seen seen = see(Preset::extreme, 250'000, 15.0);

  EXPECT_NEAR(quantile(seen.later_waits, 0.5), 90.0, 7.0);
  EXPECT_NEAR(share_over(seen.later_waits, 180.0), 0.30, 0.05);
}

TEST(Traffic, HasTheTurnsAndWordsOfRealChats) {
  const Seen seen = see(Preset::promo, 250'000, 15.0);

  EXPECT_GT(1.0 * seen.customer_messages / seen.turns, 1.6);
  EXPECT_LT(1.0 * seen.customer_messages / seen.turns, 2.0);
  EXPECT_NEAR(1.0 * seen.agent_messages / seen.turns, 1.5, 0.15);
  EXPECT_EQ(seen.odd_texts, 0);
  EXPECT_GT(seen.long_texts, seen.texts / 500);
  EXPECT_LT(seen.long_texts, seen.texts / 50);
}

TEST(Traffic, KeepsItsMeanRateOverADay) {
  for (const auto& [preset, rate] :
       {std::pair{Preset::normal, 3.0}, {Preset::promo, 4.0}, {Preset::extreme, 4.0}}) {
    TrafficOptions options = options_of(preset);
    options.rate = rate;
    options.time_of_day = 4h;
    Traffic traffic(options);
    int events = 0;
    while (traffic.next().event.ts < kSeven + 24h) ++events;

    EXPECT_NEAR(events / 86'400.0 / rate, 1.0, 0.1) << static_cast<int>(preset);
  }
}

TEST(Traffic, ComesInTwoStepsInAPromotion) {
  const DayCurve curve(DayCurve::Shape::promotion);
  const double before = curve.at(19h);

  EXPECT_GT(curve.at(19h + 59min) / curve.at(17h), 5.0);
  EXPECT_LT(curve.at(19h + 59min) / curve.at(17h), 9.0);
  EXPECT_GT(curve.at(19h + 31min), 2.5 * before);
  EXPECT_GT(curve.at(0h), 2.0 * curve.at(23h + 59min));
}

TEST(Traffic, KeepsItsRateAtEveryHourWhenSteady) {
  TrafficOptions options = options_of(Preset::normal);
  options.steady = true;
  options.rate = 20.0;
  options.start = kSeven + 8h;  // three in the morning
  Traffic traffic(options);
  while (traffic.next().event.ts < options.start + 1h) {
  }

  int events = 0;
  while (traffic.next().event.ts < options.start + 2h) ++events;

  EXPECT_NEAR(events / 3600.0, options.rate, 0.1 * options.rate);
}

TEST(Traffic, HasNoMoreCustomersThanItIsGiven) {
  TrafficOptions options = options_of(Preset::promo);
  options.customers = 50;
  Traffic traffic(options);
  std::set<std::pair<std::string, std::string>> seen;
  for (int i = 0; i < 100'000; ++i) {
    const auto& event = traffic.next().event;
    if (event.type == Type::message)
      seen.emplace(std::string(event.shop), std::string(event.customer));
  }

  EXPECT_EQ(seen.size(), 150u);  // three shops
}

TEST(Traffic, KeepsTheConversationsOpenThatAreAskedFor) {
  constexpr int kOpen = 2000;
  TrafficOptions options = options_of(Preset::normal);
  options.conversations = kOpen;
  Traffic traffic(options);
  std::map<std::string, Instant> newest;  // of conversations that were not closed
  Instant now;
  for (int i = 0; i < 20 * kOpen; ++i) {
    const Spoken spoken = traffic.next();
    now = spoken.event.ts;
    if (spoken.event.type == Type::close)
      newest.erase(std::string(spoken.event.customer));
    else if (spoken.event.type == Type::message && !is_silent(spoken.event.kind))
      newest[std::string(spoken.event.customer)] = now;
  }

  const auto open = std::count_if(newest.begin(), newest.end(),
                                  [&](const auto& entry) { return now - entry.second <= 10min; });
  EXPECT_NEAR(traffic.open_conversations(), kOpen, kOpen * 0.01);
  EXPECT_NEAR(static_cast<double>(open), kOpen, kOpen * 0.03);
}

TEST(Traffic, TakesItsShopsAndAgentsFromTheOptions) {
  TrafficOptions options = options_of(Preset::extreme);
  options.shops = 5;
  options.agents = 31;
  Traffic traffic(options);
  std::set<std::pair<std::string, std::string>> agents;
  std::set<std::string> shops;
  for (int i = 0; i < 1000; ++i) {
    const Spoken spoken = traffic.next();
    shops.emplace(spoken.event.shop);
    if (spoken.event.type == Type::agent_status)
      agents.emplace(spoken.event.shop, spoken.event.agent);
  }

  EXPECT_EQ(shops.size(), 5u);
  EXPECT_EQ(agents.size(), 31u);
}

TEST(Traffic, CallsShopsAndAgentsAsPeopleDo) {
  Traffic traffic(options_of(Preset::extreme));
  for (int i = 0; i < 10'000; ++i) {
    const Spoken spoken = traffic.next();
    ASSERT_TRUE(spoken.event.shop.ends_with("店")) << spoken.event.shop;
    ASSERT_EQ(spoken.event.agent.find("robot"), std::string_view::npos);
  }

  EXPECT_EQ(shop_name(0), "青禾家居旗舰店");
  std::set<std::string> shops;
  std::set<std::string> agents;
  for (unsigned n = 0; n < 10'000; ++n) {
    shops.insert(shop_name(n));
    agents.insert(agent_name(n));
  }
  EXPECT_EQ(shops.size(), 10'000u);
  EXPECT_EQ(agents.size(), 10'000u);
}

TEST(Traffic, GoesOnWhenNobodyIsThereToAnswer) {
  TrafficOptions options = options_of(Preset::extreme);
  options.shops = 2;
  options.agents = 2;  // against a thousand events a second
  Traffic traffic(options);
  for (int i = 0; i < 300'000; ++i) traffic.next();

  EXPECT_GT(traffic.open_conversations(), 0);
}

TEST(Traffic, RefusesOptionsOutOfRange) {
  TrafficOptions no_time = options_of(Preset::normal);
  no_time.start = Instant{};
  EXPECT_THROW(Traffic{no_time}, std::invalid_argument);
  TrafficOptions no_shops = options_of(Preset::normal);
  no_shops.shops = -1;
  EXPECT_THROW(Traffic{no_shops}, std::invalid_argument);
}

}  // namespace
}  // namespace deskpulse::simulator
