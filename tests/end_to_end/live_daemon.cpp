#include "tests/end_to_end/live_daemon.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace deskpulse::end_to_end {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto kPatience = 240s;

feed::WebsocketSettings for_tests(feed::WebsocketSettings settings) {
  settings.backoff.base = 2ms;
  settings.backoff.cap = 50ms;
  settings.timeouts.heartbeat_grace = 60s;
  settings.timeouts.ping_every = 10ms;
  settings.timeouts.pong_within = 60s;
  return settings;
}

}  // namespace

LiveDaemon::LiveDaemon(const engine::Settings& engine, const intake::IntakeSettings& intake,
                       feed::WebsocketSettings websocket, proto::Instant wall)
    : wall_(wall),
      monitor_(engine, intake, proto::IdHasher::with_random_key(), [this] { return wall_; }),
      relay_(monitor_.listener()),
      feed_(
          io_, for_tests(std::move(websocket)), [this] { return wall_; }, [] { return 0.5; }) {
  feed_.start(relay_);
}

LiveDaemon::~LiveDaemon() {
  feed_.stop();
  const auto deadline = Steady::now() + kPatience;
  while (!relay_.stopped && Steady::now() < deadline) io_.run_one_until(deadline);
}

void LiveDaemon::run_until(const std::string& what, const std::function<bool()>& condition) {
  const auto deadline = Steady::now() + kPatience;
  while (!condition()) {
    if (Steady::now() >= deadline) throw std::runtime_error("waited minutes for " + what);
    io_.run_one_for(10ms);  // some conditions are about the server's thread
  }
}

void LiveDaemon::run_until_caught_up() {
  const auto before = relay_.heartbeats;
  const auto wall = wall_;
  run_until("a heartbeat that is as new as the clock",
            [&] { return relay_.heartbeats > before && relay_.newest_heartbeat >= wall; });
}

const moment::Moment& LiveDaemon::moment() {
  monitor_.fill(moment_);
  return moment_;
}

bool LiveDaemon::is_incomplete(const std::string& window) {
  for (const auto& each : moment().status.windows)
    if (each.window == window) return each.incomplete;
  throw std::out_of_range("no window " + window);
}

void LiveDaemon::Relay::connected(proto::Millis heartbeat, proto::Instant wall) {
  ++connects;
  connected_now = true;
  to.connected(heartbeat, wall);
}

void LiveDaemon::Relay::event(const proto::Event& event, proto::Instant wall) {
  ++delivered;
  to.event(event, wall);
}

void LiveDaemon::Relay::rejected(const proto::Rejection& rejection) {
  ++delivered;
  to.rejected(rejection);
}

void LiveDaemon::Relay::heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) {
  if (ts) {
    ++heartbeats;
    newest_heartbeat = ts;
  }
  to.heartbeat(ts, wall);
}

void LiveDaemon::Relay::answered(proto::Instant wall) {
  ++heartbeats;
  newest_heartbeat = wall;
  to.answered(wall);
}

void LiveDaemon::Relay::gap(intake::GapKind kind) { to.gap(kind); }

void LiveDaemon::Relay::missed_until(std::optional<proto::Instant> ts, proto::Instant wall) {
  to.missed_until(ts, wall);
}

void LiveDaemon::Relay::disconnected(intake::Disconnect reason) {
  connected_now = false;
  stopped = reason == intake::Disconnect::stopped;
  to.disconnected(reason);
}

}  // namespace deskpulse::end_to_end
