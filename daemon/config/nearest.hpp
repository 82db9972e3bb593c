// "Did you mean …?"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace deskpulse::config {

/// Edits (insert, delete, replace, swap of neighbours) that make `a` into `b`.
int edit_distance(std::string_view a, std::string_view b);

/// The candidate with the fewest edits from `word`, the first of equals; nothing when even that one
/// is too far away to be what was meant (more than a third of its length, and more than 2).
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace deskpulse::config
