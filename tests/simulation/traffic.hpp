// What people do on the chat platform of a scenario.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "proto/event.hpp"
#include "tests/property/act.hpp"
#include "tests/simulation/scenario.hpp"

namespace deskpulse::simulation {

/// One event on its way into the platform's stream. Repetitions have the same number as what they
/// repeat, and say the same.
struct Publication {
  Time at = 0;             ///< true time
  std::size_t number = 0;  ///< of the act
};

struct Traffic {
  std::vector<property::Act> acts;        ///< by number; times are the platform's
  std::vector<Publication> publications;  ///< in the order of the stream

  /// The act as the stream carries it: it says its number, so that it can be known again wherever
  /// it turns up.
  std::string line(std::size_t number) const;
  /// The number of an act that was decoded from its line.
  std::optional<std::size_t> number_of(const proto::Event& event) const;
};

/// The traffic of a scenario. Faults have no part in it.
Traffic traffic_of(const Scenario& scenario);

}  // namespace deskpulse::simulation
