// Time zones, read from the system's database into plain data.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace deskpulse::config {

/// The offsets of one zone ahead of UTC, complete for the years 1970 to 2100.
struct Zone {
  struct Transition {
    std::chrono::seconds from{};    ///< since the Unix epoch
    std::chrono::seconds offset{};  ///< ahead of UTC from then on
    friend bool operator==(const Transition&, const Transition&) = default;
  };
  std::string name;
  std::chrono::seconds initial{};       ///< before the first transition
  std::vector<Transition> transitions;  ///< ascending
};

/// The zone of that name, such as "Asia/Shanghai" or "UTC". Nothing when the system's database
/// (/usr/share/zoneinfo) has none; names that mean the host's own zone or a file are refused, since
/// numbers must not depend on the host. Reads one file; meant for start-up.
std::optional<Zone> load_zone(std::string_view name);

}  // namespace deskpulse::config
