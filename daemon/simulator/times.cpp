#include "daemon/simulator/times.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>

namespace deskpulse::simulator {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

/// The whole of `text` as a number of at most `digits` digits, without a sign.
std::optional<std::int64_t> number(std::string_view text, std::size_t digits = 15) {
  if (text.empty() || text.size() > digits) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<Millis> clock_time(std::string_view text) {  // HH:MM or HH:MM:SS
  const bool with_seconds = text.size() == 8 && text[5] == ':';
  if ((text.size() != 5 && !with_seconds) || text[2] != ':') return std::nullopt;
  const auto hours = number(text.substr(0, 2));
  const auto minutes = number(text.substr(3, 2));
  const auto seconds = with_seconds ? number(text.substr(6, 2)) : 0;
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 59)
    return std::nullopt;
  return std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
         std::chrono::seconds(*seconds);
}

std::optional<Instant> iso_instant(std::string_view text) {  // 2025-11-10T19:00:00+08:00
  if (text.size() < 17 || text[4] != '-' || text[7] != '-' || text[10] != 'T') return std::nullopt;
  const auto zone_at = text.find_first_of("Z+-", 11);
  if (zone_at == std::string_view::npos) return std::nullopt;
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  const auto time = clock_time(text.substr(11, zone_at - 11));
  if (!year || !month || !day || !time) return std::nullopt;
  Millis offset{0};
  if (text[zone_at] == 'Z') {
    if (zone_at + 1 != text.size()) return std::nullopt;
  } else {
    const auto zone = text.substr(zone_at + 1);
    const auto shift = zone.size() == 5 ? clock_time(zone) : std::nullopt;
    if (!shift) return std::nullopt;
    offset = text[zone_at] == '+' ? *shift : -*shift;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Instant{std::chrono::sys_days(date).time_since_epoch() + *time - offset};
}

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) {
  const auto unit_at = text.find_first_not_of("0123456789");
  if (unit_at == std::string_view::npos) return std::nullopt;
  const auto count = number(text.substr(0, unit_at), 9);
  if (!count) return std::nullopt;
  const auto unit = text.substr(unit_at);
  if (unit == "ms") return Millis(*count);
  if (unit == "s") return Millis(1s) * *count;
  if (unit == "m") return Millis(1min) * *count;
  if (unit == "h") return Millis(1h) * *count;
  if (unit == "d") return Millis(24h) * *count;
  return std::nullopt;
}

std::optional<Instant> parse_instant(std::string_view text, Instant now) {
  if (text == "now") return now;
  if (text.starts_with('-')) {
    const auto ago = parse_duration(text.substr(1));
    return ago ? std::optional(now - *ago) : std::nullopt;
  }
  if (const auto ms = number(text)) return Instant{Millis(*ms)};
  return iso_instant(text);
}

std::optional<Millis> parse_time_of_day(std::string_view text) {
  return text.size() == 5 ? clock_time(text) : std::nullopt;
}

std::optional<double> parse_share(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  double value = 0.0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (percent) value /= 100.0;
  if (!(value >= 0.0 && value <= 1.0)) return std::nullopt;
  return value;
}

}  // namespace deskpulse::simulator
