#include "tests/property/recount.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "tests/property/act.hpp"

namespace deskpulse::property {
namespace {

using proto::From;
using proto::Type;

constexpr std::array<const char*, 7> kFromLabels{"customer", "human",  "assist", "bot",
                                                 "auto",     "system", "note"};
constexpr std::array<From, 7> kFroms{From::customer,  From::human,  From::assist, From::bot,
                                     From::automatic, From::system, From::note};
const std::string kQueue = "unassigned";

double seconds(Time time) { return static_cast<double>(time) / 1000.0; }

/// The agent that an event names, or "" for none: the queue has no name (R3).
std::string named_agent(std::string_view agent) {
  return agent == kQueue ? std::string() : std::string(agent);
}

std::string or_queue(const std::string& agent) { return agent.empty() ? kQueue : agent; }

std::string customer_of(const proto::Event& event) {
  if (!event.customer.empty()) return std::string(event.customer);
  return std::to_string(event.customer_key.high) + '/' + std::to_string(event.customer_key.low);
}

bool is_person(From from) { return from == From::human || from == From::assist; }

bool is_activity(const proto::Event& event) {
  return (event.from == From::customer || is_person(event.from) || event.from == From::bot) &&
         !proto::is_silent(event.kind);
}

bool accepts(const ProfileRules& profile, From from) {
  if (from == From::human) return true;
  if (from == From::assist) return profile.assist_is_valid;
  return from == From::bot && profile.bot_is_valid;
}

}  // namespace

Recount::Recount(Rules rules) : rules_(std::move(rules)) {
  for (const ShopRules& shop : rules_.shops) {
    shops_.insert(shop.id);
    for (const AgentRules& agent : shop.agents) configured_.insert({shop.id, agent.id});
  }
}

const ShopRules& Recount::rules_of(const std::string& shop) const {
  for (const ShopRules& rules : rules_.shops) {
    if (rules.id == shop) return rules;
  }
  return rules_.defaults;
}

Time Recount::limit(const ShopRules& rules) const {
  return rules.profile.timely_within - (rules.profile.strict ? 1 : 0);
}

bool Recount::in_hours(const ShopRules& rules, Time opening) const {
  if (!rules.profile.hours) return true;
  const auto [from, to] = *rules.profile.hours;
  const Time of_day = rules_.zone.local(opening) % kDay;
  if (from == to) return true;
  if (from < to) return from <= of_day && of_day < to;
  return of_day >= from || of_day < to;
}

bool Recount::can_be_judged(const Conversation& conversation) const {
  const ShopRules& rules = rules_of(conversation.shop);
  const Turn& turn = *conversation.open_turn();
  return !turn.judged && in_hours(rules, turn.opening) &&
         !(rules.profile.session_first && conversation.session->answered_turns > 0);
}

// --- Time

void Recount::apply(const proto::Event& event, bool in_doubt) {
  const Time ts = event.ts.time_since_epoch().count();
  const Whose whose(event.shop, customer_of(event));
  const bool is_unknown =
      event.type == Type::unknown || (event.type == Type::message && event.from == From::unknown);
  if (!is_unknown && ts <= now_) fire_before(ts, &whose);
  advance(ts);
  if (is_unknown) return;

  change(now_, [&] {
    const std::string shop(event.shop);
    shops_.insert(shop);
    const std::string named = named_agent(event.agent);
    if (!named.empty() && event.type != Type::close && event.type != Type::order) {
      touch(shop, named);
    }
    switch (event.type) {
      case Type::message:
        apply_message(event);
        break;
      case Type::assign:
        apply_assign(event);
        break;
      case Type::close:
        apply_close(event);
        break;
      case Type::agent_status:
        apply_status(event);
        break;
      case Type::rating:
      case Type::order:
      case Type::unknown:
        break;
    }
  });
  if (!in_doubt) fire_before(now_, &whose);
}

void Recount::advance(Time to) {
  if (to <= now_) return;
  fire_before(to);
  now_ = to;
}

void Recount::change_rules(Rules rules) {
  rules_ = std::move(rules);
  fire_before(now_);
}

void Recount::fire_before(Time end, const Whose* only) {
  for (auto due = next_due(only); due && due->at < end; due = next_due(only)) {
    // One that a late event made due changes the levels now; it is placed in the past all the same.
    change(std::max(due->at, now_), [&] { fire(*due); });
  }
}

std::optional<Recount::Due> Recount::next_due(const Whose* only) {
  std::optional<Due> first;
  for (auto& [key, value] : conversations_) {
    if (only != nullptr && key != *only) continue;
    Conversation& conversation = value;  // not every compiler lets a lambda have a part of a pair
    const auto consider = [&](Time at, Deadline deadline) {
      if (!first || at < first->at || (at == first->at && deadline < first->deadline)) {
        first = Due{at, deadline, &conversation};
      }
    };
    const ShopRules& rules = rules_of(conversation.shop);
    if (const Turn* turn = conversation.open_turn()) {
      if (!turn->slow) consider(turn->opening + rules.slow_after, Deadline::slow);
      if (can_be_judged(conversation)) consider(turn->opening + limit(rules), Deadline::late);
      consider(turn->newest_message.value_or(turn->opening) + rules.abandon_after,
               Deadline::abandoned);
    } else if (const auto& session = conversation.session) {
      const Time quiet = session->last_activity + rules.session_gap;
      consider(std::max(quiet, session->turn_ended.value_or(quiet)), Deadline::session_end);
    }
  }
  return first;
}

void Recount::fire(const Due& due) {
  Conversation& conversation = *due.conversation;
  const std::string agent = or_queue(conversation.responsible);
  switch (due.deadline) {
    case Deadline::slow: {
      conversation.open_turn()->slow = true;
      ++conversation.session->slow_turns;
      Fact fact{What::slow, due.at, conversation.shop, agent, conversation.customer};
      fact.slow_customer =
          conversation.session->slow_turns >= rules_of(conversation.shop).slow_times;
      place(fact);
      break;
    }
    case Deadline::late:
      judge(conversation, due.at, false, agent);
      break;
    case Deadline::abandoned:
      end_unanswered(conversation, due.at);
      break;
    case Deadline::session_end:
      conversation.last_event = std::max(conversation.last_event, instant_);
      conversation.session.reset();
      break;
  }
}

template <class Change>
void Recount::change(Time at, Change&& apply_it) {
  instant_ = at;
  const Levels before = levels(at);
  find_idle(before);
  apply_it();
  const Levels after = levels(at);

  std::set<Desk> desks;
  for (const auto& [desk, level] : before) desks.insert(desk);
  for (const auto& [desk, level] : after) desks.insert(desk);
  std::map<Desk, std::pair<int, int>> open;
  for (const Desk& desk : desks) {
    const auto in = [&](const Levels& all) {
      const auto found = all.find(desk);
      return found == all.end() ? Level{0, 0, std::nullopt, std::vector<int>(rules_.windows.size())}
                                : found->second;
    };
    const Level was = in(before);
    const Level is = in(after);
    if (was != is) touch(desk.first, desk.second);
    open[desk] = {was.open, is.open};
    open[{desk.first, ""}].first += was.open;
    open[{desk.first, ""}].second += is.open;
  }
  for (const auto& [desk, was_is] : open) {
    if (was_is.first != was_is.second) open_changes_[desk].push_back({at, was_is.second});
  }
}

Recount::Levels Recount::levels(Time at) const {
  Levels all;
  for (const auto& [key, value] : conversations_) {
    const Conversation& conversation = value;
    const auto level = [&](const std::string& agent) -> Level& {
      Level& found = all[{conversation.shop, agent}];
      found.unanswered.resize(rules_.windows.size());
      return found;
    };
    const std::string agent = or_queue(conversation.responsible);
    if (conversation.session) ++level(agent).open;
    if (const Turn* turn = conversation.open_turn()) {
      ++level(agent).waiting;
      auto& oldest = level(agent).oldest;
      oldest = std::min(oldest.value_or(turn->opening), turn->opening);
    }
    if (conversation.turns.empty()) continue;
    const Turn& newest = conversation.turns.back();
    if (newest.end != End::open && newest.end != End::unanswered) continue;
    for (std::size_t i = 0; i < rules_.windows.size(); ++i) {
      if (newest.opening < window_start(rules_.windows[i], at)) continue;
      ++level(newest.end == End::open ? agent : newest.agent_at_end).unanswered[i];
    }
  }
  return all;
}

void Recount::touch(const std::string& shop, const std::string& agent) {
  const Desk desk{shop, agent};
  if (idle_.erase(desk) > 0) {
    first_fact_[desk] = facts_.size();
    said_.erase(desk);
  }
  Time& since = seen_.try_emplace(desk, instant_).first->second;
  since = std::max(since, instant_);
}

void Recount::find_idle(const Levels& levels) {
  const Time idle = std::max(rules_.agent_idle, 25 * kHour);
  const Time day_start = rules_.zone.day_start(rules_.zone.day_of(instant_));
  idle_.clear();
  for (const auto& [desk, silent_since] : seen_) {
    if (configured_.contains(desk) || desk.second == kQueue) continue;
    const auto level = levels.find(desk);
    const bool has_customers =
        level != levels.end() && (level->second.open > 0 || level->second.waiting > 0);
    // No window and no day may speak of it any more.
    const bool is_past = silent_since < day_start && silent_since < windows_start(instant_);
    if (!has_customers && is_past && instant_ - silent_since >= idle) idle_.insert(desk);
  }
}

std::size_t Recount::first_fact(const Desk& desk) const {
  const auto found = first_fact_.find(desk);
  return std::max(first_counted_, found == first_fact_.end() ? 0 : found->second);
}

void Recount::place(Fact fact) {
  touch(fact.shop, fact.agent);
  facts_.push_back(std::move(fact));
}

// --- Events

Recount::Conversation& Recount::conversation(const std::string& shop, const std::string& customer) {
  Conversation& found = conversations_[{shop, customer}];
  // One that was just made is new either way.
  if (is_forgotten(found)) found = Conversation{};
  found.shop = shop;
  found.customer = customer;
  return found;
}

/// R27
bool Recount::is_forgotten(const Conversation& conversation) const {
  if (conversation.session) return false;
  const ZoneRules& zone = rules_.zone;
  Time next_day = zone.day_of(conversation.last_event) + 1;
  while (zone.day_start(next_day) == zone.day_start(next_day + 1))
    ++next_day;  // skipped by the zone
  if (now_ < zone.day_start(next_day + 1)) return false;
  // Nor while a window, or an event that is a day late, can speak of something that counts it.
  const Time since = std::min(windows_start(now_), now_ - kDay);
  if (!conversation.turns.empty() && conversation.turns.back().end == End::unanswered &&
      conversation.turns.back().opening >= since) {
    return false;
  }
  return std::none_of(facts_.begin(), facts_.end(), [&](const Fact& fact) {
    const bool speaks = fact.what == What::consulted || fact.what == What::valid_reply ||
                        (fact.what == What::slow && fact.slow_customer);
    return speaks && fact.at >= since && fact.shop == conversation.shop &&
           fact.customer == conversation.customer;
  });
}

void Recount::apply_message(const proto::Event& event) {
  const Time at = event.ts.time_since_epoch().count();
  const std::string named = named_agent(event.agent);
  // To look a conversation up makes no difference to any number, even where there was none.
  Conversation& met = conversation(std::string(event.shop), customer_of(event));
  if (is_activity(event)) met.last_event = std::max(met.last_event, now_);

  if (is_activity(event) && event.from == From::customer) {
    customer_message(met, at, named);
    return;
  }
  const std::string sender = or_queue(named.empty() ? met.responsible : named);
  Fact fact{What::message, at, met.shop, sender, met.customer};
  fact.from = event.from;
  place(fact);
  if (is_activity(event)) agent_message(met, at, event.from, named, sender);
}

void Recount::customer_message(Conversation& conversation, Time at, const std::string& agent) {
  if (!agent.empty()) {
    const std::string from = conversation.responsible;
    if (set_responsible(conversation, at, agent) && conversation.open_turn() && !from.empty()) {
      place({What::transferred, at, conversation.shop, from, conversation.customer});
    }
  }
  const std::string to = or_queue(agent.empty() ? conversation.responsible : agent);
  Fact message{What::message, at, conversation.shop, to, conversation.customer};
  message.from = From::customer;
  place(message);
  place({What::consulted, at, conversation.shop, to, conversation.customer});
  activity(conversation, at);

  if (conversation.last_reply && at <= *conversation.last_reply) return;
  if (Turn* turn = conversation.open_turn()) {
    turn->opening = std::min(turn->opening, at);
    turn->newest_message = std::max(turn->newest_message.value_or(at), at);
    return;
  }
  conversation.turns.push_back({at, at});
}

void Recount::agent_message(Conversation& conversation, Time at, From from,
                            const std::string& named, const std::string& sender) {
  const ProfileRules& profile = rules_of(conversation.shop).profile;
  activity(conversation, at);
  Session& session = *conversation.session;
  if (is_person(from)) session.person = true;

  Turn* turn = conversation.open_turn();
  const bool in_turn = turn != nullptr && at >= turn->opening;
  if (accepts(profile, from)) {
    place({What::valid_reply, at, conversation.shop, sender, conversation.customer});
    if (in_turn) answer(conversation, at, sender);
    conversation.last_reply = std::max(conversation.last_reply.value_or(at), at);
  } else if (from == From::bot && in_turn && !session.person && !session.handed_over) {
    place({What::bot_turn, at, conversation.shop, sender, conversation.customer});
    turn->end = End::bot;
    ++session.bot_turns;
    session.turn_ended = at;
  }
  // By its own message: an open turn moves along, and nothing is counted.
  if (is_person(from) && !named.empty()) set_responsible(conversation, at, named);
}

void Recount::apply_assign(const proto::Event& event) {
  const Time at = event.ts.time_since_epoch().count();
  const std::string to = named_agent(event.agent);
  Conversation& met = conversation(std::string(event.shop), customer_of(event));
  met.last_event = std::max(met.last_event, now_);

  const std::string from = met.responsible;
  if (set_responsible(met, at, to) && met.open_turn() && !to.empty()) {
    if (from.empty()) {
      Fact fact{What::consulted, at, met.shop, to, met.customer};
      fact.taken_over = true;
      place(fact);
    } else {
      place({What::transferred, at, met.shop, from, met.customer});
    }
  }
  if (!met.session) return;
  const bool first = !met.session->handed_over;
  met.session->handed_over = true;
  // Where a bot's message is a valid reply there are no handoff turns.
  if (first && met.session->bot_turns > 0 && !met.session->person && !met.open_turn() &&
      !accepts(rules_of(met.shop).profile, From::bot) &&
      (!met.last_reply || at > *met.last_reply)) {
    met.turns.push_back({at, std::nullopt});
    if (met.responsible.empty()) return;
    Fact handed_over{What::consulted, at, met.shop, met.responsible, met.customer};
    handed_over.taken_over = true;
    place(handed_over);
  }
}

void Recount::apply_close(const proto::Event& event) {
  const Time at = event.ts.time_since_epoch().count();
  Conversation& met = conversation(std::string(event.shop), customer_of(event));
  if (!met.session || at < met.session->last_activity) return;
  met.last_event = std::max(met.last_event, now_);
  if (met.open_turn()) end_unanswered(met, at);
  met.last_event = std::max(met.last_event, instant_);
  met.session.reset();
}

void Recount::apply_status(const proto::Event& event) {
  const Time at = event.ts.time_since_epoch().count();
  const std::string named = named_agent(event.agent);
  if (named.empty()) return;
  AgentSaid& said = said_[{std::string(event.shop), named}];
  const auto newer = [&](const auto& known) { return !known || at >= known->first; };
  if (newer(said.status)) said.status = {at, event.status};
  if (event.capacity && newer(said.capacity)) said.capacity = {at, *event.capacity};
  if (!event.name.empty() && newer(said.name)) said.name = {at, std::string(event.name)};
  if (!event.group.empty() && newer(said.group)) said.group = {at, std::string(event.group)};
}

// --- What events do to a conversation

void Recount::activity(Conversation& conversation, Time at) {
  if (!conversation.session) {
    conversation.session = Session{};
    conversation.session->last_activity = at;
  }
  conversation.session->last_activity = std::max(conversation.session->last_activity, at);
}

/// True when another one is responsible now.
bool Recount::set_responsible(Conversation& conversation, Time at, const std::string& agent) {
  if (conversation.responsible_set && at < *conversation.responsible_set) return false;
  conversation.responsible_set = at;
  if (conversation.responsible == agent) return false;
  conversation.responsible = agent;
  conversation.responsible_since = at;
  return true;
}

void Recount::answer(Conversation& conversation, Time at, const std::string& sender) {
  Turn& turn = *conversation.open_turn();
  Fact fact{What::answered, at, conversation.shop, sender, conversation.customer};
  fact.first = conversation.session->answered_turns == 0;
  fact.response = at - turn.opening;
  fact.agent_response = fact.response;
  fact.cap = rules_of(conversation.shop).profile.response_cap;
  if (conversation.responsible == sender && *conversation.responsible_since <= at) {
    fact.agent_response = at - std::max(turn.opening, *conversation.responsible_since);
  }
  place(fact);
  if (can_be_judged(conversation)) {
    const Time last_timely = turn.opening + limit(rules_of(conversation.shop));
    judge(conversation, std::min(at, last_timely), at <= last_timely, sender);
  }
  if (conversation.responsible.empty() && sender != kQueue) {
    Fact taken{What::consulted, at, conversation.shop, sender, conversation.customer};
    taken.taken_over = true;
    place(taken);
  }
  turn.end = End::answered;
  ++conversation.session->answered_turns;
  conversation.session->turn_ended = at;
}

void Recount::end_unanswered(Conversation& conversation, Time at) {
  Turn& turn = *conversation.open_turn();
  const std::string agent = or_queue(conversation.responsible);
  if (can_be_judged(conversation)) {
    judge(conversation, std::min(at, turn.opening + limit(rules_of(conversation.shop))), false,
          agent);
  }
  place({What::unanswered, turn.opening, conversation.shop, agent, conversation.customer});
  turn.end = End::unanswered;
  turn.agent_at_end = agent;
  conversation.session->turn_ended = at;
}

void Recount::judge(Conversation& conversation, Time at, bool timely, const std::string& agent) {
  conversation.open_turn()->judged = true;
  Fact fact{What::judged, at, conversation.shop, agent, conversation.customer};
  fact.timely = timely;
  place(fact);
}

// --- Counting

Time Recount::window_start(const WindowRules& window, Time at) {
  const Time bucket = window.span / 60;
  return at / bucket * bucket - 59 * bucket;
}

Time Recount::windows_start(Time at) const {
  Time start = at;
  for (const WindowRules& window : rules_.windows)
    start = std::min(start, window_start(window, at));
  return start;
}

int Recount::peak(const Desk& desk, Time start) const {
  int carried = 0;
  int highest = 0;
  const auto changes = open_changes_.find(desk);
  if (changes == open_changes_.end()) return 0;
  for (const auto& [at, level] : changes->second) {
    if (at < start) {
      carried = level;
    } else {
      highest = std::max(highest, level);
    }
  }
  return std::max(carried, highest);
}

bool Recount::shows(const Desk& desk, From from) const {
  const bool is_whole_shop = desk.second.empty();
  if (is_whole_shop || from == From::customer || from == From::human) return true;
  const Time oldest =
      std::min(windows_start(now_), rules_.zone.day_start(rules_.zone.day_of(now_)));
  const std::size_t first = first_fact(desk);
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    const Fact& fact = facts_[i];
    if (fact.what != What::message || fact.from != from) continue;
    if (fact.shop != desk.first || fact.agent != desk.second) continue;
    if (i >= first || fact.at >= oldest) return true;
  }
  return false;
}

