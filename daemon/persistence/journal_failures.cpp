#include "daemon/persistence/journal_failures.hpp"

#include <numeric>
#include <utility>

namespace deskpulse {

JournalFailures::Change JournalFailures::look(const store::JournalCounters& counters,
                                              Steady::time_point now) {
  const std::uint64_t failures =
      std::accumulate(counters.failures.begin(), counters.failures.end(), counters.dropped_batches);
  if (failures != std::exchange(failures_, failures)) {
    batches_ = counters.batches;
    return std::exchange(failed_at_, now) ? Change::none : Change::began;
  }
  if (!failed_at_ || now - *failed_at_ < kCalm || counters.batches == batches_) return Change::none;
  failed_at_.reset();
  return Change::ended;
}

}  // namespace deskpulse
