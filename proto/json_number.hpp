// Whole numbers in JSON text.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <string>

namespace deskpulse::proto {

/// Appends the number's digits.
template <std::integral Integer>
void append_json_number(std::string& out, Integer number) {
  std::array<char, 24> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

}  // namespace deskpulse::proto
