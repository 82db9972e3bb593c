// Turns (对话轮次): what opens one, moves it to another agent, and ends it. METRICS.md, Words and
// Rule profiles.
#include <algorithm>
#include <cassert>

#include "daemon/engine/state.hpp"

namespace deskpulse::engine {
namespace {

/// Tells a conversation where it is in its agent's heap.
struct SetPlace {
  ConversationTable* conversations;
  void operator()(std::uint32_t index, std::uint32_t place) const {
    (*conversations)[index].heap_place_or_ended_agent = place;
  }
};

}  // namespace

void Engine::State::become_responsible(std::uint32_t index, Named agent, Instant at, By by) {
  Conversation& c = conversations_[index];
  if (at < c.agent_named) return;  // a later event has said so already
  c.agent_named = at;
  if (agent == responsible(c)) return;
  const std::uint32_t from = c.agent;
  const bool waits = c.turn_open;
  if (waits) stop_waiting(c);
  refer(agent.agent);
  unrefer(from);
  c.agent = agent.agent;
  c.agent_tag = agent.tag;
  c.agent_since = at;
  if (!waits) return;

  start_waiting(index);
  const bool from_queue = roster_.agent_at(from).is_queue;
  const bool to_queue = roster_.agent_at(agent.agent).is_queue;
  if (by != By::own_message && !from_queue && !to_queue)
    count_outcome(c, from, Outcome::transferred_unanswered);
  // Whoever takes a customer out of the queue has been written to (R32).
  if (by == By::assign && from_queue) wrote_to(c, agent.agent, at);
}

void Engine::State::open_turn(std::uint32_t index, Instant at, Opened opened) {
  Conversation& c = conversations_[index];
  assert(c.session_open && !c.turn_open);
  if (c.newest_unanswered) {
    count_unanswered(c, c.heap_place_or_ended_agent, -1);
    unrefer(c.heap_place_or_ended_agent);
  }
  c.turn_open = true;
  c.turn_slow = false;
  c.turn_judged = false;
  c.newest_unanswered = false;
  c.newest_by_bot = false;
  c.waiting_over = 0;
  c.opening = at;
  c.newest_question = opened == Opened::by_customer ? PackedInstant{at} : PackedInstant{};
  c.turn_in_hours = is_in_service(c);
  ++shop_of(c).waiting_customers;
  start_waiting(index);
  review_today(c);
}

void Engine::State::move_opening(std::uint32_t index, Instant at) {
  Conversation& c = conversations_[index];
  assert(c.turn_open && at < c.opening);
  stop_waiting(c);
  c.opening = at;
  c.turn_in_hours = is_in_service(c);
  start_waiting(index);
}

// The open turn waits for the responsible agent from here on: it counts among its waiting and its
// rolling unanswered customers.
void Engine::State::start_waiting(std::uint32_t index) {
  Conversation& c = conversations_[index];
  touch(c.agent).waits.push(c.opening, index, SetPlace{&conversations_});
  count_unanswered(c, c.agent, +1);
}

void Engine::State::stop_waiting(Conversation& c) {
  touch(c.agent).waits.erase(c.heap_place_or_ended_agent, SetPlace{&conversations_});
  count_unanswered(c, c.agent, -1);
}

// A valid reply, whether or not it ends a turn.
void Engine::State::reply(Conversation& c, Named sender, Instant at) {
  if (c.turn_open && at >= c.opening) answer(c, sender, at);
  if (at > c.last_reply) c.last_reply = at;
  replied(c, sender.agent, at);
}

void Engine::State::answer(Conversation& c, Named by, Instant at) {
  const std::uint32_t sender = by.agent;
  const Millis response_time = at - c.opening;
  // The agent's own runs from when it became responsible; any other sender's from the opening.
  // The queue is nobody, so a reply without any agent counts as any other sender's.
  const bool sender_was_responsible =
      by == responsible(c) && c.agent_since <= at && !roster_.agent_at(sender).is_queue;
  const Millis own_time =
      sender_was_responsible ? at - std::max<Instant>(c.opening, c.agent_since) : response_time;
  Shop& shop = shop_of(c);
  const Profile& profile = shop.settings.profile;
  const bool first = !c.turn_answered;

  if (may_be_judged(c)) {
    // Had the limit passed before the reply, its deadline would have judged the turn.
    assert(response_time <= profile.limit());
    judge(c, sender, at, true);
  }
  const auto count = [&](Millis time) {
    const std::int64_t ms = time.count();
    const std::int64_t capped =
        profile.response_cap ? std::min(ms, profile.response_cap->count()) : ms;
    return [=](auto& row) {
      row.add(Count::answered_turns);
      row.add_response(capped);
      row.raise_response_max(ms);
      if (first) {
        row.add(Count::first_responses);
        row.add_first_response(capped);
      }
    };
  };
  shop.tally.place(clock_, at, count(response_time));
  touch(sender).tally.place(clock_, at, count(own_time));
  shop.responses.place(clock_, at, response_time);
  const auto observe = [&](Histogram& histogram) {
    const auto edge =
        std::find_if(kHistogramEdgesSeconds.begin(), kHistogramEdgesSeconds.end(),
                     [&](int seconds) { return response_time <= std::chrono::seconds{seconds}; });
    ++histogram.buckets[static_cast<std::size_t>(edge - kHistogramEdgesSeconds.begin())];
    grow<std::int64_t>(histogram.sum_ms, response_time.count(), kLongestTotalMs);
  };
  observe(shop.response_duration);
  if (first) observe(shop.first_response_duration);
  count_outcome(c, sender, Outcome::answered);

  // Whoever answers a customer of the queue has been written to (R11).
  if (roster_.agent_at(c.agent).is_queue && !roster_.agent_at(sender).is_queue)
    wrote_to(c, sender, at);
  end_turn(c);
  c.turn_answered = true;
}

void Engine::State::end_by_bot(Conversation& c, std::uint32_t sender, Instant at) {
  end_turn(c);
  c.newest_by_bot = true;
  c.bot_turn_ended = true;
  count_outcome(c, sender, Outcome::bot);
  bot_ended(c, sender, at);
  review_today(c);
}

// Abandoned or closed. It stays among the rolling unanswered customers, of the agent responsible
// now.
void Engine::State::end_unanswered(Conversation& c, Instant at) {
  if (may_be_judged(c)) judge(c, c.agent, at, false);
  end_turn(c);
  c.newest_unanswered = true;
  c.heap_place_or_ended_agent = c.agent;
  refer(c.agent);
  count_unanswered(c, c.agent, +1);
  count_outcome(c, c.agent, Outcome::unanswered);
}

void Engine::State::end_turn(Conversation& c) {
  assert(c.turn_open);
  Shop& shop = shop_of(c);
  --shop.waiting_customers;
  for (std::size_t i = 0; i < c.waiting_over; ++i) --shop.waiting_over[i];
  stop_waiting(c);
  c.turn_open = false;
}

bool Engine::State::is_in_service(const Conversation& c) const {
  const auto& hours = shop_of(c).settings.profile.service_hours;
  if (!hours || hours->from == hours->to) return true;
  const Millis local = settings_.calendar.time_of_day(c.opening);
  if (hours->from < hours->to) return local >= hours->from && local < hours->to;
  return local >= hours->from || local < hours->to;
}

bool Engine::State::may_be_judged(const Conversation& c) const {
  return !c.turn_judged && c.turn_in_hours &&
         (shop_of(c).settings.profile.unit == Unit::turn || !c.turn_answered);
}

void Engine::State::judge(Conversation& c, std::uint32_t agent, Instant at, bool timely) {
  c.turn_judged = true;
  place(c, agent, at, [timely](auto& row) {
    row.add(Count::judged_turns);
    if (timely) row.add(Count::timely_turns);
  });
}

void Engine::State::count_outcome(const Conversation& c, std::uint32_t agent, Outcome outcome) {
  const auto kind = static_cast<std::size_t>(outcome);
  ++shop_of(c).tally.counters.turns[kind];
  ++touch(agent).tally.counters.turns[kind];
}

}  // namespace deskpulse::engine
