#include "tests/simulation/scenario.hpp"

#include <algorithm>

#include "tests/property/histories.hpp"
#include "tests/simulation/random.hpp"

namespace deskpulse::simulation {

namespace {

/// The day that random histories lie around.
constexpr Time kDayNumber = 19'675;

FaultCounts faults_of(Random& random, Family family) {
  FaultCounts faults;
  const auto some = [&](unsigned percent, int most) {
    return random.percent(percent) ? static_cast<int>(random.between(1, most)) : 0;
  };
  faults.kills = some(50, 3);
  faults.power_cuts = some(50, 3);
  faults.disk_crashes = some(50, 4);
  faults.apply_crashes = some(40, 2);
  faults.ack_crashes = some(40, 2);
  faults.bad_disks = some(35, 2);
  faults.full_disks = some(25, 2);
  faults.cuts = some(60, 5);
  faults.refusals = some(25, 2);
  faults.byes = some(25, 2);
  faults.pauses = some(30, 2);
  faults.clock_steps = some(25, 2);
  if (family == Family::wild) {
    faults.dead_links = some(50, 3);
    faults.epochs = some(40, 2);
    faults.rotten_files = some(20, 2);
  }
  return faults;
}

/// What the clocks do, by numbers of their own: so the rest of a world does not depend on it.
void set_clocks(Scenario& world) {
  Random random(world.seed, "clocks");
  world.says_time = random.percent(60);
  if (world.family != Family::wild) return;
  if (random.percent(25)) world.source_drift = random.between(-20'000, 20'000);
  if (random.percent(25)) world.wall_drift = random.between(-20'000, 20'000);
  const std::int64_t steps = random.percent(40) ? random.between(1, 3) : 0;
  for (std::int64_t i = 0; i < steps; ++i) {
    const Time at = world.begin + random.between(0, world.length);
    const Time by = random.of<Time>({500, 3'000, 8'000, 30'000, 2 * kMinute, 5 * kMinute, kHour});
    world.source_steps.push_back({at, random.percent(70) ? -by : by, random.percent(60)});
  }
  std::sort(world.source_steps.begin(), world.source_steps.end(),
            [](const ClockStep& a, const ClockStep& b) { return a.at < b.at; });
}

}  // namespace

std::string_view family_name(Family family) {
  switch (family) {
    case Family::calm:
      return "calm";
    case Family::dense:
      return "dense";
    case Family::wild:
      return "wild";
  }
  return {};
}

Scenario scenario_of(std::uint64_t seed) {
  Random random(seed, "scenario");
  Scenario world;
  world.seed = seed;
  world.family = random.of({Family::calm, Family::dense, Family::wild});
  world.rules = property::random_rules(random.below(1'000'000));
  world.begin = world.rules.zone.day_start(kDayNumber) -
                random.of<Time>({1'000, 20'000, kMinute, kMinute, 3 * kMinute, 12 * kHour});
  world.length = random.between(20, 150) * kSecond;

  world.acts = static_cast<int>(random.between(20, random.percent(20) ? 250 : 120));
  world.repeat_percent = random.of({0U, 3U, 15U});
  world.nameless_percent = random.of({0U, 20U, 60U});
  world.heartbeat = random.of<Time>({500, 1'000, 2'000, 5'000});
  world.frame_events = random.of<std::size_t>({1, 1, 3, 20, 100});
  world.heartbeat_first = random.percent(20);
  world.snapshot_interval = random.of<Time>({300, 1'000, 3'000, 5'000, 20'000});
  world.snapshot_time = random.of<Time>({0, 5, 300, 4'000});

  Time& window = world.order.reorder_window;
  world.order.allowed_lateness = random.of<Time>({60'000, 600'000});
  if (world.family == Family::calm) {
    window = random.of<Time>({400, 1'000, 1'000, 5'000});
    world.disorder = window / 3;
    world.delay = std::min<Time>(window / 3, 400);
    world.source_skew = random.between(-window / 6, window / 6);
  } else {
    window = random.of<Time>({0, 1, 1'000, 1'000, 5'000});
    world.disorder = random.of<Time>({0, 1, window, window + 1, 2'000});
    world.delay = random.of<Time>({0, 1, 50, 400});
    world.source_skew = random.between(-300, 300);
    world.order.allowed_lateness = random.of<Time>({5'000, 20'000, 60'000, 600'000});
    world.late_percent = random.of({0U, 2U, 10U});
    world.lateness = random.of<Time>({2'000, 10'000, world.order.allowed_lateness + 6'000});
    world.lateness = std::min(world.lateness, kMinute);
  }
  world.disorder_percent = world.disorder > 0 ? random.of({0U, 5U, 30U}) : 0;
  world.pulse = world.family == Family::dense;
  if (world.family == Family::wild) {
    world.pulse = random.percent(10);
    if (random.percent(40)) world.backlog = random.of<std::uint64_t>({1, 5, 20, 100});
    world.forgets_acknowledged = random.percent(50);
    if (random.percent(30)) world.start_at = feed::StartAt::live;
    if (random.percent(15)) world.protocol = feed::Protocol::plain;
    world.delay = random.of<Time>({0, 50, 400, 3'000});
  }
  world.faults = faults_of(random, world.family);
  world.journal = random.percent(world.protocol == feed::Protocol::plain ? 70 : 20);
  if (world.family == Family::wild) {
    world.contradicts = random.percent(20);
    if (random.percent(30)) world.faults.sources = static_cast<int>(random.between(1, 2));
  }
  set_clocks(world);
  return world;
}

Time Scenario::source_time(Time now) const {
  Time time = now + source_skew + (now - begin) * source_drift / (1'000 * kSecond);
  for (const ClockStep& step : source_steps)
    if (step.at <= now) time += step.by;
  return time;
}

std::string Scenario::text() const {
  const auto word = [](const char* name, auto value) {
    return std::string(" ") + name + ' ' + std::to_string(value);
  };
  std::string text(family_name(family));
  text += protocol == feed::Protocol::v1 ? " v1" : " plain";
  text += start_at == feed::StartAt::live ? " live" : " floor";
  text += word("begin", begin) + word("length", length) + word("acts", acts) +
          word("reorder_window", order.reorder_window) +
          word("allowed_lateness", order.allowed_lateness) + word("disorder", disorder) +
          word("disorder_percent", disorder_percent) + word("lateness", lateness) +
          word("late_percent", late_percent) + word("repeat_percent", repeat_percent) +
          word("nameless_percent", nameless_percent) + word("pulse", pulse ? 1 : 0) +
          word("heartbeat", heartbeat) + word("heartbeat_first", heartbeat_first ? 1 : 0) +
          word("contradicts", contradicts ? 1 : 0) +
          word("forgets_acknowledged", forgets_acknowledged ? 1 : 0) +
          word("frame_events", frame_events) + word("says_time", says_time ? 1 : 0) +
          word("source_skew", source_skew) + word("delay", delay) +
          word("snapshot_interval", snapshot_interval) + word("snapshot_time", snapshot_time) +
          word("journal", journal ? 1 : 0);
  if (source_drift != 0) text += word("source_drift", source_drift);
  if (wall_drift != 0) text += word("wall_drift", wall_drift);
  for (const ClockStep& step : source_steps) {
    text += word(step.both ? "both_set" : "source_set", step.by) + word("at", step.at);
  }
  if (backlog != ~std::uint64_t{0}) text += word("backlog", backlog);
  text += ';';
  const auto fault = [&](const char* name, int count) {
    if (count > 0) text += word(name, count);
  };
  fault("kills", faults.kills);
  fault("power_cuts", faults.power_cuts);
  fault("disk_crashes", faults.disk_crashes);
  fault("apply_crashes", faults.apply_crashes);
  fault("ack_crashes", faults.ack_crashes);
  fault("bad_disks", faults.bad_disks);
  fault("full_disks", faults.full_disks);
  fault("rotten_files", faults.rotten_files);
  fault("cuts", faults.cuts);
  fault("dead_links", faults.dead_links);
  fault("refusals", faults.refusals);
  fault("byes", faults.byes);
  fault("epochs", faults.epochs);
  fault("sources", faults.sources);
  fault("pauses", faults.pauses);
  fault("clock_steps", faults.clock_steps);
  return text;
}

}  // namespace deskpulse::simulation