void Recount::add_scope(Series& into, const Desk& desk, const std::string& scope, Time start,
                        bool today) const {
  const std::string& shop = desk.first;
  const std::string& agent = desk.second;
  const bool whole_shop = agent.empty();
  const bool queue = agent == kQueue;

  std::map<From, int> messages;
  std::set<std::string> consulted, replied, slow_customers, unanswered;
  int slow = 0, first = 0, judged = 0, timely = 0;
  Time sum = 0, first_sum = 0;
  std::vector<Time> responses;
  for (const Fact& fact : facts_) {
    if (fact.shop != shop || (!whole_shop && fact.agent != agent) || fact.at < start) continue;
    const Time response = whole_shop ? fact.response : fact.agent_response;
    const Time capped = fact.cap ? std::min(response, *fact.cap) : response;
    switch (fact.what) {
      case What::message:
        ++messages[fact.from];
        break;
      case What::consulted:
        if (!whole_shop || !fact.taken_over) consulted.insert(fact.customer);
        break;
      case What::valid_reply:
        replied.insert(fact.customer);
        break;
      case What::bot_turn:
        if (!whole_shop) replied.insert(fact.customer);
        break;
      case What::answered:
        responses.push_back(response);
        sum += capped;
        if (fact.first) ++first;
        if (fact.first) first_sum += capped;
        break;
      case What::slow:
        ++slow;
        if (fact.slow_customer) slow_customers.insert(fact.customer);
        break;
      case What::judged:
        ++judged;
        if (fact.timely) ++timely;
        break;
      case What::unanswered:
      case What::transferred:
        break;
    }
  }

  for (const auto& [key, conversation] : conversations_) {
    if (conversation.shop != shop || conversation.turns.empty()) continue;
    const Turn& newest = conversation.turns.back();
    if (today) {
      if (whole_shop && newest.end == End::bot) replied.insert(conversation.customer);
      continue;
    }
    if (newest.opening < start) continue;
    if (newest.end == End::open) {
      if (whole_shop || agent == or_queue(conversation.responsible)) {
        unanswered.insert(conversation.customer);
      }
    } else if (newest.end == End::unanswered) {
      if (whole_shop || agent == newest.agent_at_end) unanswered.insert(conversation.customer);
    }
  }
  if (today) {
    for (const std::string& customer : consulted) {
      if (!replied.contains(customer)) unanswered.insert(customer);
    }
  }

  const std::string prefix = whole_shop ? "deskpulse_shop_" : "deskpulse_agent_";
  const auto put = [&](const char* number, double value, std::string_view label = {},
                       std::string_view label_value = {}) {
    const std::string name = prefix + number;
    if (whole_shop && label.empty()) {
      into[series_name(name, {{"shop", shop}, {"window", scope}})] = value;
    } else if (whole_shop) {
      into[series_name(name, {{"shop", shop}, {"window", scope}, {label, label_value}})] = value;
    } else if (label.empty()) {
      into[series_name(name, {{"shop", shop}, {"agent", agent}, {"window", scope}})] = value;
    } else {
      into[series_name(
          name, {{"shop", shop}, {"agent", agent}, {"window", scope}, {label, label_value}})] =
          value;
    }
  };
  for (std::size_t i = 0; i < kFroms.size(); ++i) {
    if (shows(desk, kFroms[i])) put("messages", messages[kFroms[i]], "from", kFromLabels[i]);
  }
  if (!queue) put("consulting_customers", static_cast<double>(consulted.size()));
  if (!queue) put("received_customers", static_cast<double>(consulted.size()));
  put("slow_turns", slow);
  put("slow_customers", static_cast<double>(slow_customers.size()));
  if (!queue || !today) put("unanswered_customers", static_cast<double>(unanswered.size()));
  put("answered_turns", static_cast<double>(responses.size()));
  put("response_time_sum_seconds", seconds(sum));
  put("first_responses", first);
  put("first_response_time_sum_seconds", seconds(first_sum));
  put("judged_turns", judged);
  put("timely_turns", timely);
  put("peak_conversations", peak(desk, start));
  if (responses.empty()) return;

  std::sort(responses.begin(), responses.end());
  put("response_time_max_seconds", seconds(responses.back()));
  if (!whole_shop) return;
  // Nearest rank: the ceil(q n)-th smallest, in whole numbers so that nothing is rounded.
  const std::array<std::pair<const char*, std::size_t>, 3> quantiles{
      {{"0.5", 50}, {"0.9", 90}, {"0.99", 99}}};
  for (const auto& [label, percent] : quantiles) {
    const std::size_t rank = (percent * responses.size() + 99) / 100;
    put("response_time_seconds", seconds(responses[rank - 1]), "quantile", label);
  }
}

