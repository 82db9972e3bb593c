#include "daemon/image/reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace deskpulse::image {

std::byte Reader::byte() {
  if (ok_ && rest_.empty()) rest_ = source_.next();
  if (rest_.empty()) {
    fail();
    return {};
  }
  const std::byte value = rest_.front();
  rest_ = rest_.subspan(1);
  return value;
}

std::uint64_t Reader::number(std::uint64_t most) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto part = static_cast<std::uint64_t>(byte());
    const std::uint64_t digits = part & 0x7f;
    if (shift == 63 && digits > 1) break;  // more than 64 bits
    value |= digits << shift;
    if (part >= 0x80) continue;
    if (value > most) break;
    return ok_ ? value : 0;
  }
  fail();
  return 0;
}

std::int64_t Reader::signed_number() {
  const std::uint64_t value = number();
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

proto::Instant Reader::instant() {
  const proto::Instant at{proto::Millis{signed_number()}};
  if (at >= proto::Instant{} && at <= proto::kLastInstant) return at;
  fail();
  return {};
}

proto::CustomerKey Reader::key() {
  std::array<std::byte, 16> bytes_of_key{};
  bytes(bytes_of_key);
  proto::CustomerKey key;
  std::memcpy(&key.high, bytes_of_key.data(), 8);
  std::memcpy(&key.low, bytes_of_key.data() + 8, 8);
  return key;
}

std::string Reader::text(std::size_t most) {
  std::string text(number(most), '\0');
  bytes(std::as_writable_bytes(std::span(text)));
  if (!ok_) text.clear();
  return text;
}

void Reader::bytes(std::span<std::byte> to) {
  const std::span<std::byte> all = to;
  while (!to.empty()) {
    if (ok_ && rest_.empty()) rest_ = source_.next();
    if (rest_.empty()) {
      fail();
      std::fill(all.begin(), all.end(), std::byte{});
      return;
    }
    const std::size_t part = std::min(to.size(), rest_.size());
    std::memcpy(to.data(), rest_.data(), part);
    to = to.subspan(part);
    rest_ = rest_.subspan(part);
  }
}

bool Reader::is_at_end() {
  if (ok_ && rest_.empty()) rest_ = source_.next();
  return ok_ && rest_.empty();
}

}  // namespace deskpulse::image
