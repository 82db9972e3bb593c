#include "tests/simulation/traffic.hpp"

#include <algorithm>
#include <charconv>

#include "proto/encoder.hpp"
#include "tests/simulation/random.hpp"

namespace deskpulse::simulation {

namespace {

using proto::From;
using proto::Kind;
using proto::Type;

/// A pulse this often keeps a feed from ever being silent (R5), whatever the network does.
constexpr Time kPulse = 300;

/// Draws acts near everything that somebody may be waiting for.
class Writer {
 public:
  explicit Writer(const Scenario& scenario)
      : scenario_(scenario), random_(scenario.seed, "traffic"), clock_(scenario.begin) {
    agents_ = {"a", "b"};
    if (random_.percent(50)) agents_.push_back("c");
    const std::uint64_t customers = 1 + random_.below(6);
    for (std::uint64_t i = 1; i <= customers; ++i) customers_.push_back('k' + std::to_string(i));
    shops_ = {"s1"};
    if (random_.percent(40)) shops_.push_back("s2");
    pace_ = random_.of({20U, 40U, 80U});
    past_ = {clock_};
  }

  Traffic traffic() {
    const Time end = scenario_.begin + scenario_.length;
    for (int i = 0; i < scenario_.acts; ++i) {
      move_clock();
      if (clock_ > end) break;
      add(act());
    }
    if (scenario_.pulse) add_pulses(end + scenario_.longest_delay());
    std::stable_sort(traffic_.publications.begin(), traffic_.publications.end(),
                     [](const Publication& a, const Publication& b) { return a.at < b.at; });
    return std::move(traffic_);
  }

 private:
  Time limit() {
    const auto& shops = scenario_.rules.shops;
    const property::ShopRules& shop =
        shops.empty() || random_.percent(30) ? scenario_.rules.defaults : shops.front();
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
        return scenario_.order.reorder_window;
    }
  }

  void move_clock() {
    if (random_.percent(pace_)) {
      clock_ += random_.of<Time>({0, 0, 1, 2, 200, 500, 1'000, 2'000});
      return;
    }
    const Time due = random_.of(past_) + limit() + random_.of<Time>({-1, 0, 0, 1});
    if (due > clock_ && due < clock_ + 15'000) {
      clock_ = due;
    } else {
      clock_ += random_.between(0, 3'000);
    }
  }

  std::string agent(unsigned none_percent) {
    if (random_.percent(none_percent)) return random_.percent(80) ? "" : "unassigned";
    return random_.of(agents_);
  }

  property::Act act() {
    property::Act act;
    act.shop = random_.percent(85) ? shops_.front() : random_.of(shops_);
    act.customer = random_.of(customers_);
    const std::uint64_t pick = random_.below(100);
    if (pick < 78) {
      fill_message(act);
    } else if (pick < 88) {
      act.type = Type::assign;
      act.agent = agent(25);
    } else if (pick < 92) {
      act.type = Type::close;
    } else if (pick < 96) {
      fill_status(act);
    } else {
      act.type = random_.of({Type::rating, Type::order, Type::unknown});
      if (act.type == Type::rating) act.agent = agent(0);
    }
    return act;
  }

  void fill_message(property::Act& act) {
    const std::uint64_t pick = random_.below(100);
    if (pick < 45) {
      act.from = From::customer;
      act.agent = agent(50);
    } else if (pick < 75) {
      act.from = From::human;
      act.agent = agent(20);
    } else if (pick < 82) {
      act.from = From::assist;
      act.agent = agent(20);
    } else if (pick < 94) {
      act.from = From::bot;
      act.agent = random_.percent(60) ? "robot" : agent(30);
    } else {
      act.from = random_.of({From::automatic, From::system, From::note, From::unknown});
      act.agent = agent(50);
    }
    if (random_.percent(10)) act.kind = static_cast<Kind>(random_.below(9));
  }

  void fill_status(property::Act& act) {
    act.type = Type::agent_status;
    act.customer.clear();
    act.agent = random_.of(agents_);
    act.status = random_.of({proto::Status::online, proto::Status::busy, proto::Status::offline});
    if (random_.percent(60)) act.capacity = static_cast<std::uint32_t>(random_.below(4));
    if (random_.percent(30)) act.name = random_.of<const char*>({"Ann", "Bob"});
  }

  void add(property::Act act) {
    const bool nameless = act.type == Type::message && random_.percent(scenario_.nameless_percent);
    const std::size_t number = put(std::move(act), nameless);
    Time at = clock_;
    if (random_.percent(scenario_.disorder_percent)) at += random_.between(0, scenario_.disorder);
    if (random_.percent(scenario_.late_percent)) at += random_.between(0, scenario_.lateness);
    traffic_.publications.push_back({at, number});
    if (!nameless && random_.percent(scenario_.repeat_percent)) {
      const Time wait = random_.of<Time>({0, 1, 100, 1'000, 4'000});
      // Repeated too late it would be refused for another reason here than there.
      traffic_.publications.push_back(
          {scenario_.family == Family::wild ? at + wait * random_.of<Time>({1, 10}) : at + wait,
           number});
    }
    past_.push_back(clock_);
    if (past_.size() > 6) past_.erase(past_.begin());
  }

  void add_pulses(Time end) {
    for (clock_ = scenario_.begin; clock_ < end; clock_ += kPulse) {
      property::Act act;
      act.type = Type::agent_status;
      act.shop = "s1";
      act.agent = "pulse";
      traffic_.publications.push_back({clock_, put(std::move(act), false)});
    }
  }

  std::size_t put(property::Act act, bool nameless) {
    const std::size_t number = traffic_.acts.size();
    act.ts = scenario_.source_time(clock_);
    if (!nameless) act.id = 'e' + std::to_string(number);
    traffic_.acts.push_back(std::move(act));
    return number;
  }

  const Scenario& scenario_;
  Random random_;
  Time clock_;
  Traffic traffic_;
  unsigned pace_ = 0;  ///< percent of the moves that are small, whatever is due
  std::vector<Time> past_;
  std::vector<std::string> agents_, customers_, shops_;
};

}  // namespace

std::string Traffic::line(std::size_t number) const {
  const property::Act& act = acts[number];
  proto::Event event = act.event();
  const std::string topic = 'n' + std::to_string(number);
  if (act.id.empty()) event.topic = topic;
  std::string line;
  proto::append_event(line, event);
  return line;
}

std::optional<std::size_t> Traffic::number_of(const proto::Event& event) const {
  const std::string_view name = event.id.empty() ? event.topic : event.id;
  if (name.empty()) return std::nullopt;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size() || number >= acts.size()) {
    return std::nullopt;
  }
  return number;
}

Traffic traffic_of(const Scenario& scenario) { return Writer(scenario).traffic(); }

}  // namespace deskpulse::simulation
