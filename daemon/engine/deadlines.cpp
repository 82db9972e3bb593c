// What time alone does: slow, late, abandoned, waiting longer than, the session's end. METRICS.md,
// Words.
#include <algorithm>
#include <cassert>

#include "daemon/engine/state.hpp"

namespace deskpulse::engine {
namespace {

/// As long as an ordinary session's end is ahead, so that its timer comes out once.
constexpr Millis kFarthestTimer = std::chrono::minutes{10};

Instant waiting_longer(const Conversation& c) {
  return c.opening + std::chrono::seconds{kWaitingOverSeconds[c.waiting_over]};
}

Instant abandonment(const Conversation& c, const ShopSettings& rules) {
  const bool has_question = Instant{c.newest_question} != Instant{};
  return (has_question ? c.newest_question : c.opening) + rules.abandon_after;
}

}  // namespace

Instant Engine::State::next_deadline(const Conversation& c) const {
  const ShopSettings& rules = shop_of(c).settings;
  if (!c.turn_open) return c.session_open ? c.last_activity + rules.session_gap : kNever;
  Instant next = abandonment(c, rules);
  if (!c.turn_slow) next = std::min(next, c.opening + rules.slow_after);
  if (may_be_judged(c)) next = std::min(next, c.opening + rules.profile.limit());
  if (c.waiting_over < kWaitingOverSeconds.size()) next = std::min(next, waiting_longer(c));
  return next;
}

// One deadline of the conversation, the first of those that are at `deadline`: slow, late,
// abandoned, session end. A wait's thresholds change nothing else, so their place in that order is
// free.
void Engine::State::fire(Conversation& c, Instant deadline) {
  const ShopSettings& rules = shop_of(c).settings;
  c.touched_day = today();
  if (!c.turn_open) {
    const std::uint32_t owner_before = owner(c);
    c.session_open = false;
    book_level(c, owner_before);
  } else if (c.waiting_over < kWaitingOverSeconds.size() && waiting_longer(c) == deadline) {
    ++shop_of(c).waiting_over[c.waiting_over++];
  } else if (!c.turn_slow && c.opening + rules.slow_after == deadline) {
    fire_slow(c, deadline);
  } else if (may_be_judged(c) && c.opening + rules.profile.limit() == deadline) {
    judge(c, c.agent, deadline, false);
  } else {
    assert(abandonment(c, rules) == deadline);
    end_unanswered(c, deadline);
  }
}

void Engine::State::fire_slow(Conversation& c, Instant deadline) {
  c.turn_slow = true;
  if (c.slow_turns < 0xffff) ++c.slow_turns;
  place(c, c.agent, deadline, [](auto& row) { row.add(Count::slow_turns); });
  ++shop_of(c).tally.counters.slow_turns;
  ++touch(c.agent).tally.counters.slow_turns;
  if (c.slow_turns >= shop_of(c).settings.slow_times) became_slow(c, c.agent, deadline);
}

void Engine::State::fire_all_before(Instant end) {
  while (const auto due = wheel_.pop_before(end)) {
    Conversation& c = conversations_[due->index];
    const Instant at = due->at;
    if (c.armed_at != at) continue;  // armed anew since, or another conversation by now
    c.armed_at = {};
    // Timers are never late but may be early: the deadline has moved on since it was set.
    Instant deadline = next_deadline(c);
    if (deadline <= at) clock_.advance(at);
    // The turn's end may make the session's end due, which then is at the same time.
    for (; deadline <= at; deadline = next_deadline(c)) fire(c, deadline);
    set_timer(due->index, end);
  }
}

void Engine::State::fire_overdue(const proto::Event& event, Instant end) {
  if (event.customer_key == proto::CustomerKey{}) return;
  const std::uint32_t index = find(roster_.shop(event.shop), event.customer_key);
  if (index == kNone) return;
  Conversation& c = conversations_[index];
  for (Instant due = next_deadline(c); due < end; due = next_deadline(c)) fire(c, due);
}

void Engine::State::look_at_deadlines(std::uint32_t index) {
  Conversation& c = conversations_[index];
  if (overdue_ == Overdue::fires) {
    for (Instant due = next_deadline(c); due < clock_.now(); due = next_deadline(c)) fire(c, due);
  } else {
    has_overdue_ = true;
    // How long somebody has waited goes by now() all the same.
    while (c.turn_open && c.waiting_over < kWaitingOverSeconds.size() &&
           waiting_longer(c) < clock_.now())
      ++shop_of(c).waiting_over[c.waiting_over++];
  }
  set_timer(index, clock_.now());
}

// Who is armed for an earlier time leaves the entry for the later one in the wheel, and an upstream
// that can do this as often as it likes would fill it. So each time the way to the entry is at most
// half of what it was, at the price of an entry that comes out early; and no entry is so far ahead
// that those which nobody needs any more pile up for long.
void Engine::State::set_timer(std::uint32_t index, Instant now) {
  Conversation& c = conversations_[index];
  const Instant deadline = next_deadline(c);
  if (deadline == kNever) return;
  // An overdue one fires as soon as time goes on.
  Instant at = std::min(std::max(deadline, clock_.now()), now + kFarthestTimer);
  if (const Instant armed_at = c.armed_at; armed_at != Instant{}) {
    if (armed_at <= at) return;
    at = std::min(at, now + (armed_at - now) / 2);
  }
  c.armed_at = at;
  wheel_.arm(index, at);
}

}  // namespace deskpulse::engine
