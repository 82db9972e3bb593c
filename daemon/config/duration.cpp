#include "daemon/config/duration.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace deskpulse::config {
namespace {

struct NamedUnit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<NamedUnit, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string two_digits(std::int64_t number) {
  std::string text = std::to_string(number);
  return text.size() < 2 ? "0" + text : text;
}

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;  // units must come in the order of the table
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || !is_digit(text.front())) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));

    std::size_t length = 0;
    while (length < text.size() && !is_digit(text[length])) ++length;
    const std::string_view name = text.substr(0, length);
    text.remove_prefix(length);

    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;
    const std::int64_t unit = kUnits[next_unit++].ms;
    if (number > (std::numeric_limits<std::int64_t>::max() - total) / unit) return std::nullopt;
    total += number * unit;
  }
  return Millis{total};
}

std::string format_duration(Millis duration) {
  assert(duration.count() >= 0);
  if (duration.count() == 0) return "0s";
  std::string text;
  std::int64_t rest = duration.count();
  for (const NamedUnit& unit : kUnits) {
    if (rest < unit.ms) continue;
    text += std::to_string(rest / unit.ms);
    text += unit.name;
    rest %= unit.ms;
  }
  return text;
}

std::optional<Minutes> parse_time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t i : {0U, 1U, 3U, 4U})
    if (!is_digit(text[i])) return std::nullopt;
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (minutes > 59 || hours * 60 + minutes > 24 * 60) return std::nullopt;
  return Minutes{hours * 60 + minutes};
}

std::string format_time_of_day(Minutes minutes) {
  return two_digits(minutes.count() / 60) + ":" + two_digits(minutes.count() % 60);
}

std::optional<Hours> parse_hours(std::string_view text) {
  if (text.size() != 11 || text[5] != '-') return std::nullopt;
  const auto from = parse_time_of_day(text.substr(0, 5));
  const auto to = parse_time_of_day(text.substr(6));
  constexpr Minutes kDay{24 * 60};
  if (!from || !to || *from == kDay) return std::nullopt;
  return Hours{*from, *to % kDay};
}

std::string format_hours(const Hours& hours) {
  return format_time_of_day(hours.from) + "-" + format_time_of_day(hours.to);
}

}  // namespace deskpulse::config
