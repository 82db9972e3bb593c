// The world behind the traffic: private to traffic*.cpp. A set of small scripts on one timeline. A
// conversation draws the script of a turn when the turn begins (who writes what, how long after the
// turn's first message) and then plays it act by act; most acts are one event. Whatever needs the
// state of others (who has room, who is online) is decided when the act is played, not when it is
// drawn.
#pragma once

#include <array>
#include <cassert>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/simulator/day_curve.hpp"
#include "daemon/simulator/random.hpp"
#include "daemon/simulator/timeline.hpp"
#include "daemon/simulator/traffic.hpp"

namespace deskpulse::simulator {

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

inline constexpr std::uint32_t kQueue = 0xffff'ffff;  // in place of an agent
inline constexpr std::uint32_t kRobot = 0xffff'fffe;
inline constexpr std::uint32_t kNobody = 0xffff'ffff;

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

  proto::Instant turn_began;
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
  proto::Millis shift_from{};         // time of day
  proto::Millis shift_to{};
  bool always = false;
  bool on_shift = false;
  bool on_break = false;
};

struct QueuePlace {
  std::uint32_t conversation;
  std::uint64_t visit;
  proto::Instant since;
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

inline proto::Millis seconds(double count) {
  return proto::Millis(static_cast<std::int64_t>(count * 1000.0));
}

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
  void begin_turn(std::uint32_t place, proto::Instant at);
  void draw_turn(Conversation& c);
  void draw_ending(Conversation& c, double from);
  void schedule_act(std::uint32_t place);
  bool play(std::uint32_t place);
  void end_session(std::uint32_t place);
  // --- agents and the queue
  std::uint32_t somebody(Shop& shop, std::uint32_t but, bool with_room);
  void give_to(Conversation& c, std::uint32_t agent);
  void enqueue(std::uint32_t place);
  void serve_queue_soon(std::uint32_t shop, proto::Millis after);
  bool serve_queue(std::uint32_t shop);
  void set_taking(std::uint32_t agent, bool taking);
  bool within_shift(const Agent& agent) const;
  void schedule_shift(std::uint32_t agent);
  // --- orders
  bool place_order(std::uint32_t shop, std::uint64_t customer);
  bool order_step(std::uint32_t place);
  // --- events
  bool run(const Timeline::Entry& due);
  proto::Event& emit(proto::Type type, std::uint32_t shop);
  proto::Event& message(const Conversation& c, proto::From from, std::string_view agent,
                        proto::Kind kind = proto::Kind::text);
  bool presence(std::uint32_t agent);
  std::string_view agent_id(const Conversation& c) const;
  template <class T>
  const T& any(std::span<const T> of) {
    return of[random_.below(static_cast<std::uint32_t>(of.size()))];
  }
  proto::Millis day_time() const {
    return (now_ - options_.start + day_offset_) % proto::Millis(std::chrono::hours(24));
  }

  TrafficOptions options_;
  PresetFigures figures_;
  DayCurve curve_;
  Random random_;
  Timeline timeline_;
  proto::Instant now_;
  proto::Millis day_offset_;  // the time of day at the start
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

}  // namespace deskpulse::simulator
