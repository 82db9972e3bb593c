// The world is a set of small scripts on one timeline. A conversation draws the script of a turn
// when the turn begins (who writes what, how long after the turn's first message) and then plays it
// act by act; most acts are one event. Whatever needs the state of others (who has room, who is
// online) is decided when the act is played, not when it is drawn.
#include "daemon/simulator/traffic.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <deque>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/simulator/day_curve.hpp"
#include "daemon/simulator/phrases.hpp"
#include "daemon/simulator/random.hpp"
#include "daemon/simulator/timeline.hpp"

namespace deskpulse::simulator {
namespace {

using namespace std::chrono_literals;
using proto::Event;
using proto::Instant;
using proto::Millis;

struct PresetFigures {
  int shops;
  int agents;
  double rate;
  DayCurve::Shape curve;
  double response_median;  // seconds
  double response_sigma;
  double bot_alone;
  double transfer;
  double unanswered;
  double think_median;  // seconds between an answer and the customer's next question
  std::uint32_t capacity;
  double events_per_session;  // counted: orders and presence included
};

constexpr PresetFigures kPresets[] = {
    {1, 20, 3.0, DayCurve::Shape::ordinary, 6.6, 1.1, 0.20, 0.03, 0.005, 150.0, 12, 17.0},
    {3, 120, 50.0, DayCurve::Shape::promotion, 40.0, 1.3, 0.45, 0.05, 0.03, 90.0, 30, 15.5},
    {20, 2000, 1000.0, DayCurve::Shape::promotion, 90.0, 1.3, 0.55, 0.08, 0.08, 45.0, 50, 14.9}};

constexpr double kFirstTurnSlower = 1.5;
constexpr double kBotFirst = 0.10;         // of sessions: a bot begins, a person takes over
constexpr double kCustomerMessages = 1.8;  // a turn
constexpr double kAgentMessages = 1.5;     // a turn
constexpr double kReturning = 0.15;        // of sessions: by somebody who was here before
constexpr double kSilentOrders = 0.3;      // orders without a chat, per session
constexpr double kLongStory = 0.01;        // of customer messages
constexpr Millis kSessionGap = 10min;      // what the platform calls the end of a session
constexpr Millis kAbandonAfter = 30min;
constexpr Millis kQueuePatience = 45s;  // then somebody has to take one more
constexpr Millis kQueueGivesUp = 8min;

constexpr std::uint32_t kQueue = 0xffff'ffff;  // in place of an agent
constexpr std::uint32_t kRobot = 0xffff'fffe;
constexpr std::uint32_t kNobody = 0xffff'ffff;

/// What is due on the timeline.
enum What : std::uint8_t {
  kArrival,     // subject: shop
  kOrderOnly,   // subject: shop
  kPlay,        // subject: conversation; its next act
  kServeQueue,  // subject: shop
  kOrderStep,   // subject: order
  kPresence,    // subject: agent; says where it is now
  kShift,       // subject: agent; a shift begins or ends
  kBreak,       // subject: agent; goes on or comes back from a break
  kNewInSlot,   // subject: shop; with `conversations`: one has ended, another begins
};

enum class Step : std::uint8_t {
  ask,
  ask_elsewhere,  // the customer writes to another agent
  typing,
  reaction,
  recall,
  read,
  welcome,
  system_line,
  advert,
  note,
  reply,
  follow_up,
  transfer,
  back_to_queue,
  order,
  next_turn,
  rating,
  close,
  gone,  // no event: the platform calls the session over
};

struct Act {
  std::uint32_t after_ms;  // the turn's beginning
  Step step;
};

struct Conversation {
  static constexpr std::size_t kMostActs = 20;

  Instant turn_began;
  std::uint64_t customer = 0;  // number
  std::uint32_t shop = 0;
  std::uint32_t agent = kQueue;
  std::uint64_t visit = 0;  // tells this use of the record from the one before, for the queue
  std::uint8_t turn = 0;
  std::uint8_t turns = 1;
  std::uint8_t bot_turns = 0;       // left, before a person takes over
  std::uint8_t transfer_at = 0xff;  // turn
  bool bots_alone = false;
  bool forgotten = false;  // the last turn gets no answer
  bool waits = false;      // an answer is due and nobody is there to give it
  bool in_queue = false;
  bool ordered = false;
  std::uint8_t act = 0;
  std::uint8_t acts_count = 0;
  std::array<Act, kMostActs> acts;

