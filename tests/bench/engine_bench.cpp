// The engine alone: time an event, memory a conversation, time of a report.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

/// 200,000 agents, each with a customer, by ids that are all of one unkeyed hash (1) or not (0).
void ChosenIds(benchmark::State& state) {
  constexpr std::uint32_t kIds = 200'000;
  const proto::IdHasher hasher = proto::IdHasher::with_random_key();
  std::vector<std::string> ids(kIds);
  for (std::uint32_t i = 0; i < kIds; ++i) {
    for (int bit = 0; bit < 18; ++bit)
      ids[i] += state.range(0) == 0 ? "ab" : (i >> bit & 1) != 0 ? "Aa" : "BB";
    if (state.range(0) == 0) ids[i].replace(0, 6, std::to_string(100'000 + i));
  }
  engine::Settings settings;
  settings.windows = {{"1m", std::chrono::minutes{1}}};
  settings.limits.agents = kIds;
  engine::Engine engine(settings, hasher);
  proto::Event event;
  event.type = proto::Type::message;
  event.from = proto::From::human;
  event.shop = "flagship";
  event.ts = proto::Instant{proto::Millis{1'762'772'400'000}};
  std::uint32_t next = 0;
  for (auto _ : state) {
    event.ts += proto::Millis{1};
    event.agent = ids[next];
    event.customer_key = hasher.hash(event.shop, ids[next]);
    engine.apply(event);
    next = (next + 1) % kIds;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ChosenIds)->Arg(0)->Arg(1);

/// Where an image goes when only its length is of interest.
class Scale final : public image::Sink {
 public:
  bool take(std::span<const std::byte> bytes) override {
    size += bytes.size();
    if (keep) kept.insert(kept.end(), bytes.begin(), bytes.end());
    return true;
  }
  bool keep = false;
  std::size_t size = 0;
  std::vector<std::byte> kept;
};

class KeptImage final : public image::Source {
 public:
  explicit KeptImage(std::span<const std::byte> bytes) : rest_(bytes) {}
  std::span<const std::byte> next() override { return std::exchange(rest_, {}); }

 private:
  std::span<const std::byte> rest_;
};

/// One argument: open conversations, of a thousand agents.
std::unique_ptr<engine::Engine> busy_engine(std::uint32_t conversations) {
  auto engine = std::make_unique<engine::Engine>(engine::Settings{});
  SteadyTraffic traffic(conversations, 1'000);
  for (std::uint32_t i = 0; i < conversations; ++i) engine->apply(traffic.open(i));
  for (std::uint32_t i = 0; i < conversations; ++i) engine->apply(traffic.next());
  return engine;
}

void SaveEngine(benchmark::State& state) {
  const auto engine = busy_engine(static_cast<std::uint32_t>(state.range(0)));
  Scale scale;
  const auto writer = std::make_unique<image::Writer>(scale);
  for (auto _ : state) {
    scale.size = 0;
    engine->save(*writer);
    writer->flush();
  }
  state.counters["bytes"] = static_cast<double>(scale.size);
}
BENCHMARK(SaveEngine)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void LoadEngine(benchmark::State& state) {
  Scale scale;
  scale.keep = true;
  const auto writer = std::make_unique<image::Writer>(scale);
  busy_engine(static_cast<std::uint32_t>(state.range(0)))->save(*writer);
  writer->flush();
  for (auto _ : state) {
    engine::Engine engine({});
    KeptImage source(scale.kept);
    image::Reader reader(source, 1);
    if (!engine.load(reader).ok) state.SkipWithError("the image is refused");
  }
}
BENCHMARK(LoadEngine)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace deskpulse::bench
