// How the daemon itself is doing: what its feed says, beside the engine's numbers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/serve/targets.hpp"

namespace deskpulse::serve {

/// A counter's value under one label value out of a closed set. Whoever fills a list names every
/// member of the set from the start, with 0, so that a rate over the first one is not lost.
struct LabelCount {
  std::string label;
  std::uint64_t count = 0;
};

/// Whether a scope misses events: a gap of the feed, or a start without history, touches it.
struct WindowIncomplete {
  std::string window;  ///< as in engine::Report::scopes
  bool incomplete = false;
};

/// What the configuration in force says and how the newest one was taken. It comes with every
/// moment, so that a reload needs no lock.
struct ConfigStatus {
  Targets targets;
  bool show_customers = false;          ///< otherwise customers are masked
  bool last_reload_successful = false;  ///< a start is the first reload
  std::chrono::system_clock::time_point last_success{};
};

/// Filled on the feed's thread together with the engine's report, for the same moment. Counters are
/// since the process started. The default is a daemon that has not reached its feed yet.
struct Status {
  bool connected = false;
  bool ever_connected = false;  ///< since the process started
  bool silent = false;          ///< connected, and not heard for too long
  bool stale = true;            ///< the numbers stand still (spec 3)
  std::optional<std::chrono::milliseconds>
      lag;  ///< wall clock − newest event or heartbeat; absent before one
  std::uint64_t reconnects = 0;
  std::uint64_t gaps = 0;
  std::uint64_t late = 0;
  std::uint64_t duplicates = 0;
  std::vector<LabelCount> events;       ///< accepted events by `type`, as on the wire
  std::vector<LabelCount> rejected;     ///< by `reason`
  std::vector<LabelCount> disconnects;  ///< by `reason`
  std::vector<WindowIncomplete> windows;
  ConfigStatus config;
};

/// Why the numbers are not to be trusted as live, in a few words that /-/ready gives: "starting",
/// "feed disconnected", "feed silent" or "catching up"; empty when they are.
std::string_view not_ready_reason(const Status& status);

/// The same as one word, which the API gives: "starting", "disconnected", "silent", "catching_up"
/// or "live".
std::string_view feed_state(const Status& status);

/// The labels of `deskpulse_build_info`.
struct BuildInfo {
  std::string version;
  std::string revision;  ///< of the sources; may be empty
};

}  // namespace deskpulse::serve
