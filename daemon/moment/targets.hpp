// The levels that numbers are held to (标准值).
#pragma once

#include <string_view>
#include <vector>

namespace deskpulse::moment {

struct Target {
  std::string_view number;  ///< the label of `deskpulse_target`; static text
  double value = 0;         ///< in the number's own unit
  friend bool operator==(const Target&, const Target&) = default;
};

/// Those that are set, in the order of the configuration; at most one for a number.
using Targets = std::vector<Target>;

}  // namespace deskpulse::moment
