// deskpulse-sim: the command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

#include "daemon/simulator/commands.hpp"
#include "daemon/simulator/stream_server.hpp"
#include "daemon/simulator/times.hpp"

namespace {

using namespace deskpulse::simulator;
using deskpulse::proto::Instant;
using deskpulse::proto::Millis;

constexpr const char* kExamples = R"(
Examples:
  deskpulse-sim serve
      an ordinary day, as a server on ws://127.0.0.1:9871
  deskpulse-sim serve --preset promo --at 19:40 --warm-up 15m &
  deskpulsed --config /dev/null --set feed.start=floor --http-listen 127.0.0.1:9880
      a promotion twenty minutes before its first step, and who reads its past as well
  deskpulse-sim serve --preset promo --start -2h --speed 10
      two hours of the past, ten times as fast, and on from there
  deskpulse-sim serve --faults --restart-after 5000 --record sent.ndjson
      a platform on a bad day, and a record of what it sent
  deskpulse-sim serve --flood 2000000
      two million events as fast as they are read
  deskpulse-sim write --events 2000000 --conversations 100000 > events.ndjson
      the same file for the same seed, with 100,000 conversations open at its end
)";

/// Options that both commands have; texts that need more than CLI11 to be read.
struct Shared {
  TrafficOptions traffic;
  std::string at;
  FaultRates faults;
  bool sensible_faults = false;
  std::string duplicates, disorder, late;
  double disconnects = -1.0;
  std::uint64_t restart_after = 0;
};

/// A validator for texts that one of the parsers of times.hpp must accept.
template <class Parse>
CLI::Validator readable(Parse parse, const char* what, const char* shape) {
  return CLI::Validator(
      [parse, what](std::string& text) {
        return parse(text) ? std::string() : text + " is not " + what;
      },
      shape);
}

