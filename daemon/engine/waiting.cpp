// Who waits. Every agent has the turns that wait for it in a heap by opening time (wait_heap.hpp),
// so the longest waits of a scope are found by walking down from the heaps' tops: an entry is
// looked at only when the one above it has been taken.
#include "daemon/engine/waiting.hpp"

#include <algorithm>
#include <tuple>

#include "daemon/engine/engine.hpp"
#include "daemon/engine/state.hpp"

namespace deskpulse::engine {
namespace {

/// One entry of one agent's heap that may be the next in the list.
struct Candidate {
  Instant opening;
  std::uint32_t agent;
  std::uint32_t place;
};

bool opened_later(const Candidate& a, const Candidate& b) { return a.opening > b.opening; }
bool opened_earlier(const Candidate& a, const Candidate& b) { return a.opening < b.opening; }

/// The records of a list lie anywhere in memory, and reading one after the other would wait for
/// each.
constexpr std::uint32_t kRowsAhead = 8;

}  // namespace

bool waits_longer(const WaitingRow& a, const WaitingRow& b) {
  return std::tie(a.since, a.shop, a.agent, a.customer) <
         std::tie(b.since, b.shop, b.agent, b.customer);
}

void Engine::waiting(const WaitingScope& scope, std::optional<std::size_t> limit,
                     WaitingList& list) {
  state_->waiting(scope, limit, list);
}

bool Engine::is_waiting(const proto::CustomerKey& customer) { return state_->is_waiting(customer); }

void Engine::State::waiting(const WaitingScope& scope, std::optional<std::size_t> limit,
                            WaitingList& list) {
  list.rows.clear();
  list.waiting_customers = 0;
  list.answer = WaitingAnswer::found;

  std::vector<std::uint32_t> agents;  // those for whom someone waits
  const auto consider = [&](std::uint32_t agent) {
    const std::uint32_t waiting = roster_.agent_at(agent).waits.size();
    if (waiting == 0) return;
    agents.push_back(agent);
    list.waiting_customers += waiting;
  };
  if (scope.shop.empty()) {
    for (std::uint32_t shop = 0; shop < roster_.shops(); ++shop) {
      if (roster_.shop_at(shop).waiting_customers == 0) continue;
      for (const std::uint32_t agent : roster_.shop_at(shop).agents) consider(agent);
    }
  } else {
    const std::uint32_t shop = known_shop(scope.shop);
    if (shop == kNone) {
      list.answer = WaitingAnswer::unknown_shop;
      return;
    }
    if (scope.agent.empty()) {
      for (const std::uint32_t agent : roster_.shop_at(shop).agents) consider(agent);
    } else {
      const std::uint32_t agent = known_agent(shop, scope.agent);
      if (agent == kNone) {
        list.answer = WaitingAnswer::unknown_agent;
        return;
      }
      consider(agent);
    }
  }

  if (limit && *limit < list.waiting_customers) {
    take_longest(agents, *limit, list);
  } else {
    take_all(agents, list);
  }
  if (limit) std::sort(list.rows.begin(), list.rows.end(), waits_longer);
}

void Engine::State::take_longest(const std::vector<std::uint32_t>& agents, std::size_t limit,
                                 WaitingList& list) {
  if (limit == 0) return;
  std::vector<Candidate> candidates;  // a heap, the earliest opening on top
  for (const std::uint32_t agent : agents)
    candidates.push_back({roster_.agent_at(agent).waits.oldest(), agent, 0});
  // An agent whose oldest wait is not among the `limit` oldest has none that is.
  if (candidates.size() > limit) {
    std::nth_element(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(limit),
                     candidates.end(), opened_earlier);
    candidates.resize(limit);
  }
  std::make_heap(candidates.begin(), candidates.end(), opened_later);
  while (list.rows.size() < limit && !candidates.empty()) {
    std::pop_heap(candidates.begin(), candidates.end(), opened_later);
    const Candidate next = candidates.back();
    candidates.pop_back();
    const WaitHeap& waits = roster_.agent_at(next.agent).waits;
    list.rows.push_back(waiting_row(waits.conversation_at(next.place)));
    for (std::uint32_t below = 2 * next.place + 1;
         below < waits.size() && below <= 2 * next.place + 2; ++below) {
      candidates.push_back({waits.opening_at(below), next.agent, below});
      std::push_heap(candidates.begin(), candidates.end(), opened_later);
    }
  }
}

void Engine::State::take_all(const std::vector<std::uint32_t>& agents, WaitingList& list) {
  list.rows.reserve(list.waiting_customers);
  for (const std::uint32_t agent : agents) {
    const WaitHeap& waits = roster_.agent_at(agent).waits;
    for (std::uint32_t place = 0; place < waits.size(); ++place) {
      if (place + kRowsAhead < waits.size())
        memory::prefetch(&conversations_[waits.conversation_at(place + kRowsAhead)]);
      list.rows.push_back(waiting_row(waits.conversation_at(place)));
    }
  }
}

WaitingRow Engine::State::waiting_row(std::uint32_t conversation) {
  const Conversation& c = conversations_[conversation];
  return {.shop = c.shop,
          .agent = c.agent,
          .customer = c.key,
          .since = c.opening,
          .is_slow = c.turn_slow};
}

bool Engine::State::is_waiting(const proto::CustomerKey& customer) {
  const std::uint32_t index = conversations_.find(customer);
  return index != kNone && conversations_[index].turn_open;
}

// Asked by people, not by events: a walk over the names is fast enough, and unlike the roster's own
// lookups it makes nobody known.
std::uint32_t Engine::State::known_shop(std::string_view id) const {
  for (std::uint32_t shop = 0; shop < roster_.shops(); ++shop)
    if (roster_.shop_at(shop).settings.id == id) return shop;
  return kNone;
}

std::uint32_t Engine::State::known_agent(std::uint32_t shop, std::string_view id) const {
  for (const std::uint32_t agent : roster_.shop_at(shop).agents)
    if (roster_.agent_id(agent) == id) return agent;
  return kNone;
}

}  // namespace deskpulse::engine
