// A seed's run beside that of its twin, to which nothing happens.
#pragma once

#include <cstdint>
#include <string>

#include "tests/simulation/world.hpp"

namespace deskpulse::simulation {

/// Of many runs; twins not counted.
struct Totals {
  std::uint64_t calm = 0;
  std::uint64_t dense = 0;
  std::uint64_t wild = 0;
  std::uint64_t lives = 0;
  std::uint64_t restored = 0;
  std::uint64_t acknowledgements = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::string text() const;
};

/// Runs a seed; where its family loses nothing, runs it again without faults, too, and compares the
/// states at the end: whether or not the daemon crashed, they must be the same. What failed, or
/// nothing.
std::string try_seed(std::uint64_t seed, Plant plant, Totals& totals);

}  // namespace deskpulse::simulation
