// Distinct customers, per shop and per (shop, agent). METRICS.md, In a window.
//
// In a rolling window a customer counts when the newest thing of its kind lies in the window, so
// each record keeps the newest time only, and counting is moving one unit from its bucket to a
// later one. The business day keeps a flag a kind instead, for its conditions can also stop to
// hold.
#include "daemon/engine/state.hpp"

namespace deskpulse::engine {
namespace {

/// Moves one customer's unit of `count` to `at`, unless it is at a later time already.
void move_newest(Tally& tally, const WindowClock& clock, PackedInstant& newest, Instant at,
                 Count count) {
  const Instant before = newest;
  if (at <= before) return;
  if (before != Instant{})
    tally.place_rolling(clock, before, [count](auto& row) { row.add(count, -1); });
  tally.place_rolling(clock, at, [count](auto& row) { row.add(count); });
  newest = at;
}

}  // namespace

void Engine::State::wrote(Conversation& c, Instant at) {
  Tally& tally = shop_of(c).tally;
  move_newest(tally, clock_, c.last_wrote, at, Count::consulting_customers);
  turn_page(c);
  if (!clock_.in_today(at) || c.today_consulted) return;
  c.today_consulted = true;
  tally.count_today(clock_, Count::consulting_customers);
  review_today(c);
}

void Engine::State::wrote_to(Conversation& c, std::uint32_t agent, Instant at) {
  Tally& tally = touch(agent).tally;
  Pair& p = pair(c, agent);
  move_newest(tally, clock_, p.last_wrote, at, Count::consulting_customers);
  if (!clock_.in_today(at) || p.today_consulted) return;
  p.today_consulted = true;
  tally.count_today(clock_, Count::consulting_customers);
  review_today(p);
}

void Engine::State::became_slow(Conversation& c, std::uint32_t agent, Instant at) {
  Tally& of_shop = shop_of(c).tally;
  Tally& of_agent = touch(agent).tally;
  Pair& p = pair(c, agent);
  move_newest(of_shop, clock_, c.last_slow, at, Count::slow_customers);
  move_newest(of_agent, clock_, p.last_slow, at, Count::slow_customers);
  turn_page(c);
  if (!clock_.in_today(at)) return;
  if (!c.today_slow) of_shop.count_today(clock_, Count::slow_customers);
  if (!p.today_slow) of_agent.count_today(clock_, Count::slow_customers);
  c.today_slow = true;
  p.today_slow = true;
}

void Engine::State::replied(Conversation& c, std::uint32_t sender, Instant at) {
  turn_page(c);
  if (!clock_.in_today(at)) return;
  c.today_replied = true;
  review_today(c);
  if (roster_.agent_at(sender).is_queue) return;
  Pair& p = pair(c, sender);
  p.today_replied = true;
  review_today(p);
}

void Engine::State::bot_ended(Conversation& c, std::uint32_t sender, Instant at) {
  if (!clock_.in_today(at) || roster_.agent_at(sender).is_queue) return;
  Pair& p = pair(c, sender);
  p.today_bot_ended = true;
  review_today(p);
}

// The customer's newest turn, by its opening; called when it enters or leaves the unanswered ones.
void Engine::State::count_unanswered(const Conversation& c, std::uint32_t agent, int change) {
  const auto by = [change](auto& row) { row.add(Count::unanswered_customers, change); };
  shop_of(c).tally.place_rolling(clock_, c.opening, by);
  // A turn of long ago is in no number any more, and so its agent is not seen by this (ruling R8).
  if (roster_.agent_at(agent).tally.place_rolling(clock_, c.opening, by)) touch(agent);
}

// METRICS.md, In a window: received customers of the day with no valid reply in it, whose newest
// turn is no bot turn.
void Engine::State::review_today(Conversation& c) {
  turn_page(c);
  const bool unanswered = c.today_consulted && !c.today_replied && !c.newest_by_bot;
  if (unanswered == c.today_unanswered) return;
  c.today_unanswered = unanswered;
  shop_of(c).tally.count_today(clock_, Count::unanswered_customers, unanswered ? 1 : -1);
}

// The agent's: customers received by it in the day to whom it sent no valid reply and who did not
// get a bot turn's end from it.
void Engine::State::review_today(Pair& p) {
  const bool unanswered = p.today_consulted && !p.today_replied && !p.today_bot_ended;
  if (unanswered == p.today_unanswered) return;
  p.today_unanswered = unanswered;
  touch(p.agent).tally.count_today(clock_, Count::unanswered_customers, unanswered ? 1 : -1);
}

void Engine::State::turn_page(Conversation& c) {
  if (c.day == today()) return;
  c.day = today();
  c.today_consulted = c.today_replied = c.today_slow = c.today_unanswered = false;
}

// A pair that is in no number any more is as good as none, and its place is taken by the next one.
// Beyond kMostPairs that are, the one that was met longest ago gives way (ruling R37).
Pair& Engine::State::pair(Conversation& c, std::uint32_t agent) {
  Pair* found = nullptr;
  std::size_t met = 1;
  for (Pair* at = &c.first_pair;; at = &pairs_[at->next], ++met) {
    if (at->agent == agent) {
      turn_page(*at);
      return *at;
    }
    if (found == nullptr && !is_in_numbers(*at)) found = at;
    if (at->next != kNone) continue;
    if (found == nullptr && met < kMostPairs && pairs_.live() < most_pairs()) {
      const std::uint32_t added = pairs_.acquire();
      at->next = added;
      found = &pairs_[added];
    }
    break;
  }
  if (found == nullptr) found = &oldest_pair(c);
  if (found->agent != kNone) unrefer(found->agent);
  const std::uint32_t next = found->next;
  *found = Pair{};
  found->next = next;
  found->agent = agent;
  refer(agent);
  turn_page(*found);
  return *found;
}

void Engine::State::turn_page(Pair& p) {
  if (p.day == today()) return;
  p.day = today();
  p.today_consulted = p.today_replied = p.today_bot_ended = false;
  p.today_slow = p.today_unanswered = false;
}

}  // namespace deskpulse::engine
