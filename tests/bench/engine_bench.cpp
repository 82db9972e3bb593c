// The engine alone: time an event, memory a conversation, time of a report.
#include <benchmark/benchmark.h>

#include <array>

#include "daemon/engine/engine.hpp"
#include "tests/bench/live_bytes.hpp"
#include "tests/bench/steady_traffic.hpp"

namespace deskpulse::bench {
namespace {

/// One argument: open conversations. A thousand agents.
void EngineApply(benchmark::State& state) {
  const auto conversations = static_cast<std::uint32_t>(state.range(0));
  engine::Engine engine({});
  SteadyTraffic traffic(conversations, 1'000);
  for (std::uint32_t i = 0; i < conversations; ++i) engine.apply(traffic.open(i));
  for (std::uint32_t i = 0; i < conversations; ++i) engine.apply(traffic.next());
  // Announced ahead, as the order buffer does.
  std::array<proto::Event, 32> coming;
  for (proto::Event& event : coming) event = traffic.next();
  std::size_t at = 0;
  for (auto _ : state) {
    engine.apply(coming[at]);
    coming[at] = traffic.next();
    engine.expect(coming[at].customer_key);
    at = (at + 1) % coming.size();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(EngineApply)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);

/// Memory of the engine's tables, twenty agents: what the conversations themselves take.
void BytesPerOpenConversation(benchmark::State& state) {
  const auto conversations = static_cast<std::uint32_t>(state.range(0));
  std::size_t bytes = 0;
  for (auto _ : state) {
    SteadyTraffic traffic(conversations, 20);
    const std::size_t before = live_bytes();
    engine::Engine engine({});
    for (std::uint32_t i = 0; i < conversations; ++i) engine.apply(traffic.open(i));
    bytes = live_bytes() - before;
  }
  state.counters["bytes/conversation"] =
      static_cast<double>(bytes) / static_cast<double>(conversations);
}
BENCHMARK(BytesPerOpenConversation)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

/// What a scrape costs the feed's thread; one argument: agents, each with ten conversations.
void Report(benchmark::State& state) {
  const auto agents = static_cast<std::uint32_t>(state.range(0));
  engine::Engine engine({});
  SteadyTraffic traffic(agents * 10, agents);
  for (std::uint32_t i = 0; i < agents * 10; ++i) engine.apply(traffic.open(i));
  for (std::uint32_t i = 0; i < agents * 20; ++i) engine.apply(traffic.next());
  engine::Report report;
  for (auto _ : state) {
    engine.advance(engine.now() + std::chrono::milliseconds{100});
    engine.report(report);
    benchmark::DoNotOptimize(report.agents.data());
  }
}
BENCHMARK(Report)->Arg(100)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace deskpulse::bench
