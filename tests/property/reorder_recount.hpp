// The recount of the intake: which events are taken, in which order, and what time it is.
#pragma once

#include <optional>
#include <vector>

#include "tests/property/act.hpp"
#include "tests/property/recount.hpp"

namespace deskpulse::property {

/// Stands where the feed's intake stands and gives a recount what the intake should give the
/// engine. Keeps every accepted event for ever and looks through all of them.
class ReorderRecount {
 public:
  struct Settings {
    Time reorder_window = kSecond;
    Time allowed_lateness = 10 * kMinute;
    Time max_clock_skew = 5 * kSecond;
  };
  struct Counts {
    int taken = 0;  ///< late ones included, unknown types and senders not
    int late = 0;
    int duplicates = 0;
    int future = 0;
    int too_late = 0;
    int unknown_type = 0;
    int unknown_from = 0;
    friend bool operator==(const Counts&, const Counts&) = default;
  };

  ReorderRecount(const Settings& settings, Recount& recount);

  /// `in_doubt`: the clocks say that it is not as late as watermark().
  void arrive(const Act& act, Time wall, bool in_doubt = false);
  /// Time goes on without an event; an earlier time than watermark() is ignored.
  void advance(Time watermark);
  /// What is counted of accepted events begins at 0 again, here and behind.
  void begin_counters_anew() {
    counts_.taken = counts_.late = counts_.duplicates = 0;
    recount_.begin_counters_anew();
  }
  /// The end of a replay.
  void finish(std::optional<Time> until);

  Time watermark() const { return watermark_; }
  const Counts& counts() const { return counts_; }

 private:
  void move_to(Time watermark);

  Settings settings_;
  Recount& recount_;
  Time watermark_ = 0;
  Time newest_ = 0;
  std::vector<Act> waiting_;   ///< by arrival
  std::vector<Act> accepted_;  ///< all there ever were
  Counts counts_;
};

}  // namespace deskpulse::property
