// Reads a page of metrics the way a strict Prometheus would, and finds what promtool lets pass.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace deskpulse::check {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

struct Sample {
  std::string name;
  LabelPairs labels;  ///< unescaped, in the order of the page
  std::string value;  ///< as written

  double number() const;
};

/// A page, as far as it could be read, and what is wrong with it.
struct Page {
  std::vector<Sample> samples;
  std::map<std::string, std::string> types;  ///< by family
  std::map<std::string, std::string> helps;  ///< by family, unescaped
  std::vector<std::string> problems;         ///< each a sentence that names the line or series

  /// The value of the one series with exactly these labels, in any order; absent when there is
  /// none.
  std::optional<double> value(std::string_view name, LabelPairs labels) const;
};

/// Finds: text that is no exposition format (bad names, escapes, numbers, UTF-8, timestamps), a
/// family without HELP or TYPE, said twice, or split in two; a series twice; a counter that does
/// not end in `_total` or falls below zero; a histogram whose edges or buckets fall, whose `le` has
/// no point, or whose `+Inf` is missing or differs from `_count`.
Page read_page(std::string_view text);

}  // namespace deskpulse::check
