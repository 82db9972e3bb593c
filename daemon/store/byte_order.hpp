// Whole numbers in files: little-endian, on any machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace deskpulse::store {

template <class Number>
void put(std::byte* to, Number value) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    to[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
}

template <class Number>
Number get(const std::byte* from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    value |= static_cast<std::uint64_t>(from[i]) << (8 * i);
  return static_cast<Number>(value);
}

}  // namespace deskpulse::store
