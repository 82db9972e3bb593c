// The engine against the recount, which counts everything anew in the plainest way
// (tests/property): the bytes choose rules and a history with few shops, agents and customers, and
// when somebody looks. Where they choose so the engine is saved and loaded in between.
#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "daemon/engine/engine.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/property/act.hpp"
#include "tests/property/comparison.hpp"
#include "tests/property/flatten.hpp"
#include "tests/property/histories.hpp"
#include "tests/property/kept_image.hpp"

namespace {

using namespace deskpulse;
using namespace deskpulse::property;

/// The recount walks everything each time.
constexpr std::size_t kMostSteps = 60;
constexpr int kMostLooks = 4;
constexpr std::size_t kMostRules = 3;
/// The histories begin around the start of this business day.
constexpr Time kDayNumber = 19'675;

/// Bytes as choices; at their end everything is 0.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool is_over() const { return size_ == 0; }
  std::size_t below(std::size_t end) { return byte() % end; }
  template <class T, std::size_t n>
  const T& of(const std::array<T, n>& values) {
    return values[below(n)];
  }

 private:
  std::uint8_t byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }

  const std::uint8_t* data_;
  std::size_t size_;
};

constexpr std::array<Time, 8> kSpans{5'000, 6'000, 10'000, 20'000, 60'000, 180'000, 1, 600'000};

ShopRules shop_rules(Choices& choose, const std::string& id) {
  ShopRules rules;
  rules.id = id;
  const std::size_t profile = choose.below(12);
  const auto published = published_profiles();
  if (profile < published.size()) {
    rules.profile = published[profile];
  } else {
    rules.profile.name = "own";
    rules.profile.bot_is_valid = profile % 2 == 0;
    rules.profile.strict = profile % 3 == 0;
    rules.profile.session_first = profile % 4 == 0;
    rules.profile.timely_within = choose.of(kSpans);
    if (profile == 11) rules.profile.response_cap = 3'000;
  }
  rules.slow_after = choose.of(kSpans);
  rules.abandon_after = choose.of(kSpans);
  rules.session_gap = choose.of(kSpans);
  rules.slow_times = 1 + static_cast<unsigned>(choose.below(3));
  return rules;
}

Rules rules_from(Choices& choose) {
  Rules rules;
  const std::size_t windows = choose.below(5);
  if (windows == 1) rules.windows = {{"60ms", 60}, {"1h", kHour}};
  if (windows == 2) rules.windows = {{"6s", 6'000}, {"90s90", 90'060}};
  if (windows == 3) rules.windows.clear();
  if (windows == 4) rules.windows = {{"1m", kMinute}, {"1d", kDay}};
  constexpr std::array<Time, 4> kOffsets{8 * kHour, 0, -5 * kHour, 5 * kHour + 45 * kMinute};
  constexpr std::array<Time, 4> kCuts{0, 4 * kHour, 23 * kHour + 59 * kMinute, kMinute};
  rules.zone.offset = choose.of(kOffsets);
  rules.zone.cut = choose.of(kCuts);
  // Days of 23, 25 and 27 hours, and a date that is skipped.
  constexpr std::array<Time, 8> kChanges{0, 0, 0, 0, kHour, -kHour, -3 * kHour, kDay};
  if (const Time change = choose.of(kChanges); change != 0) {
    if (change == kDay) rules.zone.offset = -10 * kHour;
    const Time offset = rules.zone.offset;
    rules.zone.transitions = {{kDayNumber * kDay - offset, offset + change}};
  }
  rules.defaults = shop_rules(choose, "");
  if (choose.below(2) == 1) {
    rules.shops.push_back(shop_rules(choose, "s1"));
    if (choose.below(2) == 1) rules.shops[0].agents.push_back({"a", "Zoe", "night", 5});
  }
  return rules;
}

/// Other limits and profiles for the same shops.
Rules other_rules(Choices& choose, const History& history) {
  Rules rules = history.rules;
  rules.defaults = shop_rules(choose, "");
  for (ShopRules& shop : rules.shops) {
    const std::vector<AgentRules> agents = shop.agents;
    shop = shop_rules(choose, shop.id);
    shop.agents = agents;
  }
  return rules;
}

/// How far it is to the next thing: often to the edge of something.
Time distance(Choices& choose) {
  constexpr std::array<Time, 16> kSteps{0,      1,      500,       1'000,   5'000,  6'000,
                                        10'000, 20'000, 60'000,    180'000, 30'000, 600'000,
                                        kHour,  kDay,   3 * kHour, 1'500};
  const std::size_t pick = choose.below(64);
  const Time base = kSteps[pick % kSteps.size()];
  return std::max<Time>(0, base + (pick / 16 == 1 ? 1 : pick / 16 == 2 ? -1 : 0));
}

Act act_from(Choices& choose, Time now) {
  constexpr std::array<proto::Type, 8> kTypes{
      proto::Type::message, proto::Type::message, proto::Type::message,      proto::Type::message,
      proto::Type::assign,  proto::Type::close,   proto::Type::agent_status, proto::Type::rating};
  constexpr std::array<proto::From, 8> kFroms{
      proto::From::customer, proto::From::customer,  proto::From::human,  proto::From::assist,
      proto::From::bot,      proto::From::automatic, proto::From::system, proto::From::unknown};
  constexpr std::array<const char*, 4> kAgents{"a", "b", "", "c"};
  Act act;
  act.type = choose.of(kTypes);
  act.ts = now;
  act.shop = choose.below(4) == 3 ? "s2" : "s1";
  act.customer = "k" + std::to_string(choose.below(3));
  act.agent = choose.of(kAgents);
  if (act.type == proto::Type::message) {
    act.from = choose.of(kFroms);
    const std::size_t kind = choose.below(16);
    if (kind < 9) act.kind = static_cast<proto::Kind>(kind);
  }
  if (act.type == proto::Type::agent_status || act.type == proto::Type::rating) {
    if (act.agent.empty()) act.agent = "a";
    act.status = static_cast<proto::Status>(choose.below(3));
    if (choose.below(4) == 0) act.capacity = static_cast<std::uint32_t>(choose.below(9));
  }
  // Some come late.
  if (choose.below(6) == 5) act.ts = std::max<Time>(1, act.ts - distance(choose));
  return act;
}

History history_from(Choices& choose) {
  History history;
  history.rules = rules_from(choose);
  Time now = history.rules.zone.day_start(kDayNumber) - distance(choose);
  int looks = 0;
  while (!choose.is_over() && history.steps.size() < kMostSteps) {
    const std::size_t what = choose.below(16);
    if (what == 15 && ++looks < kMostLooks) {
      history.steps.push_back({Step::What::look, {}, 0});
    } else if (what >= 13) {
      now += distance(choose);
      history.steps.push_back({Step::What::advance, {}, now});
    } else if (what == 12 && history.later_rules.size() < kMostRules) {
      history.steps.push_back({Step::What::change_rules, {}, now, history.later_rules.size()});
      history.later_rules.push_back(other_rules(choose, history));
    } else if (what == 11) {
      Act act = act_from(choose, now);
      for (int left = 5; left > 0; --left) {
        act.ts = std::max<Time>(1, act.ts - 1);
        history.steps.push_back({Step::What::act, act, now});
      }
    } else {
      now += distance(choose);
      history.steps.push_back({Step::What::act, act_from(choose, now), now});
    }
  }
  return history;
}

std::unique_ptr<engine::Engine> broken_off(const engine::Engine& engine, const Rules& rules) {
  const Bytes image = image_of(engine);
  auto next = std::make_unique<engine::Engine>(settings_of(rules));
  const engine::Loaded loaded = load_image(*next, image);
  assert(loaded.ok && !loaded.windows_anew && !loaded.today_anew);
  assert(image_of(*next) == image);
  return next;
}

std::optional<Failure> compare(const History& history, bool restarts) {
  auto engine = std::make_unique<engine::Engine>(settings_of(history.rules));
  engine::Report report;
  Recount recount(history.rules);
  const Rules* rules = &history.rules;
  for (std::size_t i = 0; i < history.steps.size(); ++i) {
    const Step& step = history.steps[i];
    switch (step.what) {
      case Step::What::act:
        engine->apply(step.act.event());
        recount.apply(step.act.event());
        break;
      case Step::What::advance:
        engine->advance(instant(step.at));
        recount.advance(step.at);
        if (restarts) engine = broken_off(*engine, *rules);
        break;
      case Step::What::change_rules:
        rules = &history.later_rules[step.rules];
        engine = restarted(*engine, settings_of(*rules));
        assert(engine != nullptr);
        recount.change_rules(*rules);
        break;
      case Step::What::look:
        if (auto failure = look(i, *engine, report, recount)) return failure;
        break;
    }
  }
  return look(history.steps.size(), *engine, report, recount);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choose(data, size);
  const bool restarts = choose.below(4) == 3;
  const History history = history_from(choose);
  const auto failure = compare(history, restarts);
  if (!failure) return 0;
  const auto value = [](const std::optional<double>& number) {
    return number ? std::to_string(*number) : std::string("absent");
  };
  std::fprintf(stderr, "at step %zu, time %lld: %s\n  engine  %s\n  recount %s\nin the history\n%s",
               failure->step, static_cast<long long>(failure->now),
               failure->difference.series.c_str(), value(failure->difference.engine).c_str(),
               value(failure->difference.recount).c_str(), history.text().c_str());
  std::abort();
}