void Recount::add_counters(Series& into, const Desk& desk) const {
  const std::string& shop = desk.first;
  const std::string& agent = desk.second;
  const bool whole_shop = agent.empty();
  std::map<From, int> messages;
  std::map<What, int> turns;
  std::vector<Time> responses, first_responses;
  for (std::size_t i = first_fact(desk); i < facts_.size(); ++i) {
    const Fact& fact = facts_[i];
    if (fact.shop != shop || (!whole_shop && fact.agent != agent)) continue;
    if (fact.what == What::message) {
      ++messages[fact.from];
    } else {
      ++turns[fact.what];
    }
    if (fact.what == What::answered) {
      responses.push_back(fact.response);
      if (fact.first) first_responses.push_back(fact.response);
    }
  }

  const auto put = [&](const char* number, double value, std::string_view label = {},
                       std::string_view label_value = {}) {
    const std::string name =
        (whole_shop ? "deskpulse_shop_" : "deskpulse_agent_") + std::string(number);
    if (whole_shop && label.empty()) {
      into[series_name(name, {{"shop", shop}})] = value;
    } else if (whole_shop) {
      into[series_name(name, {{"shop", shop}, {label, label_value}})] = value;
    } else if (label.empty()) {
      into[series_name(name, {{"shop", shop}, {"agent", agent}})] = value;
    } else {
      into[series_name(name, {{"shop", shop}, {"agent", agent}, {label, label_value}})] = value;
    }
  };
  for (std::size_t i = 0; i < kFroms.size(); ++i) {
    if (shows(desk, kFroms[i])) put("messages_total", messages[kFroms[i]], "from", kFromLabels[i]);
  }
  put("turns_total", turns[What::answered], "outcome", "answered");
  put("turns_total", turns[What::unanswered], "outcome", "unanswered");
  put("turns_total", turns[What::bot_turn], "outcome", "bot");
  put("turns_total", turns[What::transferred], "outcome", "transferred_unanswered");
  put("slow_turns_total", turns[What::slow]);
  if (!whole_shop) return;

  const auto histogram = [&](const std::string& name, const std::vector<Time>& values) {
    for (const int edge : {5, 10, 15, 20, 30, 45, 60, 100, 120, 180, 300, 600}) {
      const auto within = std::count_if(values.begin(), values.end(),
                                        [&](Time value) { return value <= edge * kSecond; });
      put((name + "_bucket").c_str(), static_cast<double>(within), "le",
          std::to_string(edge) + ".0");
    }
    Time sum = 0;
    for (const Time value : values) sum += value;
    put((name + "_bucket").c_str(), static_cast<double>(values.size()), "le", "+Inf");
    put((name + "_count").c_str(), static_cast<double>(values.size()));
    put((name + "_sum").c_str(), seconds(sum));
  };
  histogram("response_duration_seconds", responses);
  histogram("first_response_duration_seconds", first_responses);
}

