// The main thread paces the events and waits for signals; the server has a thread of its own.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "daemon/simulator/commands.hpp"
#include "daemon/simulator/past_traffic.hpp"
#include "daemon/simulator/stream_server.hpp"
#include "daemon/simulator/times.hpp"

namespace deskpulse::simulator {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;
using Steady = std::chrono::steady_clock;

constexpr auto kReportEvery = 10s;
constexpr std::size_t kMostAtOnce = 2'000;  // events handed to the server in one go

Instant wall_clock() {
  return Instant{
      std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch())};
}

/// Throws std::invalid_argument where `from` is no time that has been.
Instant start_of(const std::string& from) {
  const Instant now = wall_clock();
  const auto start = parse_instant(from, now);
  if (!start)
    throw std::invalid_argument(fmt::format(
        "--start {} is not a time. Say now, -2h, 2025-11-10T19:00:00+08:00 or milliseconds.",
        from));
  if (*start > now)
    throw std::invalid_argument(
        "The traffic cannot start in the future: whoever reads it live "
        "would refuse its events.");
  return *start;
}

/// SIGINT and SIGTERM as something to wait for, and SIGUSR1, which only ends the traffic. They must
/// be blocked before any thread starts.
class StopSignal {
 public:
  StopSignal() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }
  /// True if it came within `patience`; a second one, later, ends the process the usual way.
  bool wait(Steady::duration patience) {
    const auto ns = std::max<std::int64_t>(std::chrono::nanoseconds(patience).count(), 0);
    const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
    const int caught = sigtimedwait(&set_, nullptr, &time);
    if (caught < 0) return false;
    if (caught == SIGUSR1) {
      if (!traffic_ended_) fmt::print(stderr, "The traffic has ended.\n");
      traffic_ended_ = true;
      return false;
    }
    pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
    return true;
  }
  bool traffic_has_ended() const { return traffic_ended_; }

 private:
  sigset_t set_{};
  bool traffic_ended_ = false;
};

/// What is sent, in the order in which it is sent, for a recount.
class Record {
 public:
  explicit Record(const std::string& path) : path_(path) {
    if (!path.empty() && !(file_ = std::fopen(path.c_str(), "we")))
      throw std::runtime_error(
          fmt::format("Cannot write the record {}: {}.", path, std::strerror(errno)));
  }
  ~Record() {
    if (file_) std::fclose(file_);
  }
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  void write(const std::vector<std::string>& events) {
    if (!file_) return;
    for (const std::string& event : events) {
      std::fwrite(event.data(), 1, event.size(), file_);
      std::fputc('\n', file_);
    }
    if (std::fflush(file_) != 0 || std::ferror(file_))
      throw std::runtime_error(
          fmt::format("Cannot write the record {}: {}.", path_, std::strerror(errno)));
  }

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
};

/// A line every ten seconds: who listens, and what has gone out.
class Reporter {
 public:
  explicit Reporter(const StreamServer& server) : server_(server) {}
  Steady::time_point due() const { return last_ + kReportEvery; }
  void report_if_due() {
    const auto now = Steady::now();
    if (now < due()) return;
    const auto numbers = server_.statistics();
    const double passed = std::chrono::duration<double>(now - last_).count();
    fmt::print(stderr, "Serving. clients={} sent={} rate={:.1f}/s epoch={} seq={} acked={}\n",
               numbers.clients, numbers.sent, static_cast<double>(numbers.sent - sent_) / passed,
               numbers.epoch, numbers.head, numbers.acked);
    sent_ = numbers.sent;
    last_ = now;
  }

 private:
  const StreamServer& server_;
  Steady::time_point last_ = Steady::now();
  std::uint64_t sent_ = 0;
};

/// Epochs are for ever: a name made of the moment cannot have been used before.
std::string new_epoch() {
  char name[32] = {'k'};
  const auto end =
      std::to_chars(name + 1, name + sizeof name, wall_clock().time_since_epoch().count(), 36).ptr;
  return {name, end};
}

