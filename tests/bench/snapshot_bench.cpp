// What keeping the state costs: the time for which a snapshot holds the feed's thread, the time
// until it is safe, its size, and how long a start takes that goes on from it.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "daemon/monitor/monitor.hpp"
#include "daemon/persistence/checkpoints.hpp"
#include "daemon/persistence/forked_snapshots.hpp"
#include "daemon/persistence/recovery.hpp"
#include "daemon/store/state_directory.hpp"
#include "tests/bench/steady_traffic.hpp"
#include "tests/unit/store/temporary_directory.hpp"

namespace deskpulse::bench {
namespace {

using std::chrono::steady_clock;

double millis(steady_clock::duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

/// A monitor that follows a stream of so many open conversations, ids and all.
class Followed {
 public:
  Followed(std::uint32_t conversations, const proto::IdHasher& hasher)
      : hasher_(hasher), traffic_(conversations, 1'000), monitor_(fresh()) {
    monitor_->listener().connected(proto::Millis{5'000}, now_);
    for (std::uint32_t i = 0; i < conversations; ++i) tell(traffic_.open(i));
    follow(conversations);
  }

  std::unique_ptr<Monitor> fresh() const {
    engine::Settings settings;
    return std::make_unique<Monitor>(settings, intake::IntakeSettings{}, hasher_,
                                     [this] { return now_; });
  }
  void follow(std::uint32_t events) {
    for (std::uint32_t i = 0; i < events; ++i) tell(traffic_.next());
  }
  const Monitor& monitor() const { return *monitor_; }
  proto::Instant now() const { return now_; }

 private:
  void tell(proto::Event event) {
    const std::string customer = SteadyTraffic::customer_id(event);
    const std::string id = std::to_string(++events_);
    event.customer = customer;
    event.id = id;
    now_ = event.ts;
    monitor_->listener().event(event, now_);
  }

  proto::IdHasher hasher_;
  SteadyTraffic traffic_;
  proto::Instant now_{};
  std::uint64_t events_ = 0;
  std::unique_ptr<Monitor> monitor_;
};

/// One argument: open conversations. The stream goes on while a snapshot is written, as it does in
/// the daemon; the time of an iteration is the longest hold of all.
void Snapshot(benchmark::State& state) {
  const store::TemporaryDirectory folder;
  store::StateDirectory directory(folder / "state");
  store::SnapshotStore snapshots(directory.disk(), store::fingerprint_of(directory.key()));
  Followed followed(static_cast<std::uint32_t>(state.range(0)), proto::IdHasher(directory.key()));
  recover(snapshots, [&] { return followed.fresh(); });

  boost::asio::io_context io;
  ForkedSnapshots runner(io, directory.descriptors());
  steady_clock::duration longest_hold{};
  steady_clock::duration longest{};
  std::uint64_t bytes = 0;
  const auto take = [&] {
    const std::uint64_t generation = snapshots.next_generation();
    struct Content final : store::Content {
      explicit Content(const Monitor& monitor) : of(monitor) {}
      void write(image::Writer& writer) const override {
        writer.number(0);  // no journal
        of.save(writer, std::nullopt);
      }
      const Monitor& of;
    } const content(followed.monitor());
    std::optional<SnapshotTaken> taken;
    runner.run([&] { return snapshots.save(generation, followed.now(), content); },
               [&](const SnapshotTaken& ended) { taken = ended; });
    io.restart();
    while (!taken) {
      followed.follow(1'000);
      io.poll();
    }
    if (!taken->ok()) return state.SkipWithError("a snapshot failed");
    snapshots.saved(generation);
    longest_hold = std::max(longest_hold, taken->hold);
    longest = std::max(longest, taken->duration);
    bytes = taken->saved.bytes;
    state.SetIterationTime(std::chrono::duration<double>(taken->hold).count());
  };
  for (auto _ : state) take();

  const auto began = steady_clock::now();
  store::SnapshotStore again(directory.disk(), store::fingerprint_of(directory.key()));
  const Recovered recovered = recover(again, [&] { return followed.fresh(); });
  if (!recovered.snapshot) state.SkipWithError("the snapshot cannot be loaded");
  state.counters["load_ms"] = millis(steady_clock::now() - began);
  state.counters["longest_hold_ms"] = millis(longest_hold);
  state.counters["longest_ms"] = millis(longest);
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
}
BENCHMARK(Snapshot)
    ->Arg(1'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace deskpulse::bench
