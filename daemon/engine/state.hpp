// The engine's state and rules. One class, for every rule touches the same conversation; its parts
// are by subject: engine.cpp (events and time), turns.cpp (what opens and ends a turn),
// deadlines.cpp (what time does), customers.cpp (distinct customers), limits.cpp (what gives way in
// a full table), report.cpp and waiting.cpp (reading), image.cpp (saving and loading).
#pragma once

#include "daemon/engine/conversation_table.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/lookahead.hpp"
#include "daemon/engine/roster.hpp"
#include "daemon/engine/timer_wheel.hpp"
#include "daemon/engine/window_clock.hpp"
#include "daemon/memory/prefetch.hpp"

namespace deskpulse::engine {

class Engine::State {
 public:
  State(Settings settings, const proto::IdHasher& hasher);

  // engine.cpp
  void apply(const proto::Event& event, Overdue overdue);
  void expect(const proto::CustomerKey& customer) {
    lookahead_.expect(conversations_, roster_, clock_, customer);
  }
  void advance(Instant to);
  Instant now() const { return clock_.now(); }
  void begin_counters_anew() { roster_.begin_counters_anew(); }
  // limits.cpp
  void hold_growth(bool on);
  // report.cpp
  void report(Report& report);
  // waiting.cpp
  void waiting(const WaitingScope& scope, std::optional<std::size_t> limit, WaitingList& list);
  bool is_waiting(const proto::CustomerKey& customer);
  // image.cpp
  void save(image::Writer& to) const;
  Loaded load(image::Reader& from, Overdue overdue);

 private:
  /// Why an agent becomes responsible: transfers by its own message count nothing.
  enum class By : std::uint8_t { assign, customer, own_message };
  enum class Opened : std::uint8_t { by_customer, by_handoff };

  // engine.cpp: one function an event type, in the order of PROTOCOL.md.
  void take(const proto::Event& event);
  void message(const proto::Event& event);
  void background_message(const proto::Event& event, std::uint32_t shop);
  void customer_message(std::uint32_t index, std::uint32_t agent, Instant at);
  /// An event of a customer for whom there is no place: its message is counted, and nothing else.
  void untracked_message(const proto::Event& event, std::uint32_t shop);
  void assign(const proto::Event& event);
  void close(const proto::Event& event);
  void agent_status(const proto::Event& event);
  void rating(const proto::Event& event);
  std::uint32_t find(std::uint32_t shop, const proto::CustomerKey& key);
  /// kNone when there is no place for a new one.
  std::uint32_t find_or_insert(std::uint32_t shop, const proto::CustomerKey& key);
  bool is_forgotten(const Conversation& c) const;
  void forget(std::uint32_t index);
  /// Looks at the next record, and gives it back if it is forgotten.
  void sweep();
  void count_message(std::uint32_t shop, std::uint32_t agent, proto::From from, Instant at);
  void activity(Conversation& c, Instant at);
  /// After an event: fires what it made due, books the level of open conversations, sets the timer.
  void settle(std::uint32_t index, std::uint32_t owner_before);

  // turns.cpp
  void become_responsible(std::uint32_t index, Named agent, Instant at, By by);
  static Named responsible(const Conversation& c) { return {c.agent, c.agent_tag}; }
  void open_turn(std::uint32_t index, Instant at, Opened opened);
  void move_opening(std::uint32_t index, Instant at);
  void start_waiting(std::uint32_t index);
  void reply(Conversation& c, Named sender, Instant at);
  void answer(Conversation& c, Named sender, Instant at);
  void end_by_bot(Conversation& c, std::uint32_t sender, Instant at);
  void end_unanswered(Conversation& c, Instant at);
  void stop_waiting(Conversation& c);
  void end_turn(Conversation& c);
  bool is_in_service(const Conversation& c) const;
  bool may_be_judged(const Conversation& c) const;
  void judge(Conversation& c, std::uint32_t agent, Instant at, bool timely);
  void count_outcome(const Conversation& c, std::uint32_t agent, Outcome outcome);

  // deadlines.cpp
  /// kNever when nothing is pending.
  Instant next_deadline(const Conversation& c) const;
  void fire(Conversation& c, Instant deadline);
  void fire_slow(Conversation& c, Instant deadline);
  /// Fires every deadline < `end`, in order of time.
  void fire_all_before(Instant end);
  /// Those of the event's customer that have waited and are before `end`.
  void fire_overdue(const proto::Event& event, Instant end);
  /// What is behind now() fires, or waits; then the timer is set.
  void look_at_deadlines(std::uint32_t index);
  /// `now`: the time that is about to be, and before which every deadline fires.
  void set_timer(std::uint32_t index, Instant now);