StreamServerOptions server_options(const ServeCommand& command, const std::string& epoch) {
  StreamServerOptions options;
  options.address = command.address;
  options.port = command.port;
  options.token = command.token;
  options.epoch = epoch;
  options.backlog = command.backlog;
  options.batch = command.batch;
  options.heartbeat = command.heartbeat;
  options.plain = command.plain;
  options.forget_acked = command.forget_acked;
  return options;
}

void say_where(const ServeCommand& command, const StreamServer& server, const std::string& what) {
  fmt::print(stderr, "Serving {} on ws://{}:{} ({}). epoch={} seed={}. Stop with Ctrl-C.\n", what,
             command.address, server.port(), command.plain ? "plain" : "deskpulse.v1",
             server.statistics().epoch, command.traffic.seed);
}

std::shared_ptr<const Recording> flood_of(const ServeCommand& command) {
  std::string text;
  std::uint64_t events = 0;
  const auto& what = command.flood;
  const auto [end, error] = std::from_chars(what.data(), what.data() + what.size(), events);
  if (error == std::errc() && end == what.data() + what.size()) {
    TrafficOptions options = command.traffic;
    options.start = start_of(command.from == "now" ? "-2h" : command.from);
    text = past_traffic(options, events, wall_clock());
  } else {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(what.c_str(), "re"),
                                                               &std::fclose);
    if (!file)
      throw std::invalid_argument(fmt::format("Cannot read {}: {}.", what, std::strerror(errno)));
    std::vector<char> piece(1 << 20);
    while (const auto size = std::fread(piece.data(), 1, piece.size(), file.get()))
      text.append(piece.data(), size);
    if (std::ferror(file.get()))
      throw std::invalid_argument(fmt::format("Cannot read {}: {}.", what, std::strerror(errno)));
  }
  return std::make_shared<const Recording>(Recording::of_lines(std::move(text)));
}

int serve_flood(const ServeCommand& command, StopSignal& stop) {
  StreamServerOptions options =
      server_options(command, command.epoch.empty() ? new_epoch() : command.epoch);
  options.flood = flood_of(command);
  StreamServer server(options);
  say_where(command, server, fmt::format("a flood of {} events", options.flood->size()));
  Reporter reporter(server);
  while (!stop.wait(reporter.due() - Steady::now())) reporter.report_if_due();
  server.stop();
  return 0;
}

/// From the machine's time to the time of the events: `speed` times as fast until it has caught up
/// with the wall clock, never beyond it.
class Pace {
 public:
  Pace(Instant start, double speed) : start_(start), speed_(speed) {}
  Instant now() const {
    const auto passed = std::chrono::duration<double, std::milli>(Steady::now() - began_);
    return std::min(start_ + Millis(std::llround(passed.count() * speed_)), wall_clock());
  }
  /// How long until now() reaches `at`, if nothing holds it up.
  Steady::duration until(Instant at) const {
    const double left = static_cast<double>((at - now()).count()) / speed_;
    return std::chrono::duration_cast<Steady::duration>(
        std::chrono::duration<double, std::milli>(std::clamp(left, 0.0, 3.6e6)));
  }

 private:
  Instant start_;
  double speed_;
  Steady::time_point began_ = Steady::now();
};

/// Traffic that begins as long before `start` as asked for; `--at` is the time of day at `start`.
TrafficOptions traffic_before(const ServeCommand& command, Instant start) {
  constexpr Millis kDay = 24h;
  TrafficOptions options = command.traffic;
  options.start = start - command.warm_up;
  if (options.time_of_day)
    options.time_of_day = (*options.time_of_day + kDay - command.warm_up % kDay) % kDay;
  return options;
}

}  // namespace

