// The recount: METRICS.md in the plainest code that could be right.
//
// It keeps every fact (what was placed when, for which shop, agent and customer), every turn and
// every change of a level, and counts at the moment it is asked, by walking all of it. The next
// deadline is found by looking at every conversation. Nothing is incremental, nothing is ever
// thrown away, so there is no ring, wheel or cache in which a mistake of the engine could also be.
// It was written from the specification and the engine's public headers only; keep it so.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proto/event.hpp"
#include "tests/property/rules.hpp"
#include "tests/property/series.hpp"

namespace deskpulse::property {

/// Takes the calls that engine::Engine takes, and answers with the series it should show. Cost is
/// of no concern: an event walks all conversations, series() walks everything.
class Recount {
 public:
  explicit Recount(Rules rules);

  /// An event; a customer is known by `customer` or, where that is empty, by `customer_key`.
  /// `in_doubt`: what it makes overdue fires when time goes on, or before a later event of the same
  /// customer.
  void apply(const proto::Event& event, bool in_doubt = false);
  void advance(Time to);
  /// Other rules from now on, for the same windows, zone, shops and agents: what was judged stays,
  /// and a deadline that has moved into the past fires (R41).
  void change_rules(Rules rules);
  /// Counters begin at 0 again.
  void begin_counters_anew() { first_counted_ = facts_.size(); }
  Time now() const { return now_; }

  /// Every series of METRICS.md about shops and agents at now(). A quantile is the exact
  /// nearest-rank value.
  Series series() const;

 private:
  /// A shop and an agent in it; the queue is "unassigned".
  using Desk = std::pair<std::string, std::string>;

  enum class What {
    message,      ///< `from` wrote
    consulted,    ///< the customer wrote, or was taken out of the queue or over from a bot
    valid_reply,  ///< whether or not it ended a turn
    answered,
    unanswered,
    bot_turn,
    transferred,
    slow,
    judged,
  };
  struct Fact {
    What what{};
    Time at = 0;
    std::string shop;
    std::string agent;
    std::string customer;
    proto::From from{};          ///< message
    bool taken_over = false;     ///< consulted: no message of the customer, so none for the shop
    bool first = false;          ///< answered: the session's first
    bool timely = false;         ///< judged
    bool slow_customer = false;  ///< slow: the K-th or a later one of its session
    Time response = 0;           ///< answered: as the shop sees it
    Time agent_response = 0;     ///< answered: the sender's own
    std::optional<Time> cap{};   ///< answered: what the profile counted at most
  };

  enum class End { open, answered, bot, unanswered };
  struct Turn {
    Time opening = 0;
    std::optional<Time> newest_message;
    bool slow = false;
    bool judged = false;
    End end = End::open;
    std::string agent_at_end{};
  };
  struct Session {
    Time last_activity = 0;
    bool person = false;
    bool handed_over = false;
    int bot_turns = 0;
    int answered_turns = 0;
    unsigned slow_turns = 0;
    std::optional<Time> turn_ended;
  };
  struct Conversation {
    std::string shop;
    std::string customer;
    std::vector<Turn> turns;  ///< the last is the newest
    std::optional<Session> session;
    std::string responsible;                ///< empty = the queue
    std::optional<Time> responsible_set;    ///< greatest ts that set it
    std::optional<Time> responsible_since;  ///< when this agent became it
    std::optional<Time> last_reply;
    Time last_event = 0;

    Turn* open_turn() {
      return !turns.empty() && turns.back().end == End::open ? &turns.back() : nullptr;
    }
    const Turn* open_turn() const { return const_cast<Conversation*>(this)->open_turn(); }
  };

  /// What an agent's rows show of the conversations, at one instant.
  struct Level {
    int open = 0;
    int waiting = 0;
    std::optional<Time> oldest;
    std::vector<int> unanswered;  ///< a window each
    friend bool operator==(const Level&, const Level&) = default;
  };
  using Levels = std::map<Desk, Level>;

  enum class Deadline { slow, late, abandoned, session_end };
  struct Due {
    Time at = 0;
    Deadline deadline{};
    Conversation* conversation = nullptr;
  };

  struct AgentSaid {
    std::optional<std::pair<Time, proto::Status>> status;
    std::optional<std::pair<Time, std::uint32_t>> capacity;
    std::optional<std::pair<Time, std::string>> name;
    std::optional<std::pair<Time, std::string>> group;
  };

  const ShopRules& rules_of(const std::string& shop) const;
  bool in_hours(const ShopRules& rules, Time opening) const;
  Time limit(const ShopRules& rules) const;
  bool can_be_judged(const Conversation& conversation) const;

  using Whose = std::pair<std::string, std::string>;  ///< shop and customer
  /// Of one conversation, or of all.
  void fire_before(Time end, const Whose* only = nullptr);
  std::optional<Due> next_due(const Whose* only);
  void fire(const Due& due);

  /// Does one change at one instant: notes how the levels moved and which agents it touched.
  template <class Change>
  void change(Time at, Change&& apply_it);
  Levels levels(Time at) const;

  Conversation& conversation(const std::string& shop, const std::string& customer);
  bool is_forgotten(const Conversation& conversation) const;
  void apply_message(const proto::Event& event);
  void customer_message(Conversation& conversation, Time at, const std::string& agent);
  void agent_message(Conversation& conversation, Time at, proto::From from,
                     const std::string& named, const std::string& sender);
  void apply_assign(const proto::Event& event);
  void apply_close(const proto::Event& event);
  void apply_status(const proto::Event& event);

  void activity(Conversation& conversation, Time at);
  bool set_responsible(Conversation& conversation, Time at, const std::string& agent);
  void answer(Conversation& conversation, Time at, const std::string& sender);
  void end_unanswered(Conversation& conversation, Time at);
  void judge(Conversation& conversation, Time at, bool timely, const std::string& agent);
  void place(Fact fact);
  void touch(const std::string& shop, const std::string& agent);
  /// Notes who has been idle for so long that the agent is new when it is touched (R36).
  void find_idle(const Levels& levels);
  /// Counters begin with this fact.
  std::size_t first_fact(const Desk& desk) const;

  /// The first instant that a window covers at `at`.
  static Time window_start(const WindowRules& window, Time at);
  /// The first instant that any window covers.
  Time windows_start(Time at) const;

  /// R28: whether an agent's rows have this sender.
  bool shows(const Desk& desk, proto::From from) const;
  void add_scope(Series& into, const Desk& desk, const std::string& scope, Time start,
                 bool today) const;
  void add_counters(Series& into, const Desk& desk) const;
  void add_levels(Series& into, const Desk& desk) const;
  int peak(const Desk& desk, Time start) const;

  Rules rules_;
  Time now_ = 0;
  Time instant_ = 0;  ///< of the change being made
  std::vector<Fact> facts_;
  std::map<std::pair<std::string, std::string>, Conversation> conversations_;
  std::set<std::string> shops_;
  std::set<Desk> configured_;
  std::map<Desk, Time> seen_;  ///< every agent that has appeared, and since when it is silent
  std::map<Desk, AgentSaid> said_;
  std::set<Desk> idle_;
  std::size_t first_counted_ = 0;
  std::map<Desk, std::size_t> first_fact_;  ///< of agents that were forgotten once
  /// (instant, level from then on); a shop as a whole has the agent "".
  std::map<Desk, std::vector<std::pair<Time, int>>> open_changes_;
};

}  // namespace deskpulse::property
