#include "daemon/http/allowed_hosts.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "daemon/http/authority.hpp"

namespace deskpulse::http {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool is_ipv4_address(std::string_view text) {
  in_addr address{};
  return inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

}  // namespace

AllowedHosts::AllowedHosts(const std::vector<std::string>& names, std::string_view own_name)
    : names_{"localhost"} {
  for (const std::string& name : names) {
    allows_all_ = allows_all_ || name == "*";
    names_.push_back(lower(name));
  }
  if (own_name.empty()) return;
  names_.push_back(lower(own_name));
  names_.push_back(lower(own_name.substr(0, own_name.find('.'))));
}

bool AllowedHosts::allows(std::string_view host) const {
  if (allows_all_) return true;
  const std::optional<Authority> authority = parse_authority(host);
  if (!authority) return false;
  std::string_view name = authority->host;
  if (name.starts_with('[') || is_ipv4_address(name)) return true;
  if (name.ends_with('.')) name.remove_suffix(1);  // the root, said aloud
  return !name.empty() && std::find(names_.begin(), names_.end(), lower(name)) != names_.end();
}

std::string machine_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  const std::size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false;  // "null", too
  return !host.empty() && lower(origin.substr(scheme_end + 3)) == lower(host);
}

}  // namespace deskpulse::http
