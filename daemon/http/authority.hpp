// Host and port, as a request names them.
#pragma once

#include <optional>
#include <string_view>

namespace deskpulse::http {

/// What a Host field says, and the middle of a URI such as `http://wall.local:9870/wall`.
struct Authority {
  std::string_view host;  ///< a name, an IPv4 address, or an IPv6 address in its brackets
  std::string_view port;  ///< up to 65535; empty when it is not said
};

/// Nothing where `text` is none by RFC 3986, 3.2: empty, with a user before an `@`, with a path
/// behind it, with a character that no name has. An IPv6 address has no zone.
std::optional<Authority> parse_authority(std::string_view text);

}  // namespace deskpulse::http
