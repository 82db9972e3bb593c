// Set-up, arrivals, and which part of the world is told of what is due.
#include "daemon/simulator/traffic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include "daemon/simulator/phrases.hpp"
#include "daemon/simulator/traffic_world.hpp"

namespace deskpulse::simulator {

using namespace std::chrono_literals;
using proto::Event;
using proto::Instant;
using proto::Millis;

namespace {

constexpr PresetFigures kPresets[] = {
    {1, 20, 3.0, DayCurve::Shape::ordinary, 6.6, 1.1, 0.20, 0.03, 0.005, 150.0, 12, 17.0},
    {3, 120, 50.0, DayCurve::Shape::promotion, 40.0, 1.3, 0.45, 0.05, 0.03, 90.0, 30, 15.5},
    {20, 2000, 1000.0, DayCurve::Shape::promotion, 90.0, 1.3, 0.55, 0.08, 0.08, 45.0, 50, 14.9}};

constexpr double kSilentOrders = 0.3;  // orders without a chat, per session
constexpr double kReturning = 0.15;    // of sessions: by somebody who was here before
constexpr double kBotFirst = 0.10;     // of sessions: a bot begins, a person takes over

const PresetFigures& figures_of(Preset preset) { return kPresets[static_cast<int>(preset)]; }

}  // namespace

// --- set-up

Traffic::World::World(const TrafficOptions& options)
    : options_(options),
      figures_(figures_of(options.preset)),
      curve_(options.conversations > 0 || options.steady ? DayCurve::Shape::flat : figures_.curve),
      random_(mix(options.seed + 0x9e3779b97f4a7c15u)),
      timeline_(options.start),
      now_(options.start),
      day_offset_(options.time_of_day.value_or(time_of_day(options.start))) {
  if (options.shops < 0 || options.shops > 10'000)
    throw std::invalid_argument("The number of shops must be 1 to 10,000.");
  if (options.agents < 0 || options.agents > 1'000'000)
    throw std::invalid_argument("The number of agents must be 1 to 1,000,000.");
  if (options.conversations < 0 || options.conversations > 20'000'000)
    throw std::invalid_argument("The number of open conversations must be 1 to 20,000,000.");
  if (options.customers < 0) throw std::invalid_argument("The number of customers must be over 0.");
  if (!(options.rate >= 0.0 && options.rate <= 1e6))
    throw std::invalid_argument("The rate must be over 0 and at most 1,000,000 events a second.");
  if (options.start < Instant{24h} || options.start > proto::kLastInstant - Millis(24h * 366))
    throw std::invalid_argument("The traffic must start between 1970-01-02 and the year 9998.");

  for (unsigned i = 0; i < stories_.size(); ++i) stories_[i] = long_story(i);
  const int shops = options.shops ? options.shops : figures_.shops;
  int agents = options.agents ? options.agents : figures_.agents;
  if (!options.agents && options.conversations)  // enough of them, at 40 conversations each
    agents = std::max(agents, options.conversations / 40);
  open_shops(shops, std::max(agents, shops));

  const double rate = options.rate > 0.0 ? options.rate : figures_.rate;
  sessions_per_second_ = rate / figures_.events_per_session;
  for (std::uint32_t shop = 0; shop < shops_.size(); ++shop) {
    if (options.conversations == 0) {
      schedule_arrival(kArrival, shop);
      schedule_arrival(kOrderOnly, shop);
    }
  }
  for (int i = 0; i < options.conversations; ++i) {
    const auto shop = static_cast<std::uint32_t>(i % shops);
    timeline_.schedule(now_ + seconds(random_.uniform(1.0, 60.0)), kNewInSlot, shop);
  }
}

void Traffic::World::open_shops(int shops, int agents) {
  shops_.resize(static_cast<std::size_t>(shops));
  const auto weight = [](int i) { return 1.0 / std::sqrt(1.0 + i); };
  double weights = 0.0;
  for (int i = 0; i < shops; ++i) weights += weight(i);
  const bool even = options_.conversations > 0;
  double share_so_far = 0.0;
  auto hired = 0u;
  for (std::uint32_t i = 0; i < shops_.size(); ++i) {
    Shop& shop = shops_[i];
    shop.id = shop_name(i);
    shop.robot = "智能客服";
    shop.robot_named = i % 4 != 3;
    shop.share = even ? 1.0 / shops : weight(static_cast<int>(i)) / weights;
    share_so_far += shop.share;
    // As many agents as its part of the traffic asks for, and one for every shop still to come.
    const auto last = static_cast<std::uint32_t>(shops - 1);
    const auto most = static_cast<std::uint32_t>(agents) - hired - (last - i);
    const auto wanted = static_cast<std::uint32_t>(std::lround(share_so_far * agents));
    const auto count = i == last ? most : std::clamp(wanted - std::min(wanted, hired), 1u, most);
    hire(shop, i, count);
    hired += count;
  }
}

void Traffic::World::hire(Shop& shop, std::uint32_t shop_index, std::uint32_t count) {
  shop.first_agent = static_cast<std::uint32_t>(agents_.size());
  shop.agents = count;
  const bool promotion = figures_.curve == DayCurve::Shape::promotion;
  for (std::uint32_t i = 0; i < count; ++i) {
    Agent agent;
    agent.id = Scratch().numbered("a", i + 1, 3);
    agent.name = agent_name(i + shop_index * 7);
    agent.group = agent_groups()[random_.below(static_cast<std::uint32_t>(agent_groups().size()))];
    agent.shop = shop_index;
    const std::uint32_t usual =
        options_.conversations > 0 ? std::max(figures_.capacity, 50u) : figures_.capacity;
    agent.capacity = usual + random_.below(usual / 2 + 1);
    // The first of a shop is always there, or a small shop would be closed at night. In a
    // promotion the evening has all hands.
    const std::uint32_t part = i % 20;
    agent.always = i == 0 || options_.conversations > 0;
    if (part < 3) {
      agent.shift_from = promotion ? 22h : 23h + 30min;
      agent.shift_to = promotion ? 9h : 8h + 30min;
    } else if (part < 11) {
      agent.shift_from = promotion ? 9h : 8h;
      agent.shift_to = promotion ? 1h : 17h;
    } else {
      agent.shift_from = 15h;
      agent.shift_to = promotion ? 2h : 24h;
    }
    agent.on_shift = within_shift(agent);
    const auto place = static_cast<std::uint32_t>(agents_.size());
    agents_.push_back(std::move(agent));
    if (agents_.back().on_shift) set_taking(place, true);
    timeline_.schedule(now_ + Millis(random_.below(1000)), kPresence, place);
    schedule_shift(place);
    timeline_.schedule(now_ + seconds(random_.exponential(5400.0)), kBreak, place);
  }
}

// --- arrivals

/// A Poisson process whose rate follows the curve: it has no memory, so a gap longer than half a
/// minute may be drawn anew from there, at the rate of then.
void Traffic::World::schedule_arrival(What what, std::uint32_t shop) {
  const double share = shops_[shop].share * (what == kOrderOnly ? kSilentOrders : 1.0);
  Instant from = now_;
  for (;;) {
    const Millis time = (from - options_.start + day_offset_) % Millis(24h);
    const double rate = sessions_per_second_ * share * curve_.at(time);
    const double gap = random_.exponential(1.0 / rate);
    if (gap <= 30.0) {
      timeline_.schedule(from + seconds(gap), what, shop);
      return;
    }
    from += 30s;
  }
}

std::uint64_t Traffic::World::customer_for(Shop& shop) {
  if (options_.customers > 0)
    return 1 + random_.below(static_cast<std::uint32_t>(options_.customers));
  if (shop.former.size() > 64 && random_.chance(kReturning)) {
    const auto i = random_.below(static_cast<std::uint32_t>(shop.former.size()));
    const std::uint64_t customer = shop.former[i];
    shop.former[i] = shop.former.back();
    shop.former.pop_back();
    return customer;
  }
  return ++customers_;
}

void Traffic::World::start_session(std::uint32_t shop_index) {
  constexpr std::array<std::uint8_t, 20> kTurns{1, 1, 2, 2, 2, 3, 3, 3, 3, 3,
                                                4, 4, 4, 4, 4, 5, 5, 5, 6, 6};
  Shop& shop = shops_[shop_index];
  const std::uint32_t place = conversations_.take();
  Conversation& c = conversations_[place];
  c = Conversation{};
  c.shop = shop_index;
  c.customer = customer_for(shop);
  c.visit = ++visits_;
  c.turns = kTurns[random_.below(kTurns.size())];
  ++open_;

  const double who = random_.uniform();
  c.bots_alone = who < figures_.bot_alone;
  if (!c.bots_alone && who < figures_.bot_alone + kBotFirst) {
    c.bot_turns = static_cast<std::uint8_t>(1 + random_.below(2));
    c.turns = std::max<std::uint8_t>(c.turns, c.bot_turns + 1);
  }
  if (!c.bots_alone) {
    c.forgotten = random_.chance(figures_.unanswered);
    if (c.forgotten && random_.chance(0.5)) c.turns = c.bot_turns + 1;
    if (random_.chance(figures_.transfer))
      c.transfer_at = static_cast<std::uint8_t>(
          c.bot_turns + random_.below(static_cast<std::uint32_t>(c.turns - c.bot_turns)));
  }

  if (c.bots_alone || c.bot_turns > 0) {
    c.agent = kRobot;
  } else if (const auto agent = somebody(shop, kNobody, true); agent != kNobody) {
    give_to(c, agent);
  } else {
    enqueue(place);
  }
  begin_turn(place, now_);
}

// --- events

Event& Traffic::World::emit(proto::Type type, std::uint32_t shop) {
  out_ = {};
  out_.event.type = type;
  out_.event.ts = now_;
  out_.event.shop = shops_[shop].id;
  out_.event.id = id_.numbered("msg.", ++shops_[shop].events, 16);
  return out_.event;
}

Event& Traffic::World::message(const Conversation& c, proto::From from, std::string_view agent,
                               proto::Kind kind) {
  Event& event = emit(proto::Type::message, c.shop);
  event.customer = customer_id_.hex("b", mix(c.customer));
  event.from = from;
  event.agent = agent;
  event.kind = kind;
  return event;
}

bool Traffic::World::run(const Timeline::Entry& due) {
  switch (due.what) {
    case kArrival:
      schedule_arrival(kArrival, due.subject);
      start_session(due.subject);
      return false;
    case kOrderOnly:
      schedule_arrival(kOrderOnly, due.subject);
      return place_order(due.subject, customer_for(shops_[due.subject]));
    case kPlay:
      return play(due.subject);
    case kServeQueue:
      return serve_queue(due.subject);
    case kOrderStep:
      return order_step(due.subject);
    case kPresence:
      return presence(due.subject);
    case kShift: {
      Agent& agent = agents_[due.subject];
      agent.on_shift = within_shift(agent);
      agent.on_break = false;
      schedule_shift(due.subject);
      return presence(due.subject);
    }
    case kBreak: {
      Agent& agent = agents_[due.subject];
      agent.on_break = agent.on_shift && !agent.on_break;
      timeline_.schedule(now_ + seconds(agent.on_break ? random_.uniform(300.0, 900.0)
                                                       : random_.exponential(5400.0)),
                         kBreak, due.subject);
      return agent.on_shift && presence(due.subject);
    }
    case kNewInSlot:
      start_session(due.subject);
      return false;
    default:
      assert(false);
      return false;
  }
}

Spoken Traffic::World::next() {
  for (;;) {
    const Timeline::Entry due = timeline_.pop();
    if (due.at > now_) now_ = due.at;
    if (run(due)) return out_;
  }
}

Traffic::Traffic(const TrafficOptions& options) : world_(std::make_unique<World>(options)) {}
Traffic::~Traffic() = default;
Traffic::Traffic(Traffic&&) noexcept = default;
Traffic& Traffic::operator=(Traffic&&) noexcept = default;

Spoken Traffic::next() { return world_->next(); }
int Traffic::open_conversations() const { return world_->open(); }

}  // namespace deskpulse::simulator
