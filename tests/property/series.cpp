#include "tests/property/series.hpp"

#include <cmath>

namespace deskpulse::property {

std::string series_name(
    std::string_view name,
    std::initializer_list<std::pair<std::string_view, std::string_view>> labels) {
  std::string text(name);
  char before = '{';
  for (const auto& [label, value] : labels) {
    text += before;
    text += label;
    text += "=\"";
    for (const char c : value) {
      if (c == '\n') {
        text += "\\n";
      } else {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
      }
    }
    text += '"';
    before = ',';
  }
  return text + '}';
}

namespace {

bool agree(const std::string& series, double engine, double recount) {
  if (series.starts_with("deskpulse_shop_response_time_seconds{")) {
    return std::abs(engine - recount) <= 0.05 * recount + 1e-9;
  }
  return engine == recount;
}

}  // namespace

std::optional<Difference> first_difference(const Series& engine, const Series& recount) {
  auto left = engine.begin();
  auto right = recount.begin();
  while (left != engine.end() || right != recount.end()) {
    if (right == recount.end() || (left != engine.end() && left->first < right->first)) {
      return Difference{left->first, left->second, std::nullopt};
    }
    if (left == engine.end() || right->first < left->first) {
      return Difference{right->first, std::nullopt, right->second};
    }
    if (!agree(left->first, left->second, right->second)) {
      return Difference{left->first, left->second, right->second};
    }
    ++left;
    ++right;
  }
  return std::nullopt;
}

}  // namespace deskpulse::property
