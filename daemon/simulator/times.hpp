// Points in time, durations and shares as people type them.
#pragma once

#include <optional>
#include <string_view>

#include "proto/event.hpp"

namespace deskpulse::simulator {

/// "now"; "-2h", "-90s" before `now`; milliseconds since the epoch; or ISO 8601 with a zone, such
/// as "2025-11-10T19:00:00+08:00" or "...Z". Nothing if it is none of these.
std::optional<proto::Instant> parse_instant(std::string_view text, proto::Instant now);
/// "500ms", "90s", "15m", "2h", "1d".
std::optional<proto::Millis> parse_duration(std::string_view text);
/// "19:40", from 00:00 to 23:59.
std::optional<proto::Millis> parse_time_of_day(std::string_view text);
/// "0.5%" or "0.005", from 0 to 100 %.
std::optional<double> parse_share(std::string_view text);

}  // namespace deskpulse::simulator
