#include "daemon/app/reload.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "daemon/app/required_files.hpp"
#include "daemon/log/logging.hpp"

namespace deskpulse {
namespace {

using config::LogLevel;

/// A file of thousands of agents may be wrong or changed in as many places.
constexpr std::size_t kLinesAtMost = 50;

void log_refused(const std::vector<std::string>& mistakes) {
  for (std::size_t i = 0; i < std::min(mistakes.size(), kLinesAtMost); ++i)
    log(LogLevel::error, "Configuration has a mistake.", {{"detail", mistakes[i]}});
  log(LogLevel::error, "Configuration not reloaded; the one before it stays in force.",
      {{"mistakes", static_cast<std::int64_t>(mistakes.size())}});
}

}  // namespace

std::optional<Reload> read_reload(const config::Config& running, const LoadConfig& load) {
  config::Loaded loaded = load();
  for (const std::string& warning : loaded.warnings)
    log(LogLevel::warn, "Configuration is doubtful.", {{"detail", warning}});
  if (!loaded.errors.empty()) {
    log_refused(loaded.errors);
    return std::nullopt;
  }
  Reload reload{.config = config::reloaded(running, loaded.config),
                .changes = config::compare(running, loaded.config),
                .access = nullptr};
  Required required = read_required(reload.config);
  if (!required.problems.empty()) {
    log_refused(required.problems);
    return std::nullopt;
  }
  reload.access = std::move(required.access);
  return reload;
}

void log_reload(const std::vector<config::Change>& changes) {
  std::size_t lines = 0;
  std::int64_t waiting = 0;
  for (const config::Change& change : changes) {
    if (!change.is_live) ++waiting;
    if (++lines > kLinesAtMost) continue;
    log(change.is_live ? LogLevel::info : LogLevel::warn,
        change.is_live ? "Setting changed." : "Setting changes at the next restart.",
        {{"key", change.key}, {"from", change.from}, {"to", change.to}});
  }
  const auto count = static_cast<std::int64_t>(changes.size());
  log(LogLevel::info, "Configuration reloaded.",
      {{"changed", count - waiting}, {"need_restart", waiting}});
}

bool touches_feed(const std::vector<config::Change>& changes) {
  return std::any_of(changes.begin(), changes.end(), [](const config::Change& change) {
    return change.is_live && change.key.starts_with("feed.");
  });
}

}  // namespace deskpulse