  /// Silent trimmings are dropped when the script is full; what the turn needs always fits.
  void add(double after_seconds, Step step, bool needed = true) {
    if (acts_count + (needed ? 0u : 8u) >= kMostActs) {
      assert(!needed);
      return;
    }
    acts[acts_count++] = {static_cast<std::uint32_t>(after_seconds * 1000.0), step};
  }
};

struct Agent {
  std::string id;
  std::string name;
  std::string_view group;
  std::uint32_t shop = 0;
  std::uint32_t capacity = 0;
  std::uint32_t load = 0;
  std::uint32_t online_at = kNobody;  // place in the shop's list of those who take customers
  Millis shift_from{};                // time of day
  Millis shift_to{};
  bool always = false;
  bool on_shift = false;
  bool on_break = false;
};

struct QueuePlace {
  std::uint32_t conversation;
  std::uint64_t visit;
  Instant since;
};

struct Shop {
  std::string id;
  std::string robot;
  bool robot_named = true;  // some platforms name the robot's account, some name nobody
  double share = 0.0;       // of the traffic
  std::uint32_t first_agent = 0;
  std::uint32_t agents = 0;
  std::vector<std::uint32_t> online;
  std::deque<QueuePlace> queue;
  bool queue_served = false;  // a kServeQueue is on the timeline
  std::uint64_t events = 0;
  std::uint64_t orders = 0;
  std::vector<std::uint64_t> former;  // customers who were here before
};

struct Order {
  std::uint32_t shop = 0;
  std::uint64_t customer = 0;
  std::uint64_t number = 0;
  std::int64_t amount_e4 = 0;
  std::uint32_t items = 0;
  proto::OrderStatus next = proto::OrderStatus::created;
};

/// Some records with stable places, freed ones used again first.
template <class T>
class Slab {
 public:
  std::uint32_t take() {
    if (free_.empty()) {
      records_.emplace_back();
      return static_cast<std::uint32_t>(records_.size() - 1);
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    return place;
  }
  void give_back(std::uint32_t place) { free_.push_back(place); }
  T& operator[](std::uint32_t place) { return records_[place]; }

 private:
  std::deque<T> records_;
  std::vector<std::uint32_t> free_;
};

/// Short texts such as "m00001234" without allocation; valid until the next write.
class Scratch {
 public:
  std::string_view numbered(std::string_view prefix, std::uint64_t number, std::size_t digits) {
    char digit[20];
    const auto end = std::to_chars(digit, digit + sizeof digit, number).ptr;
    const auto length = static_cast<std::size_t>(end - digit);
    text_.clear();  // assign() of a view trips over a false -Wrestrict of g++ 12
    text_.append(prefix);
    if (length < digits) text_.append(digits - length, '0');
    text_.append(digit, length);
    return text_;
  }
  std::string_view hex(std::string_view prefix, std::uint64_t number) {
    text_.clear();
    text_.append(prefix);
    for (int shift = 60; shift >= 0; shift -= 4)
      text_.push_back("0123456789abcdef"[(number >> shift) & 15]);
    return text_;
  }

 private:
  std::string text_;
};

const PresetFigures& figures_of(Preset preset) { return kPresets[static_cast<int>(preset)]; }

Millis seconds(double count) { return Millis(static_cast<std::int64_t>(count * 1000.0)); }

}  // namespace

class Traffic::World {
 public:
  explicit World(const TrafficOptions& options);
  Spoken next();
  int open() const { return open_; }

