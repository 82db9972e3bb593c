#include "daemon/http/authority.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

namespace deskpulse::http {
namespace {

bool is_port(std::string_view text) {
  if (text.empty()) return true;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size();
}

bool is_ipv6_address(std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return text.find('\0') == std::string_view::npos &&
         inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) == 1;
}

bool is_name(std::string_view text) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=";
  const auto is_hex = [&](std::size_t at) {
    return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || kMarks.find(c) != std::string_view::npos;
    const bool is_encoded = c == '%' && is_hex(i + 1) && is_hex(i + 2);
    if (!is_plain && !is_encoded) return false;
  }
  return !text.empty();
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  const bool has_brackets = text.starts_with('[');
  const std::size_t bracket = has_brackets ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const std::size_t host_end = has_brackets ? bracket + 1 : std::min(text.find(':'), text.size());
  Authority authority{.host = text.substr(0, host_end), .port = text.substr(host_end)};
  if (authority.port.starts_with(':')) {
    authority.port.remove_prefix(1);
  } else if (!authority.port.empty()) {
    return std::nullopt;
  }
  const bool is_host =
      has_brackets ? is_ipv6_address(text.substr(1, bracket - 1)) : is_name(authority.host);
  if (!is_host || !is_port(authority.port)) return std::nullopt;
  return authority;
}

}  // namespace deskpulse::http
