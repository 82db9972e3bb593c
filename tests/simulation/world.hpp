// A run: a scenario happens to the daemon, and everything it shows is checked.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "tests/property/series.hpp"
#include "tests/simulation/process.hpp"
#include "tests/simulation/scenario.hpp"

namespace deskpulse::simulation {

struct Outcome {
  /// What was found, in a sentence or two; empty when all is well.
  std::string failure;
  std::uint64_t digest = 0;  ///< of the trace
  int lives = 0;             ///< of the daemon
  int restored = 0;          ///< lives that went on from a snapshot
  int acknowledgements = 0;
  int delivered = 0;          ///< events, over all lives
  int lost = 0;               ///< events, declared
  property::Series series;    ///< at the end
  property::Series counters;  ///< of the intake, at the end
};

struct RunOptions {
  std::ostream* trace = nullptr;  ///< where to tell everything that happens; null: nowhere
  Plant plant = Plant::none;
};

/// Runs one scenario. Nothing of it depends on anything but the two arguments, so the same run can
/// be had again as often as one likes.
///
/// While it runs: the watermark never goes back within a life; a feed that is not connected, or was
/// not heard for too long, is shown as stale; no level is impossible; nothing is acknowledged that
/// the worst power cut could take, even with the newest snapshot damaged; a restored state shows
/// what was shown when it was saved. At the end, when nothing goes wrong any more: everything is
/// delivered, the numbers are the recount's, each event counts once, what is missing is declared;
/// a graceful stop and start change nothing; and again after an hour of silence. In the families
/// that lose nothing the numbers are those of all that was published, and there is no gap.
Outcome run(const Scenario& scenario, const RunOptions& options = {});

/// The run of a seed.
Outcome run_seed(std::uint64_t seed, const RunOptions& options = {});

}  // namespace deskpulse::simulation