  // customers.cpp
  void wrote(Conversation& c, Instant at);
  void wrote_to(Conversation& c, std::uint32_t agent, Instant at);
  void became_slow(Conversation& c, std::uint32_t agent, Instant at);
  void replied(Conversation& c, std::uint32_t sender, Instant at);
  void bot_ended(Conversation& c, std::uint32_t sender, Instant at);
  void count_unanswered(const Conversation& c, std::uint32_t agent, int change);
  /// Books whether the customer is among today's unanswered of the shop; call when a reason
  /// changed.
  void review_today(Conversation& c);
  void review_today(Pair& pair);
  void turn_page(Conversation& c);
  void turn_page(Pair& pair);
  Pair& pair(Conversation& c, std::uint32_t agent);

  // limits.cpp
  /// The conversation may be found by the key of a shop that was unknown when it began.
  std::uint32_t find_in_other_shop(std::uint32_t shop, const proto::CustomerKey& key);
  std::uint32_t most_conversations() const;
  std::uint32_t most_pairs() const;
  /// Forgets one without a session near the sweep; false when there is none.
  bool make_room();
  void forget_early(std::uint32_t index);
  /// A number that covers `at` is not exact any more.
  void miss(Instant at);
  /// The newest time at which the conversation is in a number.
  Instant newest_in_numbers(const Conversation& c) const;
  bool is_in_numbers(const Pair& pair) const;
  Pair& oldest_pair(Conversation& c);
  void refer(std::uint32_t agent) { ++roster_.agent_at(agent).references; }
  void unrefer(std::uint32_t agent);

  // waiting.cpp
  void take_longest(const std::vector<std::uint32_t>& agents, std::size_t limit, WaitingList& list);
  void take_all(const std::vector<std::uint32_t>& agents, WaitingList& list);
  WaitingRow waiting_row(std::uint32_t conversation);
  /// kNone when nobody has named it.
  std::uint32_t known_shop(std::string_view id) const;
  std::uint32_t known_agent(std::uint32_t shop, std::string_view id) const;

  // image.cpp
  void save_agent(image::Writer& to, const Agent& agent, std::uint32_t index) const;
  void save_conversation(image::Writer& to, const Conversation& c) const;
  /// The agents of one shop, by their places in the image.
  using Places = std::vector<std::uint32_t>;
  std::vector<std::uint32_t> load_shops(image::Reader& from, const ImageScopes& image,
                                        std::vector<Places>& agents);
  void load_agent(image::Reader& from, const ImageScopes& image, std::uint32_t index);
  struct LoadedConversation;
  bool load_conversation(image::Reader& from, LoadedConversation& loaded);
  /// Counts a loaded conversation where numbers follow from it.
  void take_up(std::uint32_t index);
  void count_distinct_anew(const Conversation& c);

  // Who has the conversation open, for the levels; kNone without a session.
  static std::uint32_t owner(const Conversation& c) { return c.session_open ? c.agent : kNone; }
  void book_level(const Conversation& c, std::uint32_t owner_before);

  Shop& shop_of(const Conversation& c) { return roster_.shop_at(c.shop); }
  const Shop& shop_of(const Conversation& c) const { return roster_.shop_at(c.shop); }
  /// The agent, marked as seen now.
  Agent& touch(std::uint32_t agent) {
    Agent& touched = roster_.agent_at(agent);
    if (roster_.is_idle(touched, clock_)) roster_.renew(agent);
    touched.is_seen = true;
    touched.last_seen = clock_.now();
    return touched;
  }
  /// Places a change at the conversation's shop and at an agent.
  template <class Change>
  void place(const Conversation& c, std::uint32_t agent, Instant at, Change change) {
    shop_of(c).tally.place(clock_, at, change);
    touch(agent).tally.place(clock_, at, change);
  }
  std::uint16_t today() const { return static_cast<std::uint16_t>(clock_.day().number); }
  bool is_visible(const Agent& agent) const;

  const Settings settings_;
  const std::shared_ptr<const std::vector<std::string>> scopes_;
  WindowClock clock_;
  Roster roster_;
  ConversationTable conversations_;
  Slab<Pair> pairs_;
  struct Prefetch {
    ConversationTable* table;
    void operator()(std::uint32_t index) const { memory::prefetch(&(*table)[index]); }
  };
  TimerWheel<Prefetch> wheel_;
  Lookahead lookahead_;
  std::uint32_t sweep_at_ = 0;
  bool holds_growth_ = false;
  std::uint64_t conversations_exceeded_ = 0;
  Instant incomplete_until_{};
  Overdue overdue_ = Overdue::fires;  ///< of the event that is being applied
  bool has_overdue_ = false;          ///< something may wait for time to go on
  bool sweep_turn_ = false;
};

inline constexpr Instant kNever = Instant::max();

}  // namespace deskpulse::engine
