#include "tests/property/comparison.hpp"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/property/flatten.hpp"

namespace deskpulse::property {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

/// An assertion inside the engine ends the process before a test can say which seed it was.
std::array<char, 64> seed_line{};
void say_seed(int) {
  const auto written = ::write(2, seed_line.data(), std::strlen(seed_line.data()));
  static_cast<void>(written);
}

std::string value_text(const std::optional<double>& value) {
  return value ? testing::PrintToString(*value) : "absent";
}

}  // namespace

std::optional<Failure> look(std::size_t step, engine::Engine& engine, engine::Report& report,
                            const Recount& recount) {
  engine.report(report);
  const Time now = recount.now();
  const Time engine_now = report.watermark.time_since_epoch().count();
  if (engine_now != now) {
    return Failure{
        step, now, {"the watermark", static_cast<double>(engine_now), static_cast<double>(now)}};
  }
  if (auto difference = first_difference(flatten(report), recount.series())) {
    return Failure{step, now, *difference};
  }
  return std::nullopt;
}

std::uint64_t histories_to_try() {
#ifdef __SANITIZE_ADDRESS__
  constexpr std::uint64_t kDefault = 1'000;  // six times slower
#else
  constexpr std::uint64_t kDefault = 2'000;
#endif
  return from_environment("DESKPULSE_HISTORIES", kDefault);
}

testing::AssertionResult agree_on_histories(
    const std::function<History(std::uint64_t seed)>& make,
    const std::function<std::optional<Failure>(const History&)>& compare, std::uint64_t count) {
  std::signal(SIGABRT, say_seed);
  const std::uint64_t first = from_environment("DESKPULSE_SEED", 1);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    std::snprintf(seed_line.data(), seed_line.size(), "died at seed %llu\n",
                  static_cast<unsigned long long>(seed));
    const History history = make(seed);
    if (!compare(history)) continue;

    const History shortest =
        minimal(history, [&](const History& shorter) { return compare(shorter).has_value(); });
    const Failure failure = *compare(shortest);
    return testing::AssertionFailure()
           << "seed " << seed << "\nat step " << failure.step << ", time " << failure.now << ":\n"
           << failure.difference.series << "\n  tested  " << value_text(failure.difference.engine)
           << "\n  recount " << value_text(failure.difference.recount) << "\nin the history\n"
           << shortest.text();
  }
  return testing::AssertionSuccess();
}

}  // namespace deskpulse::property
