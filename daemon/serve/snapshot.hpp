// One moment, whole, as JSON: what the wall shows.
#pragma once

#include <cstddef>
#include <optional>

#include "daemon/moment/moment.hpp"
#include "daemon/serve/history.hpp"
#include "daemon/text/text_buffer.hpp"

namespace deskpulse::serve {

/// How many of those who wait longest a snapshot names.
inline constexpr std::size_t kSnapshotWaiting = 20;

/// Appends the answer of /api/v1/snapshot in one line, as proto/API.md has it: of all shops, or of
/// the one of that row of the report. `waiting` are the longest waits of the same shops, or more of
/// them; null = none. The moment must have its directory and scopes. 0.2 ms and 420 kB for 2,000
/// agents of 100 shops.
void append_snapshot(const moment::Moment& moment, const History& history,
                     std::optional<std::size_t> shop_row, const moment::WaitingPage* waiting,
                     text::TextBuffer& out);

}  // namespace deskpulse::serve
