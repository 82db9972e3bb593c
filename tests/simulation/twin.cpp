#include "tests/simulation/twin.hpp"

namespace deskpulse::simulation {

namespace {

std::string difference(const property::Series& one, const property::Series& other) {
  const auto found = property::first_difference(one, other);
  if (!found) return {};
  const auto text = [](const std::optional<double>& value) {
    return value ? std::to_string(*value) : std::string("absent");
  };
  return found->series + " is " + text(found->engine) + ", without faults it is " +
         text(found->recount);
}

}  // namespace

std::string Totals::text() const {
  return std::to_string(calm) + " calm, " + std::to_string(dense) + " dense, " +
         std::to_string(wild) + " wild; " + std::to_string(lives) + " lives, " +
         std::to_string(restored) + " from a snapshot, " + std::to_string(acknowledgements) +
         " acknowledgements, " + std::to_string(delivered) + " events delivered, " +
         std::to_string(lost) + " lost and declared";
}

std::string try_seed(std::uint64_t seed, Plant plant, Totals& totals) {
  Scenario scenario = scenario_of(seed);
  const Outcome outcome = run(scenario, {.trace = nullptr, .plant = plant});
  switch (scenario.family) {
    case Family::calm:
      ++totals.calm;
      break;
    case Family::dense:
      ++totals.dense;
      break;
    case Family::wild:
      ++totals.wild;
      break;
  }
  totals.lives += static_cast<std::uint64_t>(outcome.lives);
  totals.restored += static_cast<std::uint64_t>(outcome.restored);
  totals.acknowledgements += static_cast<std::uint64_t>(outcome.acknowledgements);
  totals.delivered += static_cast<std::uint64_t>(outcome.delivered);
  totals.lost += static_cast<std::uint64_t>(outcome.lost);
  if (!outcome.failure.empty() || !scenario.loses_nothing()) return outcome.failure;

  scenario.faults = {};
  const Outcome twin = run(scenario, {});
  if (!twin.failure.empty()) return "without faults: " + twin.failure;
  if (std::string found = difference(outcome.counters, twin.counters); !found.empty()) return found;
  return difference(outcome.series, twin.series);
}

}  // namespace deskpulse::simulation