 private:
  // --- set-up
  void open_shops(int shops, int agents);
  void hire(Shop& shop, std::uint32_t shop_index, std::uint32_t count);
  // --- arrivals
  void schedule_arrival(What what, std::uint32_t shop);
  void start_session(std::uint32_t shop);
  std::uint64_t customer_for(Shop& shop);
  // --- conversations
  void begin_turn(std::uint32_t place, Instant at);
  void draw_turn(Conversation& c);
  void draw_ending(Conversation& c, double from);
  void schedule_act(std::uint32_t place);
  bool play(std::uint32_t place);
  void end_session(std::uint32_t place);
  // --- agents and the queue
  std::uint32_t somebody(Shop& shop, std::uint32_t but, bool with_room);
  void give_to(Conversation& c, std::uint32_t agent);
  void enqueue(std::uint32_t place);
  void serve_queue_soon(std::uint32_t shop, Millis after);
  bool serve_queue(std::uint32_t shop);
  void set_taking(std::uint32_t agent, bool taking);
  bool within_shift(const Agent& agent) const;
  void schedule_shift(std::uint32_t agent);
  // --- orders
  bool place_order(std::uint32_t shop, std::uint64_t customer);
  bool order_step(std::uint32_t place);
  // --- events
  bool run(const Timeline::Entry& due);
  Event& emit(proto::Type type, std::uint32_t shop);
  Event& message(const Conversation& c, proto::From from, std::string_view agent,
                 proto::Kind kind = proto::Kind::text);
  bool presence(std::uint32_t agent);
  std::string_view agent_id(const Conversation& c) const;
  template <class T>
  const T& any(std::span<const T> of) {
    return of[random_.below(static_cast<std::uint32_t>(of.size()))];
  }
  Millis day_time() const { return (now_ - options_.start + day_offset_) % Millis(24h); }

