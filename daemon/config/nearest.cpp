#include "daemon/config/nearest.hpp"

#include <algorithm>
#include <cstddef>

namespace deskpulse::config {

// Optimal string alignment: the textbook table of prefixes, keeping three rows.
int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> two_above(b.size() + 1);
  std::vector<int> above(b.size() + 1);
  std::vector<int> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    two_above.swap(above);
    above.swap(row);
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_above[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  int best_distance = 0;
  for (const std::string& candidate : candidates) {
    // A word of any length is compared, but the table must not grow with what a stranger wrote.
    if (word.size() > 100) break;
    const int distance = edit_distance(word, candidate);
    if (best == nullptr || distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best == nullptr) return std::nullopt;
  const int longest = static_cast<int>(std::max(word.size(), best->size()));
  if (best_distance > std::max(2, longest / 3) || best_distance >= longest) return std::nullopt;
  return *best;
}

}  // namespace deskpulse::config
