// The series about what the daemon keeps: its snapshots, its journal and the limits of its memory.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "daemon/moment/status.hpp"

namespace deskpulse::metrics {

/// deskpulse_limit*: always, one series for each limit.
void add_limit_series(const std::vector<moment::LimitUse>& limits,
                      std::vector<prometheus::MetricFamily>& families);

/// deskpulse_snapshot_* and deskpulse_journal_*, each only where it is switched on.
void add_store_series(const moment::StoreStatus& store,
                      std::vector<prometheus::MetricFamily>& families);

}  // namespace deskpulse::metrics