  TrafficOptions options_;
  PresetFigures figures_;
  DayCurve curve_;
  Random random_;
  Timeline timeline_;
  Instant now_;
  Millis day_offset_;  // the time of day at the start
  double sessions_per_second_ = 0.0;
  int open_ = 0;
  std::uint64_t customers_ = 0;
  std::uint64_t visits_ = 0;
  std::vector<Shop> shops_;
  std::vector<Agent> agents_;
  Slab<Conversation> conversations_;
  Slab<Order> orders_;
  std::array<std::string, 8> stories_;
  Spoken out_;
  Scratch id_, customer_id_, order_id_;
};

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
    shop.id = i + 1 < 10 ? "shop-0" : "shop-";
    shop.id += std::to_string(i + 1);
    shop.robot = "robot-01";
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

// --- conversations

void Traffic::World::begin_turn(std::uint32_t place, Instant at) {
  Conversation& c = conversations_[place];
  c.turn_began = at;
  c.act = 0;
  c.acts_count = 0;
  draw_turn(c);
  std::stable_sort(c.acts.begin(), c.acts.begin() + c.acts_count,
                   [](const Act& a, const Act& b) { return a.after_ms < b.after_ms; });
  schedule_act(place);
}

void Traffic::World::draw_turn(Conversation& c) {
  const bool first = c.turn == 0;
  const bool last = c.turn + 1 == c.turns;
  const bool bot = c.bots_alone || c.turn < c.bot_turns;
  const bool forgotten = c.forgotten && last;
  double response = bot ? random_.uniform(0.6, 2.5)
                        : random_.lognormal(figures_.response_median, figures_.response_sigma) *
                              (first ? kFirstTurnSlower : 1.0);
  response = std::clamp(response, 0.4, 1500.0);  // beyond, it would be one that nobody answered

  // The customer's messages: all of a turn come before its answer.
  const int questions = random_.geometric(kCustomerMessages, 6);
  std::array<double, 6> asked{};
  for (int i = 1; i < questions; ++i)
    asked[i] = asked[i - 1] + 0.3 + random_.exponential(forgotten ? 40.0 : 5.0);
  const double newest = asked[questions - 1];
  const double squeeze = !forgotten && newest > 0.85 * response ? 0.85 * response / newest : 1.0;
  for (int i = 0; i < questions; ++i) c.add(asked[i] * squeeze, Step::ask);
  if (random_.chance(0.3)) c.add(asked[questions - 1] * squeeze * 0.9, Step::typing, false);
  if (random_.chance(0.01)) c.add(response * 0.9, Step::recall, false);

  if (first && !bot) {
    if (random_.chance(0.7) && response > 1.0) c.add(random_.uniform(0.2, 0.9), Step::welcome);
    if (random_.chance(0.3)) c.add(0.1, Step::system_line, false);
  }
  if (first && random_.chance(0.05)) c.add(0.0, Step::advert, false);
  if (forgotten) {
    draw_ending(c, newest);
    return;
  }

  double end = response;
  if (!bot && c.turn == c.transfer_at) {
    const double kind = random_.uniform();
    if (kind < 0.5) {
      c.add(response * random_.uniform(0.5, 0.9), Step::transfer);  // the customer still waits
    } else if (kind < 0.8) {
      end += random_.uniform(1.0, 8.0);
      c.add(end, Step::transfer);
    } else if (kind < 0.9) {
      c.add(response * 0.86, Step::back_to_queue);
    } else {
      c.add(response * 0.86, Step::ask_elsewhere);
    }
  }
  if (!bot && random_.chance(0.5)) c.add(response * 0.95, Step::read, false);
  if (!bot && random_.chance(0.02)) c.add(response * 0.9, Step::note, false);
  if (bot && !c.bots_alone && c.turn + 1 == c.bot_turns) {
    // The bot cannot help. Most customers are handed over right behind its answer, with no turn
    // open, some while they still wait for one; either way a person has to answer now.
    const bool answered = random_.chance(0.7);
    if (answered) c.add(response, Step::reply);
    end += answered ? random_.uniform(0.3, 3.0) : 0.0;
    c.add(end, Step::transfer);
    response = end + std::clamp(kFirstTurnSlower * random_.lognormal(figures_.response_median,
                                                                     figures_.response_sigma),
                                0.4, 1500.0);
    end = response;
  }
  c.add(response, Step::reply);
  double follow_up = response;
  for (int more = bot ? 0 : random_.geometric(kAgentMessages, 4) - 1; more > 0; --more) {
    follow_up += 0.5 + random_.exponential(6.0);
    c.add(follow_up, Step::follow_up);
  }
  end = std::max(end, follow_up);
  if (random_.chance(0.04)) c.add(end += 1.5, Step::reaction, false);
  if (!c.ordered && random_.chance(0.12)) {
    c.ordered = true;
    c.add(end += random_.uniform(5.0, 60.0), Step::order);
  }
  if (last) {
    draw_ending(c, end);
  } else {
    const double think = std::min(random_.lognormal(figures_.think_median, 0.8), 540.0);
    c.add(end + 1.0 + think, Step::next_turn);
  }
}

void Traffic::World::draw_ending(Conversation& c, double from) {
  const bool forgotten = c.forgotten;
  if (!forgotten && random_.chance(0.12)) c.add(from += random_.uniform(10.0, 40.0), Step::rating);
  if (random_.chance(0.6))
    c.add(from + (forgotten ? random_.uniform(300.0, 1500.0) : random_.uniform(20.0, 480.0)),
          Step::close);
  else
    c.add(from + 1.0 + static_cast<double>((forgotten ? kAbandonAfter : kSessionGap) / 1s),
          Step::gone);
}

void Traffic::World::schedule_act(std::uint32_t place) {
  const Conversation& c = conversations_[place];
  timeline_.schedule(c.turn_began + Millis(c.acts[c.act].after_ms), kPlay, place);
}

std::string_view Traffic::World::agent_id(const Conversation& c) const {
  const Shop& shop = shops_[c.shop];
  if (c.agent == kQueue) return {};
  if (c.agent == kRobot) return shop.robot_named ? std::string_view(shop.robot) : "";
  return agents_[c.agent].id;
}

/// Plays the conversation's next act; true if it was an event.
bool Traffic::World::play(std::uint32_t place) {
  Conversation& c = conversations_[place];
  Shop& shop = shops_[c.shop];
  const bool bot = c.agent == kRobot;
  const Step step = c.acts[c.act].step;
  const bool by_an_agent = step == Step::reply || step == Step::follow_up || step == Step::note ||
                           step == Step::read || step == Step::transfer;
  if (by_an_agent && c.agent == kQueue) {
    if (step == Step::reply || step == Step::transfer) {  // the rest of the turn waits as well
      c.waits = true;
      if (!c.in_queue) enqueue(place);  // had given up before an answer was due
      return false;
    }
    ++c.act;
    schedule_act(place);
    return false;
  }
  ++c.act;

  bool said = true;
  switch (step) {
    case Step::ask:
    case Step::ask_elsewhere: {
      if (step == Step::ask_elsewhere && c.agent != kQueue)
        if (const auto other = somebody(shop, c.agent, false); other != kNobody) give_to(c, other);
      const double what = random_.uniform();
      const bool opens = c.turn == 0 && c.act == 1;
      const proto::Kind kind = what < (opens ? 0.2 : 0.03)   ? proto::Kind::card
                               : what < (opens ? 0.25 : 0.1) ? proto::Kind::image
                                                             : proto::Kind::text;
      Event& event = message(c, proto::From::customer, agent_id(c), kind);
      const Question& question = any(questions());
      if (kind == proto::Kind::text) {
        out_.text = random_.chance(kLongStory) ? std::string_view(stories_[random_.below(8)])
                                               : question.text;
        event.topic = question.topic;
      }
      break;
    }
    case Step::typing:
      message(c, proto::From::customer, agent_id(c), proto::Kind::typing);
      break;
    case Step::reaction:
      message(c, proto::From::customer, agent_id(c), proto::Kind::reaction);
      break;
    case Step::recall:
      message(c, proto::From::customer, agent_id(c), proto::Kind::recall);
      break;
    case Step::read:
      message(c, bot ? proto::From::bot : proto::From::human, agent_id(c), proto::Kind::read);
      break;
    case Step::welcome:
      message(c, proto::From::automatic, agent_id(c));
      out_.text = any(welcome_lines());
      break;
    case Step::system_line:
      message(c, proto::From::system, agent_id(c));
      out_.text = any(system_lines());
      break;
    case Step::advert:
      message(c, proto::From::system, {}, proto::Kind::ad);
      break;
    case Step::note:
      message(c, proto::From::note, agent_id(c));
      out_.text = any(notes());
      break;
    case Step::reply:
    case Step::follow_up: {
      if (bot) {
        message(c, proto::From::bot, shop.robot);
        out_.text = any(bot_replies());
        break;
      }
      const bool assisted = random_.chance(0.15);
      const bool image = step == Step::follow_up && random_.chance(0.06);
      message(c, assisted ? proto::From::assist : proto::From::human, agent_id(c),
              image ? proto::Kind::image : proto::Kind::text);
      if (!image) out_.text = any(human_replies());
      break;
    }
    case Step::transfer: {
      const std::string_view before = agent_id(c);
      const auto other = somebody(shop, c.agent, false);
      if (other == kNobody) {  // nobody else is there
        if (bot) enqueue(place);
        said = false;
        break;
      }
      give_to(c, other);
      Event& event = emit(proto::Type::assign, c.shop);
      event.customer = customer_id_.hex("b", mix(c.customer));
      event.agent = agent_id(c);
      event.from_agent = before;
      break;
    }
    case Step::back_to_queue: {
      if (c.agent == kQueue) {
        said = false;
        break;
      }
      Event& event = emit(proto::Type::assign, c.shop);
      event.customer = customer_id_.hex("b", mix(c.customer));
      event.from_agent = agent_id(c);
      enqueue(place);
      break;
    }
    case Step::order:
      said = place_order(c.shop, c.customer);
      break;
    case Step::next_turn:
      ++c.turn;
      begin_turn(place, now_);
      return false;
    case Step::rating: {
      Event& event = emit(proto::Type::rating, c.shop);
      event.customer = customer_id_.hex("b", mix(c.customer));
      event.agent = bot ? std::string_view(shop.robot) : agent_id(c);
      const double mood = random_.uniform();
      event.score = mood < 0.72 ? 5 : mood < 0.86 ? 4 : mood < 0.91 ? 3 : mood < 0.94 ? 2 : 1;
      if (event.agent.empty()) event.agent = shop.robot;
      break;
    }
    case Step::close:
      emit(proto::Type::close, c.shop).customer = customer_id_.hex("b", mix(c.customer));
      end_session(place);
      return true;
    case Step::gone:
      end_session(place);
      return false;
  }
  schedule_act(place);
  return said;
}

void Traffic::World::end_session(std::uint32_t place) {
  Conversation& c = conversations_[place];
  Shop& shop = shops_[c.shop];
  give_to(c, kQueue);
  if (shop.former.size() < 4096)
    shop.former.push_back(c.customer);
  else
    shop.former[random_.below(4096)] = c.customer;
  --open_;
  c.visit = 0;
  const std::uint32_t shop_index = c.shop;
  conversations_.give_back(place);
  if (options_.conversations > 0)
    timeline_.schedule(now_ + Millis(200 + random_.below(1000)), kNewInSlot, shop_index);
  if (!shop.queue.empty()) serve_queue_soon(shop_index, Millis(300));
}

// --- agents and the queue

/// Of three who take customers, drawn at random, the one with most room; kNobody if there is none.
std::uint32_t Traffic::World::somebody(Shop& shop, std::uint32_t but, bool with_room) {
  std::uint32_t best = kNobody;
  double least = 0.0;
  for (int i = 0; i < 3 && !shop.online.empty(); ++i) {
    const std::uint32_t one =
        shop.online[random_.below(static_cast<std::uint32_t>(shop.online.size()))];
    const Agent& agent = agents_[one];
    const double load = static_cast<double>(agent.load) / agent.capacity;
    if (one == but || (with_room && load >= 1.0)) continue;
    if (best == kNobody || load < least) {
      best = one;
      least = load;
    }
  }
  return best;
}

void Traffic::World::give_to(Conversation& c, std::uint32_t agent) {
  if (c.agent < kRobot) --agents_[c.agent].load;
  c.agent = agent;
  c.in_queue = false;
  if (agent < kRobot) ++agents_[agent].load;
}

void Traffic::World::enqueue(std::uint32_t place) {
  Conversation& c = conversations_[place];
  give_to(c, kQueue);
  c.in_queue = true;
  shops_[c.shop].queue.push_back({place, c.visit, now_});
  serve_queue_soon(c.shop, Millis(2000));
}

void Traffic::World::serve_queue_soon(std::uint32_t shop, Millis after) {
  if (shops_[shop].queue_served) return;
  shops_[shop].queue_served = true;
  timeline_.schedule(now_ + after, kServeQueue, shop);
}

/// Gives the one who waits longest to somebody; true if it did, and so said it.
bool Traffic::World::serve_queue(std::uint32_t shop_index) {
  Shop& shop = shops_[shop_index];
  shop.queue_served = false;
  while (!shop.queue.empty()) {
    const QueuePlace first = shop.queue.front();
    Conversation& c = conversations_[first.conversation];
    const Millis waited = now_ - first.since;
    if (c.visit != first.visit || !c.in_queue) {  // gone, or somebody's already
      shop.queue.pop_front();
      continue;
    }
    const auto agent = somebody(shop, kNobody, waited < kQueuePatience);
    if (agent == kNobody && waited < kQueueGivesUp) {
      serve_queue_soon(shop_index, 3s);
      return false;
    }
    shop.queue.pop_front();
    if (agent == kNobody) {  // the customer gives up
      c.in_queue = false;
      if (c.waits) {
        c.waits = false;
        c.forgotten = true;
        c.turn_began = now_;
        c.act = c.acts_count = 0;
        draw_ending(c, 1.0);
        std::stable_sort(c.acts.begin(), c.acts.begin() + c.acts_count,
                         [](const Act& a, const Act& b) { return a.after_ms < b.after_ms; });
        schedule_act(first.conversation);
      }
      continue;
    }
    give_to(c, agent);
    if (c.waits) {  // the agent reads, then answers; the rest of the turn moves with it
      c.waits = false;
      const Millis due = now_ - c.turn_began + seconds(random_.lognormal(6.0, 0.8));
      c.turn_began += due - Millis(c.acts[c.act].after_ms);
      schedule_act(first.conversation);
    }
    Event& event = emit(proto::Type::assign, shop_index);
    event.customer = customer_id_.hex("b", mix(c.customer));
    event.agent = agents_[agent].id;
    if (!shop.queue.empty()) serve_queue_soon(shop_index, Millis(50));
    return true;
  }
  return false;
}

bool Traffic::World::within_shift(const Agent& agent) const {
  if (agent.always) return true;
  const Millis time = day_time();
  return agent.shift_from < agent.shift_to ? agent.shift_from <= time && time < agent.shift_to
                                           : agent.shift_from <= time || time < agent.shift_to;
}

void Traffic::World::schedule_shift(std::uint32_t place) {
  const Agent& agent = agents_[place];
  if (agent.always) return;
  const Millis edge = agent.on_shift ? agent.shift_to : agent.shift_from;
  const Millis in = (edge % Millis(24h) - day_time() + Millis(24h)) % Millis(24h);
  // People are punctual to a few minutes, and never early enough to count as still off.
  timeline_.schedule(now_ + in + Millis(1 + random_.below(300'000)), kShift, place);
}

void Traffic::World::set_taking(std::uint32_t place, bool taking) {
  Agent& agent = agents_[place];
  auto& online = shops_[agent.shop].online;
  if (taking == (agent.online_at != kNobody)) return;
  if (taking) {
    agent.online_at = static_cast<std::uint32_t>(online.size());
    online.push_back(place);
  } else {
    agents_[online.back()].online_at = agent.online_at;
    online[agent.online_at] = online.back();
    online.pop_back();
    agent.online_at = kNobody;
  }
}

bool Traffic::World::presence(std::uint32_t place) {
  const Agent& agent = agents_[place];
  set_taking(place, agent.on_shift && !agent.on_break);
  Event& event = emit(proto::Type::agent_status, agent.shop);
  event.agent = agent.id;
  event.status = !agent.on_shift  ? proto::Status::offline
                 : agent.on_break ? proto::Status::busy
                                  : proto::Status::online;
  event.capacity = agent.capacity;
  event.name = agent.name;
  event.group = agent.group;
  return true;
}

// --- orders

bool Traffic::World::place_order(std::uint32_t shop, std::uint64_t customer) {
  const std::uint32_t place = orders_.take();
  Order& order = orders_[place];
  order = {};
  order.shop = shop;
  order.customer = customer;
  order.number = ++shops_[shop].orders;
  order.items = static_cast<std::uint32_t>(random_.geometric(1.6, 9));
  // Whole yuan with an ending that shops like, and now and then a sum after a coupon.
  const auto yuan = static_cast<std::int64_t>(
      std::clamp(random_.lognormal(129.0, 0.9), 5.0, 20'000.0) * order.items);
  const double ending = random_.uniform();
  order.amount_e4 = yuan * 10'000 + (ending < 0.4   ? 9'000
                                     : ending < 0.7 ? 0
                                                    : 100 * random_.below(100));
  return order_step(place);
}

bool Traffic::World::order_step(std::uint32_t place) {
  Order& order = orders_[place];
  Event& event = emit(proto::Type::order, order.shop);
  event.customer = customer_id_.hex("b", mix(order.customer));
  event.order = order_id_.numbered("o", order.number, 9);
  event.order_status = order.next;
  event.amount_e4 = order.amount_e4;
  event.items = order.items;

  if (order.next == proto::OrderStatus::created) {
    const double will = random_.uniform();
    if (will < 0.85) {
      order.next = proto::OrderStatus::paid;
      timeline_.schedule(now_ + seconds(5.0 + random_.exponential(90.0)), kOrderStep, place);
      return true;
    }
    if (will < 0.93) {
      order.next = proto::OrderStatus::cancelled;
      timeline_.schedule(now_ + seconds(random_.uniform(60.0, 1800.0)), kOrderStep, place);
      return true;
    }
  } else if (order.next == proto::OrderStatus::paid && random_.chance(0.06)) {
    order.next = proto::OrderStatus::refunded;
    timeline_.schedule(now_ + seconds(random_.uniform(300.0, 14'400.0)), kOrderStep, place);
    return true;
  }
  orders_.give_back(place);
  return true;
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
