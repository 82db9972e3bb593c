#include "daemon/feed/source.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace deskpulse::feed {
namespace {

constexpr proto::CustomerKey kNone;

/// BLAKE2b-128, of a text of any length.
proto::CustomerKey hash_of(std::string_view text) {
  std::array<unsigned char, 16> out;
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size(), nullptr, 0);
  proto::CustomerKey key;
  std::memcpy(&key.high, out.data(), 8);
  std::memcpy(&key.low, out.data() + 8, 8);
  return key;
}

}  // namespace

bool Source::is_same(const Source& other) const {
  if (name != kNone && other.name != kNone) return name == other.name;
  return address == other.address || address == kNone || other.address == kNone;
}

Source source_of(Protocol protocol, const Endpoint& endpoint, std::string_view name) {
  std::string host = endpoint.host;
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  // No part but the path can have a space or a slash in it, so no two addresses are one text.
  std::string address = protocol == Protocol::plain ? "plain" : "deskpulse.v1";
  address += endpoint.tls ? " wss " : " ws ";
  address += host + " " + endpoint.port + " ";
  address += endpoint.target.substr(0, endpoint.target.find('?'));
  return {.address = hash_of(address), .name = name.empty() ? kNone : hash_of(name)};
}

}  // namespace deskpulse::feed
