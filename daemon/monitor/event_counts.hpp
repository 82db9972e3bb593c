// The intake's counts under the labels of the metrics page.
#pragma once

#include "daemon/intake/intake.hpp"
#include "daemon/moment/status.hpp"

namespace deskpulse {

/// Fills the counters of `status`, every member of each closed set by name, 0 included. The labels
/// are the same each time, so that a warm `status` allocates nothing.
void fill_event_counts(moment::Status& status, const intake::IntakeCounters& counters);

}  // namespace deskpulse
