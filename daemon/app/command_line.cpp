#include "daemon/app/command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <optional>

#include "daemon/app/exit_code.hpp"
#include "daemon/app/replay_command.hpp"
#include "daemon/app/required_files.hpp"
#include "daemon/app/run_command.hpp"
#include "daemon/app/settings.hpp"
#include "daemon/app/version.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/print.hpp"
#include "daemon/files/read_file.hpp"

namespace deskpulse {
namespace {

constexpr const char* kDefaultConfig = "/etc/deskpulse/deskpulse.toml";

constexpr const char* kFooter = R"(
Settings come from, in this order, the defaults, the file, the environment
(DESKPULSE_FEED_URL is feed.url) and the flags; later ones win. Without --config,
/etc/deskpulse/deskpulse.toml is read if it is there.

Examples:
  deskpulse-sim serve --preset promo --at 19:28 --warm-up 10m &
  deskpulsed --config /dev/null --set feed.start=floor --http-listen 127.0.0.1:9880
      follow a simulated promotion from ten minutes ago on: http://127.0.0.1:9880/wall
  deskpulsed --config shops.toml --check-config
      say every mistake in a configuration, and run nothing
  deskpulsed --feed-url wss://chat.example.com/stream --set rules.slow_after=90s
      follow a stream of your own, by a rule of your own
  deskpulsed --print-config > deskpulse.toml
      begin a configuration with every setting at its default, explained
  deskpulsed replay --agents yesterday.ndjson
      print the numbers as they were at the end of a recording

SIGHUP reloads the configuration, all of it or none; the log says what changed.

Exit codes: 0 done, 64 command line, 66 unreadable input, 69 port in use,
70 a failure of its own, 73 unusable state directory, 74 reading or writing failed,
78 configuration.)";

struct Arguments {
  std::string config_file;
  bool check_config = false;
  bool print_config = false;
  std::vector<std::string> settings;  ///< "key=value"
  std::string feed_url;
  std::string http_listen;
  std::string log_level;
  bool replay = false;
  ReplayCommand replay_command;
};

void add_config_options(CLI::App& app, Arguments& arguments) {
  app.add_option("-c,--config", arguments.config_file,
                 std::string("Configuration file; default ") + kDefaultConfig)
      ->type_name("FILE");
  // allow_extra_args(false): one value a flag, or `--set a=1 replay` would take "replay" as a
  // value.
  app.add_option("--set", arguments.settings, "Set one setting, as in rules.slow_after=90s")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

/// The name that errors give a flag, and the setting it stands for.
std::vector<config::Override> overrides_of(const Arguments& arguments) {
  std::vector<config::Override> overrides;
  const auto add = [&](const char* flag, const char* key, const std::string& value) {
    if (!value.empty()) overrides.push_back({flag, key, value});
  };
  for (const std::string& setting : arguments.settings) {
    const auto equals = setting.find('=');
    const std::string key = setting.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : setting.substr(equals + 1);
    overrides.push_back({"--set", key, value});
  }
  add("--feed-url", "feed.url", arguments.feed_url);
  add("--http-listen", "http.listen", arguments.http_listen);
  add("--log-level", "log.level", arguments.log_level);
  return overrides;
}

/// The file that holds the configuration; empty when there is none and none is needed.
std::string config_path(const Arguments& arguments) {
  if (!arguments.config_file.empty()) return arguments.config_file;
  // One that may not be read is not taken for none: the defaults would be wrong in silence.
  return ::access(kDefaultConfig, F_OK) == 0 || errno == EACCES ? kDefaultConfig : "";
}

/// Reads everything that settings come from. A file that cannot be read is an error like others.
/// The first time, the file may be the pipe of a shell (`--config <(…)`).
config::Loaded load_config(const Arguments& arguments, const Environment& environment,
                           files::Pipes pipes) {
  config::Sources sources{.document = std::nullopt,
                          .environment = environment,
                          .overrides = overrides_of(arguments),
                          .shipped_profiles = shipped_profile_names()};
  if (const std::string path = config_path(arguments); !path.empty()) {
    files::Contents file = files::read_file(path, pipes);
    if (!file.error.empty())
      return {.config = {},
              .errors = {"deskpulsed: cannot read " + path + ": " + file.error +
                         "; name another file with --config"},
              .warnings = {}};
    sources.document = {path, std::move(file.text)};
  }
  return config::load(sources);
}

ExitCode run(const Arguments& arguments, const Environment& environment, std::ostream& out,
             std::ostream& err) {
  const config::Loaded loaded = load_config(arguments, environment, files::Pipes::read);
  for (const std::string& warning : loaded.warnings) err << "warning: " << warning << "\n";
  for (const std::string& error : loaded.errors) err << error << "\n";
  if (!loaded.errors.empty()) return kExitConfig;

  if (arguments.check_config) {
    config::Config config = loaded.config;
    for (const std::string& unseen : leave_out_unseen_credentials(config))
      err << "warning: " << unseen << "\n";
    const std::vector<std::string> problems = read_required(config).problems;
    for (const std::string& problem : problems) err << "deskpulsed: " << problem << "\n";
    if (!problems.empty()) return kExitNoInput;
    const std::string path = config_path(arguments);
    out << "OK: " << (path.empty() ? "the defaults" : path) << "\n" << std::flush;
    return out ? kExitOk : kExitIoError;
  }
  if (arguments.print_config) {
    out << config::to_toml(loaded.config) << std::flush;
    return out ? kExitOk : kExitIoError;
  }
  if (arguments.replay) return run_replay(loaded.config, arguments.replay_command, out, err);
  return run_daemon(
      loaded.config,
      {.load_config = [&] { return load_config(arguments, environment, files::Pipes::refused); },
       .environment = environment},
      err);
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments, const Environment& environment,
                     std::ostream& out, std::ostream& err) {
  Arguments given;
  CLI::App app(
      "Watches a shop's customer service live: follows a chat stream and serves its numbers.",
      "deskpulsed");
  app.footer(kFooter);
  add_config_options(app, given);
  app.add_option("--feed-url", given.feed_url, "The stream, the same as --set feed.url=…")
      ->type_name("URL");
  app.add_option("--http-listen", given.http_listen,
                 "Where the pages are, the same as --set http.listen=…")
      ->type_name("ADDRESS:PORT");
  app.add_option("--log-level", given.log_level, "debug, info, warn or error")->type_name("LEVEL");
  auto* check =
      app.add_flag("--check-config", given.check_config,
                   "Check the configuration and the files it names as the start does, say every "
                   "mistake (exit code 78, or 66 for what it names), and end");
  app.add_flag("--print-config", given.print_config,
               "Print the configuration in force as TOML, and end")
      ->excludes(check);
  app.set_version_flag("--version", "deskpulsed " + std::string(version()), "Print the version");

  CLI::App* replay =
      app.add_subcommand("replay", "Print the numbers at the end of a file of events");
  add_config_options(*replay, given);
  replay->add_option("EVENTS", given.replay_command.path, "One event a line; - is standard input")
      ->required()
      ->type_name("FILE");
  replay
      ->add_option("--until", given.replay_command.until_ms,
                   "Let time go on to this instant after the last event")
      ->type_name("MS")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{253'402'300'799'999}));
  replay->add_flag("--agents", given.replay_command.agents, "Print the agents' numbers too");

  try {
    // CLI11 takes the arguments from the back, without the program's name.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend() - 1));
    for (const std::string& setting : given.settings)
      if (setting.find('=') == std::string::npos)
        throw CLI::ValidationError("--set", setting + " has no value; write KEY=VALUE");
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure, out, err) == 0 ? kExitOk : kExitUsage;
  }
  given.replay = replay->parsed();
  return run(given, environment, out, err);
}

}  // namespace deskpulse
