// The address of a stream.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace deskpulse::feed {

/// `ws://host[:port][/target]` or `wss://…`, taken apart.
struct Endpoint {
  bool tls = false;
  std::string host;    ///< without the brackets of an IPv6 address; what SNI and certificates name
  std::string port;    ///< "80" or "443" when not given
  std::string target;  ///< path and query, at least "/"

  /// The Host header: brackets where needed, the port where it is not the scheme's own.
  std::string host_header() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Absent when it is no such URL: another scheme, no host, a bad port, a user or password (a token
/// comes from its file), a fragment, or anything that is not printable ASCII.
std::optional<Endpoint> parse_endpoint(std::string_view url);

}  // namespace deskpulse::feed
