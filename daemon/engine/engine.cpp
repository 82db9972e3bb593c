// Events and time: what each type of event does, in the order of PROTOCOL.md.
#include "daemon/engine/engine.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "daemon/engine/state.hpp"

namespace deskpulse::engine {
namespace {

std::shared_ptr<const std::vector<std::string>> scope_labels(const Settings& settings) {
  std::vector<std::string> labels;
  for (const Window& window : settings.windows) labels.push_back(window.label);
  labels.emplace_back("today");
  return std::make_shared<const std::vector<std::string>>(std::move(labels));
}

/// No event can be allowed to be later than this.
constexpr Millis kLatest = std::chrono::hours{24};

bool is_person(proto::From from) {
  return from == proto::From::human || from == proto::From::assist;
}

}  // namespace

Engine::Engine(Settings settings, const proto::IdHasher& hasher)
    : state_(std::make_unique<State>(std::move(settings), hasher)) {}
Engine::~Engine() = default;
void Engine::apply(const proto::Event& event, Overdue overdue) { state_->apply(event, overdue); }
void Engine::expect(const proto::CustomerKey& customer) { state_->expect(customer); }
void Engine::advance(Instant to) { state_->advance(to); }
Instant Engine::now() const { return state_->now(); }
void Engine::begin_counters_anew() { state_->begin_counters_anew(); }
void Engine::hold_growth(bool on) { state_->hold_growth(on); }
void Engine::report(Report& report) { state_->report(report); }

Engine::State::State(Settings settings, const proto::IdHasher& hasher)
    : settings_(std::move(settings)),
      scopes_(scope_labels(settings_)),
      clock_(settings_.windows, settings_.calendar),
      roster_(settings_, hasher),
      wheel_(Prefetch{&conversations_}) {}

void Engine::State::advance(Instant to) {
  if (to <= clock_.now()) return;
  fire_all_before(to);
  clock_.advance(to);
  has_overdue_ = false;
}

void Engine::State::apply(const proto::Event& event, Overdue overdue) {
  if (has_overdue_ && event.ts <= clock_.now()) fire_overdue(event, event.ts);
  advance(event.ts);
  overdue_ = overdue;
  sweep_turn_ = !sweep_turn_;
  if (sweep_turn_) sweep();
  take(event);
  if (has_overdue_ && overdue == Overdue::fires) fire_overdue(event, clock_.now());
}

void Engine::State::take(const proto::Event& event) {
  switch (event.type) {
    case proto::Type::message:
      return message(event);
    case proto::Type::assign:
      return assign(event);
    case proto::Type::close:
      return close(event);
    case proto::Type::agent_status:
      return agent_status(event);
    case proto::Type::rating:
      return rating(event);
    case proto::Type::order:
      roster_.shop(event.shop);
      return;
    case proto::Type::unknown:
      return;
  }
}

void Engine::State::message(const proto::Event& event) {
  if (event.from == proto::From::unknown) return;
  const std::uint32_t shop = roster_.shop(event.shop);
  const bool is_activity =
      !proto::is_silent(event.kind) && (event.from == proto::From::customer ||
                                        is_person(event.from) || event.from == proto::From::bot);
  if (!is_activity) return background_message(event, shop);

  const std::uint32_t index = find_or_insert(shop, event.customer_key);
  if (index == kNone) return untracked_message(event, shop);
  Conversation& c = conversations_[index];
  const std::uint32_t owner_before = owner(c);
  const std::uint32_t queue = roster_.shop_at(shop).queue;
  // Mostly the agent already responsible: then its id need not be looked up.
  const Named named = event.agent.empty() ? Named{queue}
                      : event.agent == roster_.agent_id(c.agent)
                          ? Named{c.agent}
                          : roster_.agent(shop, event.agent, clock_);
  const bool names_agent = named.agent != queue;

  if (event.from == proto::From::customer) {
    if (names_agent) become_responsible(index, named, event.ts, By::customer);
    const std::uint32_t agent = names_agent ? named.agent : c.agent;
    count_message(shop, agent, event.from, event.ts);
    activity(c, event.ts);
    customer_message(index, agent, event.ts);
  } else {
    const Named sender = names_agent ? named : responsible(c);
    count_message(shop, sender.agent, event.from, event.ts);
    if (roster_.shop_at(shop).settings.profile.accepts(event.from)) {
      reply(c, sender, event.ts);
    } else if (event.from == proto::From::bot && c.turn_open && event.ts >= c.opening &&
               !c.person_took_part && !c.handed_over) {
      end_by_bot(c, sender.agent, event.ts);
    }
    if (is_person(event.from) && names_agent)
      become_responsible(index, named, event.ts, By::own_message);
    activity(c, event.ts);
    if (is_person(event.from)) c.person_took_part = true;
  }
  settle(index, owner_before);
}

// Silent kinds, auto-replies, system lines and notes: counted, and nothing else (ruling R7).
void Engine::State::background_message(const proto::Event& event, std::uint32_t shop) {
  const std::uint32_t queue = roster_.shop_at(shop).queue;
  const std::uint32_t index = find(shop, event.customer_key);
  std::uint32_t agent = index == kNone ? queue : conversations_[index].agent;
  // Mostly the agent already responsible: then its id need not be looked up.
  if (!event.agent.empty() && event.agent != roster_.agent_id(agent)) {
    const std::uint32_t named = roster_.agent(shop, event.agent, clock_).agent;
    if (named != queue) agent = named;
  }
  count_message(shop, agent, event.from, event.ts);
}

void Engine::State::untracked_message(const proto::Event& event, std::uint32_t shop) {
  count_message(shop, roster_.agent(shop, event.agent, clock_).agent, event.from, event.ts);
  miss(event.ts);
}

void Engine::State::customer_message(std::uint32_t index, std::uint32_t agent, Instant at) {
  Conversation& c = conversations_[index];
  wrote(c, at);
  if (!roster_.agent_at(agent).is_queue) wrote_to(c, agent, at);
  if (at <= c.last_reply) return;  // already answered
  if (!c.turn_open) {
    open_turn(index, at, Opened::by_customer);
    return;
  }
  if (at < c.opening) move_opening(index, at);
  if (at > c.newest_question) c.newest_question = at;
}

void Engine::State::assign(const proto::Event& event) {
  const std::uint32_t shop = roster_.shop(event.shop);
  const std::uint32_t index = find_or_insert(shop, event.customer_key);
  const Named agent = roster_.agent(shop, event.agent, clock_);
  if (!roster_.agent_at(agent.agent).is_queue) touch(agent.agent);
  if (index == kNone) return miss(event.ts);
  Conversation& c = conversations_[index];
  const std::uint32_t owner_before = owner(c);
  become_responsible(index, agent, event.ts, By::assign);
  if (c.session_open) {
    const bool first = !c.handed_over;
    c.handed_over = true;
    // A bot turn may have ended under another profile than that of now.
    if (first && c.bot_turn_ended && !c.person_took_part && !c.turn_open &&
        !roster_.shop_at(shop).settings.profile.bot_is_valid && event.ts > c.last_reply) {
      open_turn(index, event.ts, Opened::by_handoff);
      // Whoever has the customer now has been written to (R14).
      if (!roster_.agent_at(c.agent).is_queue) wrote_to(c, c.agent, event.ts);
    }
  }
  settle(index, owner_before);
}

void Engine::State::close(const proto::Event& event) {
  const std::uint32_t shop = roster_.shop(event.shop);
  const std::uint32_t index = find(shop, event.customer_key);
  if (index == kNone) return;
  Conversation& c = conversations_[index];
  if (!c.session_open || event.ts < c.last_activity) return;
  const std::uint32_t owner_before = owner(c);
  if (c.turn_open) end_unanswered(c, event.ts);
  c.session_open = false;
  settle(index, owner_before);
}

void Engine::State::agent_status(const proto::Event& event) {
  const std::uint32_t index = roster_.agent(roster_.shop(event.shop), event.agent, clock_).agent;
  if (roster_.agent_at(index).is_queue) return;
  Agent& agent = touch(index);
  if (!agent.presence || event.ts >= agent.presence_at) {
    agent.presence = event.status;
    agent.presence_at = event.ts;
  }
  if (event.capacity && event.ts >= agent.capacity_at) {
    agent.capacity = event.capacity;
    agent.capacity_at = event.ts;
  }
  if (!event.name.empty() && event.ts >= agent.name_at) {
    roster_.rename(index, event.name);
    agent.name_at = event.ts;
  }
  if (!event.group.empty() && event.ts >= agent.group_at) {
    roster_.regroup(index, event.group);
    agent.group_at = event.ts;
  }
}

void Engine::State::rating(const proto::Event& event) {
  const std::uint32_t agent = roster_.agent(roster_.shop(event.shop), event.agent, clock_).agent;
  if (!roster_.agent_at(agent).is_queue) touch(agent);
}

void Engine::State::count_message(std::uint32_t shop, std::uint32_t agent, proto::From from,
                                  Instant at) {
  const auto kind = static_cast<std::size_t>(from);
  const auto count = [from](auto& row) { row.add(messages_from(from)); };
  Tally& of_shop = roster_.shop_at(shop).tally;
  Tally& of_agent = touch(agent).tally;
  of_shop.place(clock_, at, count);
  of_agent.place(clock_, at, count);
  ++of_shop.counters.messages[kind];
  ++of_agent.counters.messages[kind];
}

void Engine::State::activity(Conversation& c, Instant at) {
  if (!c.session_open) {
    c.session_open = true;
    c.session_start = at;
    c.last_activity = at;
    c.person_took_part = false;
    c.handed_over = false;
    c.bot_turn_ended = false;
    c.turn_answered = false;
    c.slow_turns = 0;
  } else if (at > c.last_activity) {
    c.last_activity = at;
  }
}

void Engine::State::settle(std::uint32_t index, std::uint32_t owner_before) {
  Conversation& c = conversations_[index];
  book_level(c, owner_before);
  c.touched_day = today();
  look_at_deadlines(index);
}

void Engine::State::book_level(const Conversation& c, std::uint32_t owner_before) {
  const std::uint32_t owner_after = owner(c);
  if (owner_after == owner_before) return;
  Tally& shop = shop_of(c).tally;
  if (owner_before == kNone) shop.raise_level(clock_);
  if (owner_after == kNone) shop.lower_level(clock_);
  if (owner_before != kNone) touch(owner_before).tally.lower_level(clock_);
  if (owner_after != kNone) touch(owner_after).tally.raise_level(clock_);
}

std::uint32_t Engine::State::find(std::uint32_t shop, const proto::CustomerKey& key) {
  std::uint32_t index = conversations_.find(shop, key);
  if (index == kNone && roster_.other_shop() != IdIndex::kAbsent)
    index = find_in_other_shop(shop, key);
  if (index == kNone || !is_forgotten(conversations_[index])) return index;
  forget(index);
  return kNone;
}

std::uint32_t Engine::State::find_or_insert(std::uint32_t shop, const proto::CustomerKey& key) {
  std::uint32_t index = find(shop, key);
  if (index == kNone) {
    sweep();
    sweep();
    if (conversations_.size() >= most_conversations() && !make_room()) return kNone;
    index = conversations_.insert(shop, key);
    conversations_[index].agent = roster_.shop_at(shop).queue;
    refer(conversations_[index].agent);
    conversations_[index].touched_day = today();
  }
  return index;
}

// Ruling R27: to the end of the business day after the one in which it was last touched. Days can
// be short, so not before no number speaks of it, and no event that comes so late is to be judged
// by it.
bool Engine::State::is_forgotten(const Conversation& c) const {
  if (c.session_open) return false;
  const auto days = static_cast<std::uint16_t>(today() - c.touched_day);
  if (days <= static_cast<std::uint16_t>(clock_.day().number - clock_.day_before())) return false;
  return newest_in_numbers(c) < std::min(clock_.horizon(), clock_.now() - kLatest);
}

void Engine::State::forget(std::uint32_t index) {
  Conversation& c = conversations_[index];
  assert(!c.turn_open);
  for (std::uint32_t at = c.first_pair.next; at != kNone;) {
    const std::uint32_t next = pairs_[at].next;
    unrefer(pairs_[at].agent);
    pairs_.release(at);
    at = next;
  }
  if (c.first_pair.agent != kNone) unrefer(c.first_pair.agent);
  if (c.newest_unanswered) unrefer(c.heap_place_or_ended_agent);
  unrefer(c.agent);
  const PackedInstant armed_at = c.armed_at;
  conversations_.erase(index);
  // The wheel will speak of the record all the same, whoever has it then.
  conversations_[index].armed_at = armed_at;
}

// Forgotten conversations are given back as events come in: one is looked at for every second
// event, and two more for every new conversation, for with no more looks than newcomers the table
// would grow for ever. So what is kept stays in proportion to the traffic and nothing walks them
// all.
void Engine::State::sweep() {
  Slab<Conversation>& records = conversations_.records();
  if (records.end() == 0) return;
  if (sweep_at_ >= records.end()) sweep_at_ = 0;
  const std::uint32_t index = sweep_at_++;
  if (sweep_at_ < records.end()) memory::prefetch(&records[sweep_at_]);  // for the next look
  const bool is_live = records[index].key != proto::CustomerKey{};
  if (is_live && is_forgotten(records[index])) forget(index);
}

}  // namespace deskpulse::engine