void add_shared(CLI::App& app, Shared& shared) {
  const std::map<std::string, Preset> presets{
      {"normal", Preset::normal}, {"promo", Preset::promo}, {"extreme", Preset::extreme}};
  app.add_option("--preset", shared.traffic.preset,
                 "normal: 1 shop, 20 agents, 3 events/s; promo: 3, 120, 50; extreme: 20, 2,000, "
                 "1,000")
      ->transform(CLI::CheckedTransformer(presets, CLI::ignore_case).description("NAME"));
  app.add_option("--seed", shared.traffic.seed, "The same seed, the same traffic (default 1)");
  app.add_option("--shops", shared.traffic.shops, "Number of shops")->check(CLI::Range(1, 10'000));
  app.add_option("--agents", shared.traffic.agents, "Number of agents of all shops together")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--rate", shared.traffic.rate, "Events per second, mean over a day")
      ->check(CLI::Range(0.001, 1e6));
  app.add_option("--conversations", shared.traffic.conversations,
                 "Keep this many conversations open instead of following the day; the first fill "
                 "takes a minute of traffic")
      ->check(CLI::Range(1, 20'000'000));
  app.add_flag("--steady", shared.traffic.steady, "The same rate at every hour of the day");
  app.add_option("--customers", shared.traffic.customers,
                 "The customers of each shop come from this many people (default: most are new)")
      ->check(CLI::Range(1, 2'000'000'000));
  app.add_option("--at", shared.at, "The time of day on the arrival curve at the start, HH:MM")
      ->check(readable(parse_time_of_day, "a time of day, such as 19:40", "HH:MM"));
  const auto share = readable(parse_share, "a share, such as 0.5%", "SHARE");
  app.add_flag("--faults", shared.sensible_faults,
               "0.5% duplicates, 2% disorder, 0.5% late, 6 disconnects an hour")
      ->group("Faults");
  app.add_option("--duplicates", shared.duplicates, "Share of events sent twice")
      ->check(share)
      ->group("Faults");
  app.add_option("--disorder", shared.disorder, "Share sent up to 2 s after younger ones")
      ->check(share)
      ->group("Faults");
  app.add_option("--late", shared.late, "Share sent 10 s to 9 min late")
      ->check(share)
      ->group("Faults");
}

void finish(Shared& shared) {
  if (shared.sensible_faults) shared.faults = FaultRates::sensible();
  if (!shared.duplicates.empty()) shared.faults.duplicates = *parse_share(shared.duplicates);
  if (!shared.disorder.empty()) shared.faults.disorder = *parse_share(shared.disorder);
  if (!shared.late.empty()) shared.faults.late = *parse_share(shared.late);
  if (shared.disconnects >= 0.0) shared.faults.disconnects_per_hour = shared.disconnects;
  shared.faults.restart_after = shared.restart_after;
  if (!shared.at.empty()) shared.traffic.time_of_day = parse_time_of_day(shared.at);
}

/// "127.0.0.1:9871" or "[::1]:9871".
void split_listen(const std::string& listen, ServeCommand& serve) {
  const auto colon = listen.rfind(':');
  std::string address = listen.substr(0, colon == std::string::npos ? 0 : colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  unsigned port = 65'536;
  const char* const end = listen.data() + listen.size();
  const bool whole = colon != std::string::npos &&
                     std::from_chars(listen.data() + colon + 1, end, port).ptr == end;
  if (address.empty() || !whole || port > 65'535)
    throw std::invalid_argument("--listen " + listen +
                                " is not an address and a port, such as 127.0.0.1:9871.");
  serve.address = address;
  serve.port = static_cast<std::uint16_t>(port);
}

int run_command_line(int argc, char** argv) {
  CLI::App app(
      "Customer service traffic of an ordinary day or a promotion, as a server of the\n"
      "deskpulse.v1 stream or as a file: for demonstrations, tests and benchmarks.",
      "deskpulse-sim");
  app.footer(kExamples);
  app.require_subcommand(1);
  app.set_version_flag("--version", "deskpulse-sim " DESKPULSE_VERSION);

  ServeCommand serve;
  Shared serve_shared;
  std::string listen = "127.0.0.1:9871";
  std::string warm_up, heartbeat;
  auto* serve_app = app.add_subcommand(
      "serve", "Serve a live stream over WebSocket; SIGUSR1 ends the traffic, not the stream");
  serve_app->footer(kExamples);
  serve_app->add_option("--listen", listen, "Address and port; port 0 takes a free one")
      ->capture_default_str();
  add_shared(*serve_app, serve_shared);
  serve_app
      ->add_option("--disconnects-per-hour", serve_shared.disconnects,
                   "Drop every connection so often, for 5 to 60 s")
      ->check(CLI::Range(0.0, 3600.0))
      ->group("Faults");
  serve_app
      ->add_option("--restart-after", serve_shared.restart_after,
                   "Restart with a new epoch after every so many events")
      ->group("Faults");
  serve_app
      ->add_option("--start", serve.from,
                   "When the traffic begins: now, -2h, an ISO 8601 time or milliseconds")
      ->capture_default_str();
  serve_app
      ->add_option("--speed", serve.speed,
                   "How many times as fast as the clock the events' time runs, until it has "
                   "caught up with the clock: over 1 only with a --start in the past")
      ->check(CLI::Range(0.01, 10'000.0))
      ->capture_default_str();
  serve_app
      ->add_option("--warm-up", warm_up,
                   "Begin with the backlog of so much traffic from before the start (15m, 2h)")
      ->check(readable(parse_duration, "a duration, such as 15m", "DURATION"));
  serve_app->add_option("--token", serve.token, "Clients must send this bearer token");
  serve_app->add_option("--epoch", serve.epoch, "Name of the first epoch; by default a new one");
  serve_app->add_option("--backlog", serve.backlog, "Events kept for clients that resume")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  serve_app->add_option("--batch", serve.batch, "Events in one frame, at most")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  serve_app->add_option("--heartbeat", heartbeat, "Longest silence (default 5s)")
      ->check(readable(parse_duration, "a duration, such as 5s", "DURATION"));
  serve_app->add_flag("--plain", serve.plain,
                      "Only events, without hello, positions and heartbeats");
  serve_app->add_flag("--forget-acked", serve.forget_acked,
                      "Forget at once what every consumer has acknowledged");
  serve_app->add_option("--record", serve.record,
                        "Write every event that enters the stream to this file, repeats and the "
                        "backlog of --warm-up included");
  serve_app->add_option("--flood", serve.flood,
                        "Send these to each client as fast as it reads: a file, or a number of "
                        "events that began two hours ago, or as long ago as they need");

  WriteCommand write;
  Shared write_shared;
  std::string write_start = "2025-11-10T19:00:00+08:00";
  auto* write_app = app.add_subcommand("write", "Write events to standard output, one a line");
  write_app->footer(kExamples);
  write_app->add_option("--events", write.events, "How many; duplicates come in addition")
      ->capture_default_str();
  add_shared(*write_app, write_shared);
  write_app->add_option("--start", write_start, "When the traffic begins: as for serve")
      ->capture_default_str();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadUsage;
  }

  const Instant now{
      std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch())};
  if (*write_app) {
    finish(write_shared);
    write.traffic = write_shared.traffic;
    write.faults = write_shared.faults;
    const auto start = parse_instant(write_start, now);
    if (!start)
      throw std::invalid_argument("--start " + write_start +
                                  " is not a time. Say 2025-11-10T19:00:00+08:00, for instance.");
    write.traffic.start = *start;
    return run(write);
  }
  finish(serve_shared);
  serve.traffic = serve_shared.traffic;
  serve.faults = serve_shared.faults;
  split_listen(listen, serve);
  if (!warm_up.empty()) serve.warm_up = *parse_duration(warm_up);
  if (!heartbeat.empty()) serve.heartbeat = *parse_duration(heartbeat);
  if (serve.heartbeat < Millis(1) || serve.heartbeat > Millis(600'000))
    throw std::invalid_argument("--heartbeat must be 1ms to 10m, as PROTOCOL.md says.");
  return run(serve);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command_line(argc, argv);
  } catch (const ListenError& error) {
    fmt::print(stderr, "deskpulse-sim: {}\n", error.what());
    return kUnavailable;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "deskpulse-sim: {}\n", error.what());
    return kBadUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "deskpulse-sim: {}\n", error.what());
    return kCannotCreate;
  }
}