void Recount::add_levels(Series& into, const Desk& desk) const {
  const std::string& shop = desk.first;
  const std::string& agent = desk.second;
  const bool whole_shop = agent.empty();
  int open = 0;
  std::vector<Time> waits;
  for (const auto& [key, conversation] : conversations_) {
    if (conversation.shop != shop) continue;
    if (!whole_shop && or_queue(conversation.responsible) != agent) continue;
    if (conversation.session) ++open;
    if (const Turn* turn = conversation.open_turn()) waits.push_back(now_ - turn->opening);
  }

  const auto put = [&](const char* number, double value) {
    if (whole_shop) {
      into[series_name(std::string("deskpulse_shop_") + number, {{"shop", shop}})] = value;
    } else {
      into[series_name(std::string("deskpulse_agent_") + number,
                       {{"shop", shop}, {"agent", agent}})] = value;
    }
  };
  put("open_conversations", open);
  put("waiting_customers", static_cast<double>(waits.size()));
  put("oldest_wait_seconds",
      waits.empty() ? 0 : seconds(*std::max_element(waits.begin(), waits.end())));
  if (whole_shop) {
    for (const int limit : {30, 60, 100, 180, 300, 600}) {
      const auto over = std::count_if(waits.begin(), waits.end(),
                                      [&](Time wait) { return wait > limit * kSecond; });
      into[series_name("deskpulse_shop_waiting_customers_over",
                       {{"shop", shop}, {"seconds", std::to_string(limit)}})] =
          static_cast<double>(over);
    }
    return;
  }

  std::optional<std::uint32_t> capacity;
  std::string name = agent;
  std::string group;
  for (const AgentRules& configured : rules_of(shop).agents) {
    if (!configured_.contains(desk) || configured.id != agent) continue;
    capacity = configured.capacity;
    group = configured.group;
    if (!configured.name.empty()) name = configured.name;
  }
  if (const auto said = said_.find(desk); said != said_.end()) {
    if (said->second.status) {
      into[series_name(
          "deskpulse_agent_status",
          {{"shop", shop},
           {"agent", agent},
           {"status", kStatusLabels[static_cast<std::size_t>(said->second.status->second)]}})] = 1;
    }
    if (said->second.capacity) capacity = said->second.capacity->second;
    if (said->second.name) name = said->second.name->second;
    if (said->second.group) group = said->second.group->second;
  }
  if (capacity) put("capacity", *capacity);
  into[series_name("deskpulse_agent_info",
                   {{"shop", shop}, {"agent", agent}, {"name", name}, {"group", group}})] = 1;
}

