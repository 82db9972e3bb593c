// The way of an event inside the process: intake alone, and a file from its bytes to the engine.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "daemon/engine/engine.hpp"
#include "daemon/feed/replay.hpp"
#include "daemon/intake/intake.hpp"
#include "proto/encoder.hpp"
#include "tests/bench/steady_traffic.hpp"

namespace deskpulse::bench {
namespace {

class NoSink final : public intake::EventSink {
 public:
  void apply(const proto::Event&) override { ++applied; }
  void advance(proto::Instant) override {}
  std::uint64_t applied = 0;
};

class EngineSink final : public intake::EventSink {
 public:
  void announce(const proto::Event& event) override { engine.expect(event.customer_key); }
  void apply(const proto::Event& event) override { engine.apply(event); }
  void advance(proto::Instant to) override { engine.advance(to); }
  engine::Engine engine{{}};
};

const proto::Instant kLater{proto::Millis{4'000'000'000'000}};

/// Order, duplicates and hashing, without decoder and engine: 100,000 conversations.
void Intake(benchmark::State& state) {
  NoSink sink;
  intake::Intake intake({}, proto::IdHasher{}, sink);
  SteadyTraffic traffic(100'000, 1'000);
  std::uint64_t number = 0;
  for (auto _ : state) {
    proto::Event event = traffic.next();
    const std::string id = std::to_string(++number);
    const std::string customer = SteadyTraffic::customer_id(event);
    event.id = id;
    event.customer = customer;
    benchmark::DoNotOptimize(intake.accept(event, kLater));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Intake);

/// 2,000,000 events of a file, the last state with 100,000 conversations open.
void ReplayFile(benchmark::State& state) {
  constexpr std::uint32_t kConversations = 100'000;
  constexpr std::uint64_t kEvents = 2'000'000;
  const int file = memfd_create("events", 0);
  SteadyTraffic traffic(kConversations, 1'000);
  std::string lines;
  for (std::uint64_t n = 0; n < kEvents; ++n) {
    proto::Event event =
        n < kConversations ? traffic.open(static_cast<std::uint32_t>(n)) : traffic.next();
    const std::string id = "m-" + std::to_string(1'000'000'000 + n);
    const std::string customer = SteadyTraffic::customer_id(event);
    event.id = id;
    event.customer = customer;
    proto::append_event(lines, event, "亲，这款有没有现货，今天能发吗");
    lines += '\n';
    if (lines.size() < (1 << 20) && n + 1 < kEvents) continue;
    if (write(file, lines.data(), lines.size()) != static_cast<ssize_t>(lines.size())) std::abort();
    lines.clear();
  }
  for (auto _ : state) {
    lseek(file, 0, SEEK_SET);
    EngineSink sink;
    intake::Intake intake({}, proto::IdHasher{}, sink);
    const feed::ReplayResult result = feed::replay(file, intake, [] { return kLater; });
    intake.finish();
    if (result.lines != kEvents) std::abort();
    engine::Report report;
    sink.engine.report(report);
    state.counters["open"] = report.shops[0].levels.open_conversations;
  }
  close(file);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}
BENCHMARK(ReplayFile)->Unit(benchmark::kMillisecond)->Name("ReplayFile/2000000events");

}  // namespace
}  // namespace deskpulse::bench
