// Durations and times of day as people write them in a configuration.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/config/config.hpp"

namespace deskpulse::config {

/// "60s", "1m30s", "500ms", "1h", "2d": whole numbers with the units d h m s ms, each at most once
/// and the greater one first. Nothing for any other text, a bare number and an overflow included.
std::optional<Millis> parse_duration(std::string_view text);

/// The shortest text that parse_duration() reads as `duration`, which must not be negative.
std::string format_duration(Millis duration);

/// "HH:MM", 00:00 to 24:00, in minutes since midnight.
std::optional<Minutes> parse_time_of_day(std::string_view text);
std::string format_time_of_day(Minutes minutes);

/// "08:00-23:00". An end at 24:00 is kept as 00:00, so that 00:00-24:00 is the whole day.
std::optional<Hours> parse_hours(std::string_view text);
std::string format_hours(const Hours& hours);

}  // namespace deskpulse::config
