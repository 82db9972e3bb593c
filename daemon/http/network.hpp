// Where a peer comes from, as far as peers are told apart by it.
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <compare>

namespace deskpulse::http {

/// An IPv4 address, or the 64 bits of an IPv6 address that one customer of a provider has: within
/// those, anybody has as many addresses as he likes. For fairness only, never for trust.
struct Network {
  std::array<unsigned char, 16> bytes{};
  friend auto operator<=>(const Network&, const Network&) = default;
};

inline Network network_of(const boost::asio::ip::address& address) {
  namespace ip = boost::asio::ip;
  if (address.is_v4()) return {ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes()};
  Network network{address.to_v6().to_bytes()};
  if (!address.to_v6().is_v4_mapped()) {
    for (std::size_t i = 8; i < network.bytes.size(); ++i) network.bytes[i] = 0;
  }
  return network;
}

}  // namespace deskpulse::http
