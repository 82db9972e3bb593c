// What stands behind the `?` of a request.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace deskpulse::http {

/// The parameters of a query, decoded: %XX, and + as a blank, as browsers write forms.
class Query {
 public:
  /// Absent when a % is not followed by two hexadecimal digits. Names without `=` have an empty
  /// value.
  static std::optional<Query> parse(std::string_view text);

  /// The first of that name; empty when there is none, which for us means the same as an empty one.
  std::string_view value(std::string_view name) const;

  friend bool operator==(const Query&, const Query&) = default;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

/// A decimal number up to `most`, of digits only; absent for anything else.
std::optional<std::size_t> parse_count(std::string_view text, std::size_t most);

}  // namespace deskpulse::http
