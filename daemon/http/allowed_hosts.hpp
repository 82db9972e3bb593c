// Whether a request was meant for this machine, by its Host and its Origin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace deskpulse::http {

/// The names by which we may be called. A page on another site can have its own name resolve to our
/// address (DNS rebinding) and then read our answers as its own; its browser still says that name
/// as the Host. So an IP address is always good, and a name only when it is known to be ours.
class AllowedHosts {
 public:
  /// `names`: without ports, in any case; "*" among them allows everything. `own_name`: the
  /// machine's; it is allowed whole and to its first dot. `localhost` always is.
  AllowedHosts(const std::vector<std::string>& names, std::string_view own_name);

  /// `host`: the Host field's value, such as `wall.local:9870` or `[::1]`.
  bool allows(std::string_view host) const;

 private:
  std::vector<std::string> names_;  // lower case
  bool allows_all_ = false;
};

/// What gethostname(2) says; empty when it says nothing.
std::string machine_name();

/// Whether a page of `origin`, such as `https://wall.local:9870`, came from `host`. The scheme is
/// not compared, since something in front of us may add TLS.
bool is_same_origin(std::string_view origin, std::string_view host);

}  // namespace deskpulse::http
