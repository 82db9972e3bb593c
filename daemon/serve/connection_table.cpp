#include "daemon/serve/connection_table.hpp"

#include <algorithm>
#include <map>

#include "daemon/serve/connection.hpp"
#include "daemon/serve/network.hpp"

namespace deskpulse::serve {

bool ConnectionTable::spare_one(Clock::time_point now) {
  std::map<Network, std::size_t> sparable;
  for (const Connection* const each : open) {
    if (each->spare_rank(now)) ++sparable[each->network()];
  }
  Connection* spared = nullptr;
  const auto is_spared_before = [&](const Connection* a, const Connection* b) {
    const std::size_t of_a = sparable.at(a->network());
    const std::size_t of_b = sparable.at(b->network());
    if (of_a != of_b) return of_a > of_b;
    if (a->spare_rank(now) != b->spare_rank(now)) return a->spare_rank(now) < b->spare_rank(now);
    // Of those whose passwords wait the last one, or in a flood nobody would get to be checked.
    if (a->state() == Connection::State::checking) return a->since() > b->since();
    return a->since() < b->since();
  };
  for (Connection* const each : open) {
    if (!each->spare_rank(now)) continue;
    if (spared == nullptr || is_spared_before(each, spared)) spared = each;
  }
  if (spared == nullptr) return false;
  spared->close(CloseReason::evicted);
  return true;
}

void ConnectionTable::drop_old_bodies(const Connection& newest) {
  while (held.bytes() > settings.max_held_bytes) {
    Connection* oldest = nullptr;
    for (Connection* const each : open) {
      if (each->body() == nullptr || each->body() == newest.body()) continue;
      if (oldest == nullptr || each->writing_since() < oldest->writing_since()) oldest = each;
    }
    if (oldest == nullptr) return;
    oldest->close(CloseReason::held_bytes);
  }
}

}  // namespace deskpulse::serve
