// The configuration: a TOML text and, behind a line "%%", lines of the environment
// (DESKPULSE_HTTP_LISTEN=…) and of flags (http.listen=…).
//
// What load() finds no error in means something to every part of the daemon, and what is printed of
// it reads the same; what it refuses it says in one line each.
#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>

#include "daemon/app/settings.hpp"
#include "daemon/config/compare.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/print.hpp"
#include "daemon/engine/engine.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace {

using namespace deskpulse;

config::Sources sources_of(std::string_view text) {
  config::Sources sources;
  sources.shipped_profiles = shipped_profile_names();
  constexpr std::string_view kBehind = "\n%%\n";
  const std::size_t end = std::min(text.find(kBehind), text.size());
  sources.document = config::Document{"fuzz.toml", std::string(text.substr(0, end))};
  text.remove_prefix(std::min(end + kBehind.size(), text.size()));
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    std::string name(line.substr(0, equals));
    std::string value(line.substr(equals + 1));
    if (name.starts_with("DESKPULSE_") || name == "STATE_DIRECTORY")
      sources.environment.emplace_back(std::move(name), std::move(value));
    else
      sources.overrides.push_back({"--set", std::move(name), std::move(value)});
  }
  return sources;
}

void check_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    assert(!line.empty());
    assert(line.find('\n') == std::string::npos);
  }
}

void check_meaning(const config::Config& config) {
  const engine::Settings settings = engine_settings(config);
  // A shop takes 75 kB and more: a thousand of them are for other tests.
  if (settings.shops.size() <= 8) engine::Engine engine(settings);
  static_cast<void>(intake_settings(config));
  static_cast<void>(websocket_settings(config));
  static_cast<void>(http_settings(config));
  static_cast<void>(access_settings(config));
  static_cast<void>(targets_of(config));
  if (config.store.directory && !config.store.directory->empty())
    static_cast<void>(persistence_settings(config));
}

void check_printed(const config::Config& config) {
  // Their hashes are not printed, and no token in an address.
  if (!config.http.users.empty() || config.feed.url.find('?') != std::string::npos) return;
  config::Sources printed;
  printed.shipped_profiles = shipped_profile_names();
  printed.document = config::Document{"printed.toml", config::to_toml(config)};
  const config::Loaded again = config::load(printed);
  assert(again.errors.empty());
  assert(config::compare(config, again.config).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const config::Loaded loaded =
      config::load(sources_of({reinterpret_cast<const char*>(data), size}));
  check_lines(loaded.errors);
  check_lines(loaded.warnings);
  if (!loaded.errors.empty()) return 0;

  check_meaning(loaded.config);
  check_printed(loaded.config);
  const config::Config defaults;
  check_lines([&] {
    std::vector<std::string> keys;
    for (const config::Change& change : config::compare(defaults, loaded.config))
      keys.push_back(change.key);
    return keys;
  }());
  static_cast<void>(config::reloaded(defaults, loaded.config));
  return 0;
}
