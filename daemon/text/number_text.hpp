// Numbers as the exposition format spells them.
#pragma once

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace deskpulse::text {

/// The most that one of the functions below writes.
inline constexpr std::size_t kMaxNumberText = 32;

inline char* write_number(char* to, std::uint64_t count) {
  if (count < 10) {  // most numbers of most pages
    *to = static_cast<char>('0' + count);
    return to + 1;
  }
  return std::to_chars(to, to + kMaxNumberText, count).ptr;
}

/// In seconds, exact and without trailing zeros: 12.345, 0.5, 12, 0.
inline char* write_number(char* to, std::chrono::milliseconds value) {
  auto ms = static_cast<std::uint64_t>(value.count());
  if (value.count() < 0) {
    *to++ = '-';
    ms = 0 - ms;
  }
  to = write_number(to, ms / 1000);
  if (const auto part = static_cast<unsigned>(ms % 1000); part != 0) {
    *to++ = '.';
    *to++ = static_cast<char>('0' + part / 100);
    if (part % 100 != 0) *to++ = static_cast<char>('0' + part / 10 % 10);
    if (part % 10 != 0) *to++ = static_cast<char>('0' + part % 10);
  }
  return to;
}

/// The shortest text that reads back as the same number; whole numbers without an exponent.
inline char* write_number(char* to, double value) {
  const auto text = [to](const char* spelling) {
    const std::size_t size = std::strlen(spelling);
    std::memcpy(to, spelling, size);
    return to + size;
  };
  if (std::isnan(value)) return text("NaN");
  if (std::isinf(value)) return text(value > 0 ? "+Inf" : "-Inf");
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value == std::trunc(value) && std::abs(value) < kExact) {
    return std::to_chars(to, to + kMaxNumberText, static_cast<std::int64_t>(value)).ptr;
  }
  return std::to_chars(to, to + kMaxNumberText, value).ptr;
}

}  // namespace deskpulse::text
