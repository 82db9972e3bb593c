#include "daemon/http/query.hpp"

#include <algorithm>
#include <charconv>

namespace deskpulse::http {
namespace {

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    unsigned char byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const char* end = digits.data() + digits.size();
    const auto [read, error] = std::from_chars(digits.data(), end, byte, 16);
    if (digits.size() != 2 || read != end || error != std::errc{}) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<Query> Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::string_view parameter = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(parameter.size() + 1, text.size()));
    if (parameter.empty()) continue;
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    const std::string_view raw = parameter.substr(std::min(equals + 1, parameter.size()));
    std::optional<std::string> name = decode(parameter.substr(0, equals));
    std::optional<std::string> value = decode(raw);
    if (!name || !value) return std::nullopt;
    query.parameters_.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

std::string_view Query::value(std::string_view name) const {
  for (const auto& [its_name, its_value] : parameters_)
    if (its_name == name) return its_value;
  return {};
}

std::optional<std::size_t> parse_count(std::string_view text, std::size_t most) {
  std::size_t count = 0;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, count);
  if (text.empty() || read != end || error != std::errc{} || count > most) return std::nullopt;
  return count;
}

}  // namespace deskpulse::http