Series Recount::series() const {
  std::set<Desk> desks;
  for (const std::string& shop : shops_) desks.insert({shop, ""});
  for (const Desk& desk : configured_) desks.insert(desk);
  const Levels all = levels(now_);
  const Time day_start = rules_.zone.day_start(rules_.zone.day_of(now_));
  const Time covered_since = std::min(day_start, windows_start(now_));
  for (const auto& [desk, silent_since] : seen_) {
    const auto level = all.find(desk);
    const bool open = level != all.end() && level->second.open > 0;
    if (open || now_ - silent_since < kDay || silent_since >= covered_since) desks.insert(desk);
  }

  Series into;
  for (const Desk& desk : desks) {
    const auto said = said_.find(desk);
    if (said == said_.end() || !said->second.status) continue;
    const auto count = [&](std::size_t status) -> double& {
      return into[series_name("deskpulse_shop_agents",
                              {{"shop", desk.first}, {"status", kStatusLabels[status]}})];
    };
    for (std::size_t i = 0; i < kStatusLabels.size(); ++i) count(i) += 0;
    count(static_cast<std::size_t>(said->second.status->second)) += 1;
  }
  for (const Desk& desk : desks) {
    add_levels(into, desk);
    add_counters(into, desk);
    for (const WindowRules& window : rules_.windows) {
      add_scope(into, desk, window.label, window_start(window, now_), false);
    }
    add_scope(into, desk, "today", day_start, true);
  }
  return into;
}

}  // namespace deskpulse::property
