// The intake's counts under the labels of the metrics page.
#pragma once

#include "daemon/feed/intake.hpp"
#include "daemon/serve/status.hpp"

namespace deskpulse {

/// Fills the counters of `status`, every member of each closed set by name, 0 included. The labels
/// are the same each time, so that a warm `status` allocates nothing.
void fill_event_counts(serve::Status& status, const feed::IntakeCounters& counters);

}  // namespace deskpulse
