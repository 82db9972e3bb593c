// The list behind `waiting_customers`: who waits, for whom, since when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/event.hpp"

namespace deskpulse::engine {

/// Whose waiting customers: of all shops, of one, or of one agent of it.
struct WaitingScope {
  std::string shop;   ///< empty = all
  std::string agent;  ///< empty = all of the shop; "unassigned" is its queue. Needs `shop`
  friend bool operator==(const WaitingScope&, const WaitingScope&) = default;
};

/// One open turn.
struct WaitingRow {
  std::uint32_t shop = 0;   ///< index into Directory::shops
  std::uint32_t agent = 0;  ///< the responsible one; index into Directory::agents
  proto::CustomerKey customer;
  proto::Instant since{};  ///< its opening
  bool is_slow = false;
};

enum class WaitingAnswer : std::uint8_t { found, unknown_shop, unknown_agent };

/// The open turns of a scope at one watermark. Reuse one object: its memory stays.
struct WaitingList {
  WaitingAnswer answer = WaitingAnswer::found;
  std::size_t waiting_customers = 0;  ///< the scope's gauge, whatever the limit
  std::vector<WaitingRow> rows;
};

/// Longest wait first; equal waits in an order that does not change from one look to the next.
bool waits_longer(const WaitingRow& a, const WaitingRow& b);

}  // namespace deskpulse::engine
