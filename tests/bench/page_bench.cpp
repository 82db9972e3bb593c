// Writing the pages of /metrics and the wall's snapshot from a report, on the HTTP thread; and the
// list of those who wait longest, which is taken on the feed's.
#include <benchmark/benchmark.h>

#include "daemon/engine/engine.hpp"
#include "daemon/metrics/exposition.hpp"
#include "daemon/serve/snapshot.hpp"
#include "daemon/text/text_buffer.hpp"
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
  metrics::Exposition exposition;
  text::TextBuffer text;
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
/// A promotion of 100 shops with the agents shared out among them.
class Promotion {
 public:
  explicit Promotion(std::uint32_t agents) : traffic_(agents * 10, agents), agents_(agents) {
    for (int i = 0; i < 100; ++i) shops_.push_back("shop-" + std::to_string(i));
    for (std::uint32_t i = 0; i < agents * 10; ++i) apply(traffic_.open(i));
    for (std::uint32_t i = 0; i < agents * 20; ++i) apply(traffic_.next());
  }
  moment::Moment moment() {
    moment::Moment moment;
    moment.spans = {std::chrono::minutes{1},  std::chrono::minutes{5}, std::chrono::minutes{15},
                    std::chrono::minutes{30}, std::chrono::hours{1},   proto::Millis{0}};
    moment.status.stale = false;
    engine.report(moment.report);
    return moment;
  }

  engine::Engine engine{{}};

 private:
  void apply(proto::Event event) {
    const auto number = static_cast<std::uint32_t>(event.customer_key.high - 1);
    event.shop = shops_[number % agents_ % shops_.size()];
    engine.apply(event);
  }

  SteadyTraffic traffic_;
  std::uint32_t agents_;
  std::vector<std::string> shops_;
};

/// With an hour of history and 20 customers who wait.
void Snapshot(benchmark::State& state) {
  Promotion promotion(static_cast<std::uint32_t>(state.range(0)));
  moment::Moment moment = promotion.moment();
  serve::History history;
  for (std::size_t i = 0; i < serve::History::kPoints; ++i) {
    moment.at += serve::History::kStep;
    history.take(moment);
  }
  moment::WaitingPage waiting;
  promotion.engine.waiting({}, serve::kSnapshotWaiting, waiting.list);
  text::TextBuffer text;
  for (auto _ : state) {
    text.clear();
    append_snapshot(moment, history, std::nullopt, &waiting, text);
    benchmark::DoNotOptimize(text.view().data());
  }
  state.counters["bytes"] = static_cast<double>(text.view().size());
}

void LongestWaits(benchmark::State& state) {
  Promotion promotion(static_cast<std::uint32_t>(state.range(0)));
  engine::WaitingList list;
  for (auto _ : state) {
    promotion.engine.waiting({}, serve::kSnapshotWaiting, list);
    benchmark::DoNotOptimize(list.rows.data());
  }
  state.counters["waiting"] = static_cast<double>(list.waiting_customers);
}

BENCHMARK(Snapshot)->Arg(40)->Arg(2'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(LongestWaits)->Arg(40)->Arg(2'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(ShopsPage)->Arg(100)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(AgentsPage)->Arg(100)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace deskpulse::bench
