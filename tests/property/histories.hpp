// Seeded random histories in which everything happens at once: at, one before and one after every
// limit, with few shops, agents and customers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/property/act.hpp"
#include "tests/property/reorder_recount.hpp"
#include "tests/property/rules.hpp"

namespace deskpulse::property {

/// One thing that happens. Acts and moments come in the order of the list.
struct Step {
  /// change_rules: the process ends, and another one goes on from its state by other rules.
  enum class What { act, advance, look, change_rules };
  What what = What::act;
  Act act;
  Time at = 0;            ///< advance: to when. act: the wall clock when it arrives
  std::size_t rules = 0;  ///< change_rules: which of History::later_rules
};

struct History {
  Rules rules;
  std::vector<Rules> later_rules;  ///< for the same windows, zone, shops and agents
  ReorderRecount::Settings order;  ///< means something when the acts go through an intake
  std::vector<Step> steps;

  /// The rules in one paragraph and each step on a line, acts as in a file to replay.
  std::string text() const;
};

/// The history of a seed; the same on every machine. Acts are mostly in order of time, some late.
/// Every fourth is of customers who come back over days that a zone makes longer, shorter or skips.
History random_history(std::uint64_t seed);

/// Rules alone.
Rules random_rules(std::uint64_t seed);

/// The same kind of history as it arrives from the wire: out of order, repeated, from the future,
/// too late.
History random_arrivals(std::uint64_t seed);

/// Drops steps from a history as long as `fails` still says so. Calls it up to a few thousand
/// times.
template <class Fails>
History minimal(History history, Fails&& fails) {
  for (std::size_t chunk = history.steps.size() / 2 + 1; chunk > 0;) {
    bool dropped = false;
    for (std::size_t from = 0; from < history.steps.size();) {
      History shorter = history;
      const auto begin = shorter.steps.begin() + static_cast<std::ptrdiff_t>(from);
      const auto left = shorter.steps.end() - begin;
      shorter.steps.erase(begin, begin + std::min(left, static_cast<std::ptrdiff_t>(chunk)));
      if (fails(shorter)) {
        history = std::move(shorter);
        dropped = true;
      } else {
        from += chunk;
      }
    }
    if (!dropped || chunk > 1) chunk /= 2;
  }
  return history;
}

}  // namespace deskpulse::property
