#include "daemon/log/rejection_log.hpp"

#include <utility>

namespace deskpulse {

RejectionLog::RejectionLog(Clock::duration pause, Say say, const intake::IntakeCounters& before)
    : pause_(pause), say_(std::move(say)) {
  for (std::size_t i = 0; i < reasons_.size(); ++i) reasons_[i].said = before.rejected[i];
}

void RejectionLog::look(const intake::IntakeCounters& counters, Clock::time_point now) {
  for (std::size_t i = 0; i < reasons_.size(); ++i) {
    Reason& reason = reasons_[i];
    const std::uint64_t count = counters.rejected[i];
    if (count == reason.said || (reason.last && now - *reason.last < pause_)) continue;
    say_({static_cast<proto::Reject>(i), counters.rejected_field[i]}, count - reason.said);
    reason.said = count;
    reason.last = now;
  }
}

}  // namespace deskpulse
