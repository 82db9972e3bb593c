// `deskpulsed replay`: the numbers at the end of a file of events.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "daemon/app/exit_code.hpp"
#include "daemon/config/config.hpp"

namespace deskpulse {

struct ReplayCommand {
  std::string path;  ///< "-" is standard input
  std::optional<std::int64_t>
      until_ms;         ///< the watermark at the end, where it is later than the events
  bool agents = false;  ///< the agents' series too
};

/// Reads the file to its end and writes to `out` the text of the metrics pages, as far as a file
/// decides it (nothing about connections or this process): a function of the file, the
/// configuration and, for the rule on future events only, the wall clock. On `err`: progress when
/// it is a terminal and takes long, and one line about events that were refused, late or repeated.
ExitCode run_replay(const config::Config& config, const ReplayCommand& command, std::ostream& out,
                    std::ostream& err);

}  // namespace deskpulse
