// A new configuration for a daemon that runs: all of it or none.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/config/compare.hpp"
#include "daemon/config/config.hpp"
#include "daemon/config/load.hpp"
#include "daemon/http/http_server.hpp"

namespace deskpulse {

/// Reads the file, the environment and the flags anew, as at the start.
using LoadConfig = std::function<config::Loaded()>;

/// A configuration that was found good, down to the files that it names. Nothing of it is in force
/// yet, and nothing can fail any more.
struct Reload {
  config::Config config;                ///< what will be in force: see config::reloaded()
  std::vector<config::Change> changes;  ///< from the running one to the file
  std::shared_ptr<http::Access> access;
};

/// Nothing when the configuration cannot be used; that is logged, every mistake with its line and
/// column. Reads files, so some milliseconds.
std::optional<Reload> read_reload(const config::Config& running, const LoadConfig& load);

/// Logs each change and what needs a restart.
void log_reload(const std::vector<config::Change>& changes);

/// Whether the feed has to connect anew.
bool touches_feed(const std::vector<config::Change>& changes);

}  // namespace deskpulse
