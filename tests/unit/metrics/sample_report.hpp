// A report made by hand, for tests of the pages over it.
#pragma once

#include <string>
#include <vector>

#include "daemon/engine/report.hpp"

namespace deskpulse::metrics {

/// Two scopes, "5m" and "today"; the shop "tea" with the agents "amy" and the queue.
engine::Report small_report();

/// The same, with `names` as ids and names of shops, agents and groups, each with each.
engine::Report report_with_names(const std::vector<std::string>& names);

/// Names that have taken scrapes down: quotes, backslashes, newlines, emoji, 200 bytes of Chinese
/// and of right-to-left marks, characters that look like the format itself.
std::vector<std::string> hostile_names();

}  // namespace deskpulse::metrics
