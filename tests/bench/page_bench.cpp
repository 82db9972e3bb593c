// Writing both pages of /metrics from a report, on the HTTP thread.
#include <benchmark/benchmark.h>

#include "daemon/engine/engine.hpp"
#include "daemon/serve/exposition.hpp"
#include "daemon/serve/text_buffer.hpp"
#include "tests/bench/steady_traffic.hpp"

namespace deskpulse::bench {
namespace {

engine::Report report_of(std::uint32_t agents) {
  engine::Engine engine({});
  SteadyTraffic traffic(agents * 10, agents);
  for (std::uint32_t i = 0; i < agents * 10; ++i) engine.apply(traffic.open(i));
  for (std::uint32_t i = 0; i < agents * 20; ++i) engine.apply(traffic.next());
  engine::Report report;
  engine.report(report);
  return report;
}

template <class Append>
void write_page(benchmark::State& state, Append append) {
  const engine::Report report = report_of(static_cast<std::uint32_t>(state.range(0)));
  serve::Exposition exposition;
  serve::TextBuffer text;
  for (auto _ : state) {
    text.clear();
    append(exposition, report, text);
    benchmark::DoNotOptimize(text.view().data());
  }
  state.counters["bytes"] = static_cast<double>(text.view().size());
}

void ShopsPage(benchmark::State& state) {
  write_page(state, [](auto& exposition, const auto& report, auto& text) {
    exposition.append_shops(report, text);
  });
}
void AgentsPage(benchmark::State& state) {
  write_page(state, [](auto& exposition, const auto& report, auto& text) {
    exposition.append_agents(report, text);
  });
}
BENCHMARK(ShopsPage)->Arg(100)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(AgentsPage)->Arg(100)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace deskpulse::bench
