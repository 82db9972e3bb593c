// Who takes a customer: agents with their shifts, breaks and room, and the queue of a shop.
#include <algorithm>
#include <cassert>

#include "daemon/simulator/traffic_world.hpp"

namespace deskpulse::simulator {

using namespace std::chrono_literals;
using proto::Event;
using proto::Millis;

namespace {

constexpr Millis kQueuePatience = 45s;  // then somebody has to take one more
constexpr Millis kQueueGivesUp = 8min;

}  // namespace

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

}  // namespace deskpulse::simulator
