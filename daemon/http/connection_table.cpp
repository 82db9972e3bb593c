#include "daemon/http/connection_table.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "daemon/http/connection.hpp"
#include "daemon/http/network.hpp"

namespace deskpulse::http {

namespace {

/// A connection that can be spared, and what it is chosen by.
struct Sparable {
  Connection* connection;
  int rank;
  Connection::Clock::time_point since;
  const std::size_t* of_network;  ///< how many its network has
};

bool is_spared_before(const Sparable& a, const Sparable& b) {
  if (*a.of_network != *b.of_network) return *a.of_network > *b.of_network;
  if (a.rank != b.rank) return a.rank < b.rank;
  // Of those whose passwords wait the last one, or in a flood nobody would get to be checked.
  if (a.connection->state() == Connection::State::checking) return a.since > b.since;
  return a.since < b.since;
}

}  // namespace

bool ConnectionTable::make_room(Clock::time_point now) {
  std::map<Network, std::size_t> networks;
  std::vector<Sparable> sparable;
  for (Connection* const each : open) {
    const std::optional<int> rank = each->spare_rank(now);
    if (!rank) continue;
    std::size_t& count = networks[each->network()];
    ++count;
    sparable.push_back({each, *rank, each->since(), &count});
  }
  // Of very many, several at once: not all are to be looked at for each that comes.
  const std::size_t wanted = std::min(sparable.size(), 1 + open.size() / 1024);
  const auto end = sparable.begin() + static_cast<std::ptrdiff_t>(wanted);
  std::partial_sort(sparable.begin(), end, sparable.end(), is_spared_before);
  sparable.erase(end, sparable.end());
  for (const Sparable& each : sparable) each.connection->close(CloseReason::evicted);
  return !sparable.empty();
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

}  // namespace deskpulse::http
