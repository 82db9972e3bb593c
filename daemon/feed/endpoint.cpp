#include "daemon/feed/endpoint.hpp"

#include <algorithm>
#include <charconv>

namespace deskpulse::feed {

namespace {

bool is_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= 1 && value <= 65'535;
}

bool take_scheme(std::string_view& text, std::string_view scheme) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  if (text.size() < scheme.size() || !std::equal(scheme.begin(), scheme.end(), text.begin(),
                                                 [&](char b, char a) { return same(a, b); })) {
    return false;
  }
  text.remove_prefix(scheme.size());
  return true;
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view url) {
  if (!std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; })) {
    return std::nullopt;
  }
  Endpoint endpoint;
  if (take_scheme(url, "wss://")) {
    endpoint.tls = true;
  } else if (!take_scheme(url, "ws://")) {
    return std::nullopt;
  }
  if (url.find('#') != std::string_view::npos) return std::nullopt;

  const std::string_view authority = url.substr(0, url.find_first_of("/?"));
  endpoint.target = url.substr(authority.size());
  if (endpoint.target.empty() || endpoint.target.front() == '?') endpoint.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) return std::nullopt;

  std::string_view host = authority;
  std::string_view port;
  bool has_port = false;
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view rest = host.substr(close + 1);
    host = host.substr(1, close - 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
    if (host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) {
      return std::nullopt;
    }
  } else {
    const std::size_t colon = host.find(':');
    has_port = colon != std::string_view::npos;
    if (has_port) port = host.substr(colon + 1);
    host = host.substr(0, colon);
    if (host.find_first_of("[]\\\"<>^`{|}%") != std::string_view::npos) return std::nullopt;
  }
  if (host.empty() || host.size() > 255 || (has_port && !is_port(port))) return std::nullopt;
  endpoint.host = host;
  endpoint.port = has_port ? std::string(port) : (endpoint.tls ? "443" : "80");
  return endpoint;
}

std::string Endpoint::host_header() const {
  std::string header = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? "443" : "80")) header += ":" + port;
  return header;
}

}  // namespace deskpulse::feed
