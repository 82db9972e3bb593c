// The series about what the daemon keeps: its snapshots, its journal and the limits of its memory.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "daemon/serve/status.hpp"

namespace deskpulse::serve {

/// deskpulse_limit*: always, one series for each limit.
void add_limit_series(const std::vector<LimitUse>& limits,
                      std::vector<prometheus::MetricFamily>& families);

/// deskpulse_snapshot_* and deskpulse_journal_*, each only where it is switched on.
void add_store_series(const StoreStatus& store, std::vector<prometheus::MetricFamily>& families);

}  // namespace deskpulse::serve
