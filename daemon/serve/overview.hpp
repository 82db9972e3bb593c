// A shop, or all of them, in a few numbers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/engine/report.hpp"

namespace deskpulse::serve {

/// Which scopes of a report the short overviews are of.
struct ScopeChoice {
  std::size_t focus = 0;                ///< the rolling window nearest to five minutes
  std::optional<std::size_t> shortest;  ///< for rates; absent when there are no rolling windows
  proto::Millis shortest_span{};
  std::size_t today = 0;
};
/// `spans` of the report's scopes in their order, 0 for the business day; not empty. Without
/// rolling windows the focus is the business day.
ScopeChoice choose_scopes(std::span<const proto::Millis> spans);

/// The row of a shop of that id; absent when there is none.
std::optional<std::size_t> find_shop_row(const engine::Report& report, std::string_view id);

/// The shops that something is said of: one row, or all of them.
struct ShopRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
};
ShopRange all_shops(const engine::Report& report);

/// The agents' rows of a range of shops; they are ordered by shop.
struct AgentRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};
AgentRange agents_of(const engine::Report& report, const ShopRange& shops);

/// Whether an agent is a robot: it has written as a bot, never as a person, and never told a
/// presence.
bool is_bot(const engine::AgentRow& agent, const engine::ScopeNumbers& today);

using Presences = std::array<std::uint32_t, engine::kPresenceCount>;

/// The levels of several shops together: sums, and the longest of the waits.
struct LevelsTogether {
  engine::Levels levels;
  std::optional<std::uint64_t> capacity;  ///< of the agents that are not offline and have one
  std::uint64_t capacity_used = 0;        ///< conversations open at those agents
  std::optional<Presences> agents;        ///< absent where nobody has told
};
LevelsTogether levels_of(const engine::Report& report, const ShopRange& shops,
                         const AgentRange& agents);

/// The numbers of one scope of several shops together: sums; the greatest of the maxima and of the
/// quantiles. The peaks of several shops have no sum: with more than one it means nothing.
struct ScopeTogether {
  engine::ScopeNumbers numbers;
  engine::Quantiles quantiles_ms;
};
ScopeTogether scope_of(const engine::Report& report, const ShopRange& shops, std::size_t scope);

/// Messages of all senders.
std::uint64_t all_messages(const engine::ScopeNumbers& numbers);
/// In the shortest window; absent when there is none.
std::optional<double> messages_per_minute(const engine::Report& report, const ShopRange& shops,
                                          const ScopeChoice& choice);

}  // namespace deskpulse::serve
