// What a daemon has been told, as far as it still knows.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "daemon/intake/intake.hpp"
#include "tests/property/series.hpp"
#include "tests/simulation/scenario.hpp"
#include "tests/simulation/traffic.hpp"

namespace deskpulse::simulation {

/// The list of everything that moved the daemon's state: deliveries, the watermark's moves by the
/// clock, and that counters began anew. A crash takes the daemon's state back to a snapshot, and
/// this list with it; what it holds at the end is what the numbers must be made of.
class Delivered {
 public:
  void act(std::size_t number, Time wall, bool in_doubt) {
    entries_.push_back({.number = number, .at = wall, .in_doubt = in_doubt});
  }
  void newest_was_refused() { entries_.back().refused = true; }
  void moved(Time watermark);
  void counters_began_anew() {
    entries_.push_back({.number = std::nullopt, .counters_anew = true});
  }
  std::size_t length() const { return entries_.size(); }
  /// Forgets what came behind the first `length`.
  void go_back_to(std::size_t length) { entries_.resize(length); }

  struct Entry {
    std::optional<std::size_t> number;  ///< of an act; none: the watermark moved, or the next
    bool counters_anew = false;         ///< counters began at 0, and nothing else
    Time at = 0;                        ///< the wall clock, or the watermark
    bool in_doubt = false;              ///< it was not as late by any clock as the watermark
    bool refused = false;               ///< the daemon said so: a duplicate, too late, future
  };
  const std::vector<Entry>& entries() const { return entries_; }
  void append(const std::vector<Entry>& more) {
    entries_.insert(entries_.end(), more.begin(), more.end());
  }

 private:
  std::vector<Entry> entries_;
};

/// What a recount makes of a list of deliveries.
struct Recounted {
  property::Series series;
  Time watermark = 0;
  property::ReorderRecount::Counts counts;
  std::vector<int> accepted;  ///< how often, by the number of the act
  std::vector<bool> refused;  ///< too late or from the future, at least once
};

/// By brute force; `until`: then time goes on to there.
Recounted recount(const Scenario& scenario, const Traffic& traffic,
                  const std::vector<Delivered::Entry>& entries, Time until = 0);

/// The same of everything that the platform published, once each, in its order.
Recounted recount_everything(const Scenario& scenario, const Traffic& traffic, Time until);

/// The counters of an intake and of a recount that must be equal, by name.
property::Series series_of(const intake::IntakeCounters& counters);
property::Series series_of(const property::ReorderRecount::Counts& counts);

}  // namespace deskpulse::simulation
