// Keyed hashes of ids that come from outside.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proto/event.hpp"

namespace deskpulse::proto {

/// SipHash-2-4 with a 128-bit key and result (libsodium): an upstream that does not know the key
/// can neither make ids collide on purpose nor be read back from what we keep. About 25 ns a call.
class IdHasher {
 public:
  using Key = std::array<unsigned char, 16>;
  /// A fixed key, for tests and for replays that must be reproducible.
  IdHasher() = default;
  explicit IdHasher(const Key& key) : key_(key) {}
  /// A key nobody knows, from the system's random source.
  static IdHasher with_random_key();

  /// The pair (shop, id); ("ab","c") and ("a","bc") differ. Ids are at most 256 bytes each, as the
  /// decoder enforces.
  CustomerKey hash(std::string_view shop, std::string_view id) const;

 private:
  Key key_{};
};

}  // namespace deskpulse::proto