int run(const ServeCommand& command) {
  StopSignal stop;
  if (!command.flood.empty()) return serve_flood(command, stop);

  const Instant start = start_of(command.from);
  const Pace pace(start,
                  command.speed);  // from here: a long warm-up must not put the stream behind
  if (command.speed > 1.0 && wall_clock() - start < 1s)
    throw std::invalid_argument(
        "A speed over 1 needs a past to catch up with: add --start -2h, for instance.");

  Traffic traffic(traffic_before(command, start));
  Deliveries deliveries([&]() -> std::optional<Spoken> { return traffic.next(); }, command.faults,
                        command.traffic.seed);
  auto next = deliveries.next();
  std::vector<std::string> past;
  for (; next->at < start; next = deliveries.next()) {
    past.emplace_back(next->json);
    if (past.size() >= 2 * command.backlog)
      past.erase(past.begin(), past.end() - static_cast<std::ptrdiff_t>(command.backlog));
  }
  Outages outages(command.faults.disconnects_per_hour, start, command.traffic.seed);
  Record record(command.record);
  // The backlog begins with room left, or the oldest would be gone before anyone can ask for them.
  if (const std::size_t room = (command.backlog + 1) / 2; past.size() > room)
    past.erase(past.begin(), past.end() - static_cast<std::ptrdiff_t>(room));
  record.write(past);

  // Everything up to and with this moment has been published; heartbeats say so.
  std::atomic<std::int64_t> reached{start.time_since_epoch().count()};
  std::string epoch = command.epoch.empty() ? new_epoch() : command.epoch;
  int epochs = 1;
  StreamServerOptions options = server_options(command, epoch);
  options.stream_time = [&reached] { return Instant{Millis(reached.load())}; };
  options.past = std::move(past);
  StreamServer server(std::move(options));

  std::uint64_t published = 0;
  std::vector<std::string> events;
  const auto publish_until = [&](Instant until) {  // false: there is more
    events.clear();
    if (stop.traffic_has_ended()) return true;
    while (next->at <= until && events.size() < kMostAtOnce) {
      events.emplace_back(next->json);
      next = deliveries.next();
      if (command.faults.restart_after && ++published % command.faults.restart_after == 0) break;
    }
    if (events.empty()) return true;
    record.write(events);
    server.publish(std::move(events));
    events = {};
    if (command.faults.restart_after && published % command.faults.restart_after == 0) {
      const std::string name = fmt::format("{}.{}", epoch, ++epochs);
      fmt::print(stderr, "Restarting with a new epoch. epoch={}\n", name);
      server.restart(name);
    }
    return next->at > until;
  };

  say_where(
      command, server,
      fmt::format("{} shop traffic at speed {:g}",
                  command.traffic.conversations || command.traffic.steady ? "steady" : "a day's",
                  command.speed));
  Reporter reporter(server);
  auto outage = outages.next();
  bool down = false;
  for (;;) {
    const Instant now = pace.now();
    const bool all = publish_until(now);
    if (all) reached = now.time_since_epoch().count();
    if (!down && outage.from <= now) {
      down = true;
      fmt::print(stderr, "Dropping every connection. seconds={}\n",
                 (outage.to - outage.from).count() / 1000);
      server.go_down();
    } else if (down && outage.to <= now) {
      down = false;
      server.come_up();
      outage = outages.next();
    }
    reporter.report_if_due();

    Steady::duration patience = all ? pace.until(next->at) : Steady::duration::zero();
    if (stop.traffic_has_ended()) patience = 250ms;
    patience = std::min(patience, pace.until(down ? outage.to : outage.from));
    patience = std::min(patience, reporter.due() - Steady::now());
    // A heartbeat must not lag behind for want of events; and one wait serves many of a busy
    // stream.
    patience = std::clamp<Steady::duration>(patience, all ? 1ms : 0ms, 250ms);
    if (stop.wait(patience)) break;
  }
  server.stop();
  const auto numbers = server.statistics();
  fmt::print(stderr, "Stopped. sent={} seq={}\n", numbers.sent, numbers.head);
  return 0;
}

}  // namespace deskpulse::simulator
