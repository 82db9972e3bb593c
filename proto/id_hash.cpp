#include "proto/id_hash.hpp"

#include <sodium.h>

#include <cassert>
#include <cstring>

namespace deskpulse::proto {

IdHasher IdHasher::with_random_key() {
  [[maybe_unused]] const int ready = sodium_init();
  assert(ready >= 0);
  Key key;
  randombytes_buf(key.data(), key.size());
  return IdHasher(key);
}

CustomerKey IdHasher::hash(std::string_view shop, std::string_view id) const {
  // The shop's length goes in front, so that no other split of the same bytes is the same pair.
  std::array<unsigned char, 2 + 256 + 256> text;
  assert(shop.size() <= 256 && id.size() <= 256);
  text[0] = static_cast<unsigned char>(shop.size() & 0xff);
  text[1] = static_cast<unsigned char>(shop.size() >> 8);
  // memcpy must not see the null of an empty view; a loop over the bytes costs as much as the hash.
  if (!shop.empty()) std::memcpy(text.data() + 2, shop.data(), shop.size());
  if (!id.empty()) std::memcpy(text.data() + 2 + shop.size(), id.data(), id.size());
  std::array<unsigned char, 16> out;
  crypto_shorthash_siphashx24(out.data(), text.data(), 2 + shop.size() + id.size(), key_.data());
  CustomerKey key;
  std::memcpy(&key.high, out.data(), 8);
  std::memcpy(&key.low, out.data() + 8, 8);
  return key;
}

}  // namespace deskpulse::proto
