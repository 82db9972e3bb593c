// When the journal begins to fail and when it is written again, for a line in the log at each.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "daemon/store/journal_writer.hpp"

namespace deskpulse {

/// Looks at the journal's counters again and again. A disk that stays full is one failure, and so
/// is one that takes every second batch: it ends when nothing has failed for kCalm and something
/// was written. O(1).
class JournalFailures {
 public:
  using Steady = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kCalm{10};

  enum class Change : std::uint8_t { none, began, ended };
  /// `counters`: of the one journal there is, so none of them falls.
  Change look(const store::JournalCounters& counters, Steady::time_point now);

 private:
  std::uint64_t failures_ = 0;  ///< attempts that failed, and batches that were dropped
  std::uint64_t batches_ = 0;   ///< safe ones, when it last failed
  std::optional<Steady::time_point> failed_at_;  ///< absent: it is written
};

}  // namespace deskpulse
