#include "tests/property/histories.hpp"

#include <algorithm>
#include <initializer_list>
#include <random>

namespace deskpulse::property {
namespace {

using proto::From;
using proto::Kind;
using proto::Type;

/// The raw generator only: distributions differ between standard libraries.
class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}
  std::uint64_t below(std::uint64_t end) { return bits_() % end; }
  bool percent(unsigned chance) { return below(100) < chance; }
  template <class T>
  T of(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  template <class T>
  const T& of(const std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  std::mt19937_64 bits_;
};

enum class Span { hours, days };

class Writer {
 public:
  explicit Writer(std::uint64_t seed) : random_(seed) {}

  Rules rules() {
    make_rules();
    start_clock();
    return history_.rules;
  }

  History history(Span span) {
    make_rules();
    start_clock();
    if (span == Span::days) make_days();
    const std::uint64_t acts = 10 + random_.below(random_.percent(20) ? 140 : 60);
    for (std::uint64_t i = 0; i < acts; ++i) {
      add_act();
      if (random_.percent(many_bots_ ? 4 : 1)) add_handoff_behind_a_reply();
      if (random_.percent(1)) add_openings_moved_back();
      if (random_.percent(1)) change_rules();
      if (random_.percent(many_bots_ ? 3 : 1)) add_handoff_under_other_rules();
      if (random_.percent(12)) {
        move_clock();
        history_.steps.push_back({Step::What::advance, {}, clock_});
      }
      if (random_.percent(12)) history_.steps.push_back({Step::What::look, {}, 0});
    }
    return std::move(history_);
  }

 private:
  Time duration() {
    return random_.of<Time>({5'000, 5'000, 6'000, 10'000, 10'000, 20'000, 30'000, 1, 1'000});
  }

  ShopRules shop_rules(const std::string& id) {
    ShopRules rules;
    rules.id = id;
    if (random_.percent(30)) {
      rules.profile = random_.of(published_profiles());
    } else {
      rules.profile.name = "own";
      rules.profile.assist_is_valid = random_.percent(70);
      rules.profile.bot_is_valid = random_.percent(20);
      rules.profile.strict = random_.percent(30);
      rules.profile.session_first = random_.percent(30);
      rules.profile.timely_within = duration();
      if (random_.percent(30)) rules.profile.response_cap = random_.of<Time>({1, 3'000, 6'000});
      if (random_.percent(30)) {
        const std::vector<Time> at{0, kMinute, 8 * kHour, 8 * kHour + kMinute, 23 * kHour};
        rules.profile.hours = {random_.of(at), random_.of(at)};
      }
    }
    if (random_.percent(85)) {
      rules.slow_after = duration();
      rules.abandon_after = random_.of<Time>({10'000 + duration(), 60'000, 600'000, duration()});
      rules.session_gap = random_.of<Time>({10'000 + duration(), 60'000, duration()});
    }
    rules.slow_times = static_cast<unsigned>(random_.of({1, 1, 2, 3}));
    return rules;
  }

  void make_rules() {
    Rules& rules = history_.rules;
    if (random_.percent(70)) {
      rules.windows.clear();
      const std::vector<WindowRules> some{{"60ms", 60},      {"6s", 6'000},    {"30s", 30'000},
                                          {"1m", 60'000},    {"7m", 420'000},  {"1h", kHour},
                                          {"90s90", 90'060}, {"3h", 3 * kHour}};
      for (const WindowRules& window : some) {
        if (random_.percent(35)) rules.windows.push_back(window);
      }
    }
    if (random_.percent(50)) {
      rules.zone.offset = random_.of<Time>({0, 8 * kHour, -5 * kHour, 5 * kHour + 45 * kMinute});
      rules.zone.cut = random_.of<Time>({0, 0, 4 * kHour, 23 * kHour + 59 * kMinute, kMinute});
    }
    rules.defaults = shop_rules("");
    if (random_.percent(80)) rules.shops.push_back(shop_rules("s1"));
    if (random_.percent(20)) rules.shops.push_back(shop_rules("quiet"));
    for (ShopRules& shop : rules.shops) {
      if (random_.percent(50)) shop.agents.push_back({"a", "", "", std::nullopt});
      if (random_.percent(30)) shop.agents.push_back({"z", "Zoe", "night", 5});
    }
    shops_ = {"s1"};
    if (random_.percent(40)) shops_.push_back("s2");
    agents_ = {"a", "b"};
    if (random_.percent(50)) agents_.push_back("c");
    customers_ = {"k1"};
    if (random_.percent(60)) customers_.push_back("k2");
    if (random_.percent(40)) customers_.push_back("k3");

    pace_ = random_.of({20U, 40U, 80U});
    many_bots_ = random_.percent(25);
    late_ = random_.of({5U, 15U, 15U, 40U});
    history_.order.reorder_window = random_.of<Time>({0, 1, 1'000, 1'000, 5'000});
    history_.order.allowed_lateness = random_.of<Time>({0, 5'000, 60'000, 600'000});
  }

  void start_clock() {
    ZoneRules& zone = history_.rules.zone;
    const Time day = 19'675;
    if (random_.percent(20)) {
      // Clocks go forward or back around the cut.
      const Time at = day * kDay - zone.offset + random_.of<Time>({-kHour, 0, kHour, 2 * kHour});
      zone.transitions = {{at, zone.offset + random_.of<Time>({kHour, -kHour})}};
    }
    const Time cut = zone.day_start(day);
    const Time before = random_.of<Time>({1, 1'000, 20'000, 60'000, 600'000, 12 * kHour});
    clock_ = cut - before;
    if (random_.percent(30)) clock_ = day * kDay - zone.offset + 8 * kHour - before % kHour;
    if (random_.percent(10)) clock_ = clock_ / 60'000 * 60'000;
    past_ = {clock_};
  }

  /// Zones have made days of 20 to 47 hours, and skipped dates.
  void make_days() {
    Rules& rules = history_.rules;
    ZoneRules& zone = rules.zone;
    over_days_ = true;
    if (random_.percent(80)) rules.windows.push_back({"1d", kDay});
    if (random_.percent(30)) rules.windows.push_back({"12h", 12 * kHour});
    rules.agent_idle = random_.of<Time>({48 * kHour, kHour, 26 * kHour});
    const Time day = 19'675;
    const Time ahead = random_.of<Time>({kHour, kHour, -kHour, -3 * kHour, kDay, kDay, -kDay});
    zone.offset = ahead == kDay ? -10 * kHour : ahead == -kDay ? 14 * kHour : 8 * kHour;
    const Time hour = random_.of<Time>({0, 0, 2 * kHour});  // of the local clock
    const Time at = (day + random_.of<Time>({0, 0, 1})) * kDay - zone.offset + hour;
    zone.transitions = {{at, zone.offset + ahead}};
    clock_ = at - random_.of<Time>({1, 1'000, 60'000, 2 * kHour, 12 * kHour, 23 * kHour});
    past_ = {clock_};
  }

  /// A limit that somebody may be waiting for.
  Time limit() {
    const Rules& rules = history_.rules;
    const ShopRules& shop =
        rules.shops.empty() || random_.percent(30) ? rules.defaults : rules.shops.front();
    switch (random_.below(5)) {
      case 0:
        return shop.slow_after;
      case 1:
        return shop.profile.timely_within;
      case 2:
        return shop.abandon_after;
      case 3:
        return shop.session_gap;
      default:
        return random_.percent(50) ? history_.order.reorder_window
                                   : history_.order.allowed_lateness;
    }
  }

  Time near(Time time) { return time + random_.of<Time>({-1, 0, 0, 1}); }

  /// A time after `from` at which something is due, give or take a millisecond.
  Time due_after(Time from) {
    const Rules& rules = history_.rules;
    const std::uint64_t pick = random_.below(100);
    if (pick < 15) return from + random_.of<Time>({0, 0, 1, 2, 500, 1'000, 3'000});
    if (pick < 70) {
      const Time since = random_.of(past_);
      return near(since + limit());
    }
    if (pick < 85 && !rules.windows.empty()) {
      const Time bucket = random_.of(rules.windows).span / 60;
      const Time back = random_.percent(50) ? 0 : 60 * bucket;  // the edge, or when it is left
      const Time base = random_.percent(50) ? random_.of(past_) : from;
      return near((base + back) / bucket * bucket + bucket);
    }
    if (pick < 92) return near(rules.zone.day_start(rules.zone.day_of(from) + 1));
    return from + random_.of<Time>({kMinute, 5 * kMinute, 10 * kMinute, 30 * kMinute});
  }

  void move_over_days() {
    const ZoneRules& zone = history_.rules.zone;
    const auto edge_of_day = [&](Time ahead) {
      return near(zone.day_start(zone.day_of(clock_) + ahead));
    };
    switch (random_.below(4)) {
      case 0:
        clock_ = std::max(clock_, edge_of_day(random_.of<Time>({1, 1, 2})));
        break;
      case 1:
        clock_ = std::max(clock_, near(random_.of(past_) + random_.of<Time>({kDay, 25 * kHour})));
        break;
      case 2: {
        const Time bucket = kDay / 60;
        const Time since = random_.of(past_);
        clock_ = std::max(clock_, near(since / bucket * bucket + 60 * bucket));
        break;
      }
      default:
        clock_ += random_.of<Time>({6 * kHour, 12 * kHour, 20 * kHour, 23 * kHour, 23 * kHour});
    }
  }

  void move_clock() {
    if (over_days_ && random_.percent(8)) return move_over_days();
    if (random_.percent(pace_)) {
      clock_ += random_.of<Time>({0, 0, 1, 2, 500, 1'000, 2'000});
      return;
    }
    const std::uint64_t pick = random_.below(1'000);
    if (pick < 975) {
      Time best = due_after(clock_);
      for (int i = 0; i < 3; ++i) {
        const Time other = due_after(clock_);
        const bool nearer = other >= clock_ && (best < clock_ || other < best);
        if (nearer) best = other;
      }
      if (best < clock_ || best - clock_ > 2 * kHour) {
        best = clock_ + static_cast<Time>(random_.below(3'000));
      }
      clock_ = best;
    } else if (pick < 985) {
      clock_ += random_.of<Time>({kHour, 2 * kHour, 4 * kHour});
    } else if (pick < 992) {
      clock_ = near(history_.rules.zone.day_start(history_.rules.zone.day_of(clock_) + 1));
    } else if (pick < 996) {
      clock_ = std::max(clock_, near(random_.of(past_) + kDay));
    } else {
      clock_ = near(history_.rules.zone.day_start(history_.rules.zone.day_of(clock_) +
                                                  random_.of<Time>({2, 2, 3})));
    }
  }

  std::string agent(unsigned none_percent) {
    if (random_.percent(none_percent)) return random_.percent(80) ? "" : "unassigned";
    return random_.of(agents_);
  }

  void add_act() {
    move_clock();
    Act act;
    act.ts = clock_;
    if (random_.percent(late_)) {
      const Time late = random_.percent(60) ? near(random_.of(past_)) : near(clock_ - limit());
      act.ts = std::max<Time>(1, late);
    }
    // A later act may take this one's moment for its own limits.
    past_.push_back(act.ts);
    if (past_.size() > 6) past_.erase(past_.begin());

    if (!random_.percent(2)) act.id = 'e' + std::to_string(history_.steps.size());
    act.shop = random_.percent(85) ? shops_.front() : random_.of(shops_);
    act.customer = random_.of(customers_);
    const std::uint64_t pick = random_.below(100);
    if (pick < 73) {
      fill_message(act);
    } else if (pick < (many_bots_ ? 84U : 86U)) {
      act.type = Type::assign;
      act.agent = agent(25);
    } else if (pick < 92) {
      act.type = Type::close;
    } else if (pick < 96) {
      act.type = Type::agent_status;
      act.customer.clear();
      act.agent = random_.of(agents_);
      act.status = random_.of({proto::Status::online, proto::Status::busy, proto::Status::offline});
      if (random_.percent(60)) act.capacity = static_cast<std::uint32_t>(random_.below(4));
      if (random_.percent(30)) act.name = random_.of<const char*>({"Ann", "Bob"});
      if (random_.percent(30)) act.group = random_.of<const char*>({"day", "night"});
    } else {
      act.type = random_.of({Type::rating, Type::order, Type::unknown});
      if (act.type == Type::rating) act.agent = agent(30);
    }
    history_.steps.push_back({Step::What::act, act, clock_});
  }

  /// A customer comes back, meets a bot, and is handed over at a time when a person had not left
  /// yet: hardly ever drawn by chance.
  void add_handoff_behind_a_reply() {
    Act act;
    act.shop = shops_.front();
    act.customer = random_.of(customers_);
    const auto add = [&](Type type, From from, const std::string& agent, Time ts) {
      act.type = type;
      act.from = from;
      act.agent = agent;
      act.ts = ts;
      act.id = 'h' + std::to_string(history_.steps.size());
      history_.steps.push_back({Step::What::act, act, clock_});
    };
    const Time reply = clock_;
    add(Type::message, From::human, agent(20), reply);
    add(Type::close, From::unknown, "", clock_);
    move_clock();
    add(Type::message, From::customer, agent(50), clock_);
    move_clock();
    add(Type::message, From::bot, "robot", clock_);
    add(Type::assign, From::unknown, agent(20), near(reply));
  }

  /// Each question older than the one before it, as from a source that sends a backlog backwards.
  void add_openings_moved_back() {
    Act act;
    act.shop = shops_.front();
    act.customer = random_.of(customers_);
    act.agent = agent(50);
    const Time step = random_.of<Time>({1, 1, 7, 400});
    for (std::uint64_t left = 3 + random_.below(12); left > 0; --left) {
      act.ts = std::max<Time>(1, clock_ - step * static_cast<Time>(15 - left));
      act.id = 'b' + std::to_string(history_.steps.size());
      history_.steps.push_back({Step::What::act, act, clock_});
    }
  }

  void change_rules() {
    Rules rules = history_.later_rules.empty() ? history_.rules : history_.later_rules.back();
    const auto change = [this](ShopRules& shop) {
      ShopRules changed = shop_rules(shop.id);
      changed.agents = shop.agents;
      shop = changed;
    };
    change(rules.defaults);
    for (ShopRules& shop : rules.shops) change(shop);
    history_.later_rules.push_back(rules);
    history_.steps.push_back(
        {Step::What::change_rules, {}, clock_, history_.later_rules.size() - 1});
  }

  /// A bot has answered under one profile, and the handoff comes under another.
  void add_handoff_under_other_rules() {
    Act act;
    act.shop = shops_.front();
    act.customer = random_.of(customers_);
    const auto add = [&](Type type, From from, const std::string& agent) {
      move_clock();
      act.type = type;
      act.from = from;
      act.agent = agent;
      act.ts = clock_;
      act.id = 'r' + std::to_string(history_.steps.size());
      history_.steps.push_back({Step::What::act, act, clock_});
    };
    add(Type::message, From::customer, agent(50));
    add(Type::message, From::bot, "robot");
    change_rules();
    add(Type::assign, From::unknown, agent(20));
  }

  void fill_message(Act& act) {
    std::uint64_t pick = random_.below(100);
    if (many_bots_ && random_.percent(40)) pick = 80;
    if (pick < 42) {
      act.from = From::customer;
      act.agent = agent(50);
    } else if (pick < 68) {
      act.from = From::human;
      act.agent = agent(20);
    } else if (pick < 76) {
      act.from = From::assist;
      act.agent = agent(20);
    } else if (pick < 92) {
      act.from = From::bot;
      act.agent = random_.percent(60) ? "robot" : agent(30);
    } else {
      act.from = random_.of({From::automatic, From::system, From::note, From::unknown});
      act.agent = agent(50);
    }
    if (random_.percent(15)) {
      act.kind = static_cast<Kind>(random_.below(9));
    }
  }

  Random random_;
  History history_;
  Time clock_ = 0;
  unsigned pace_ = 0;  ///< percent of the moves that are small, whatever is due
  unsigned late_ = 0;  ///< percent of the acts that are late
  bool many_bots_ = false;
  bool over_days_ = false;
  std::vector<Time> past_;  ///< of the last acts
  std::vector<std::string> shops_, agents_, customers_;
};

std::string text_of(const ShopRules& shop) {
  const ProfileRules& profile = shop.profile;
  std::string text = "shop \"" + shop.id + "\": profile " + profile.name + " valid human";
  if (profile.assist_is_valid) text += "+assist";
  if (profile.bot_is_valid) text += "+bot";
  text += " timely " + std::to_string(profile.timely_within) + (profile.strict ? " strict" : "") +
          (profile.session_first ? " session_first" : "");
  if (profile.hours) {
    text += " hours " + std::to_string(profile.hours->first / kMinute) + "-" +
            std::to_string(profile.hours->second / kMinute) + " min";
  }
  if (profile.response_cap) text += " cap " + std::to_string(*profile.response_cap);
  text += "; slow_after " + std::to_string(shop.slow_after) + " abandon_after " +
          std::to_string(shop.abandon_after) + " session_gap " + std::to_string(shop.session_gap) +
          " slow_times " + std::to_string(shop.slow_times) + "; agents";
  for (const AgentRules& agent : shop.agents) text += ' ' + agent.id;
  return text + '\n';
}

}  // namespace

std::string History::text() const {
  const auto shops_of = [](const Rules& of) {
    std::string text = text_of(of.defaults);
    for (const ShopRules& shop : of.shops) text += text_of(shop);
    return text;
  };
  std::string text = "windows";
  for (const WindowRules& window : rules.windows) text += ' ' + window.label;
  text += "; zone offset " + std::to_string(rules.zone.offset) + " cut " +
          std::to_string(rules.zone.cut);
  for (const auto& [from, offset] : rules.zone.transitions) {
    text += " from " + std::to_string(from) + " offset " + std::to_string(offset);
  }
  text += "; reorder_window " + std::to_string(order.reorder_window) + " allowed_lateness " +
          std::to_string(order.allowed_lateness) + "; agent_idle " +
          std::to_string(rules.agent_idle) + '\n' + shops_of(rules);
  for (const Step& step : steps) {
    switch (step.what) {
      case Step::What::act:
        text += step.act.line();
        break;
      case Step::What::advance:
        text += "# advance to " + std::to_string(step.at);
        break;
      case Step::What::look:
        text += "# look";
        break;
      case Step::What::change_rules:
        text += "# restart with other rules:\n" + shops_of(later_rules[step.rules]);
        break;
    }
    text += '\n';
  }
  return text;
}

History random_history(std::uint64_t seed) {
  return Writer(seed).history(seed % 4 == 3 ? Span::days : Span::hours);
}

Rules random_rules(std::uint64_t seed) { return Writer(seed).rules(); }

History random_arrivals(std::uint64_t seed) {
  History history = random_history(seed);
  Random random(seed ^ 0x9e3779b97f4a7c15U);
  std::vector<Step> arrivals;
  for (Step& step : history.steps) {
    // The clock of the intake moves by what arrives alone, and its rules stay.
    if (step.what == Step::What::advance || step.what == Step::What::change_rules) continue;
    if (step.what == Step::What::act && random.percent(5)) {
      const Time ahead = history.order.max_clock_skew;
      step.act.ts = step.at + random.of<Time>({ahead, ahead + 1, 3 * kSecond});
    }
    arrivals.push_back(step);
    if (step.what != Step::What::act) continue;
    if (random.percent(8)) {
      // Again: at once, or one that came before, with the same or another time.
      Step again = random.percent(50) ? step : random.of(arrivals);
      if (again.what != Step::What::act) again = step;
      again.at = step.at;
      if (random.percent(30)) again.act.ts = step.at;
      arrivals.push_back(again);
    }
    if (arrivals.size() > 1 && random.percent(20)) {
      std::swap(arrivals.back(), arrivals[arrivals.size() - 2]);
    }
  }
  history.steps = std::move(arrivals);
  return history;
}

}  // namespace deskpulse::property
