// The engine's report as prometheus-cpp sees it.
#pragma once

#include <prometheus/collectable.h>

#include "daemon/engine/report.hpp"

namespace deskpulse::metrics {

/// Every series over a report as metric families, for whoever speaks prometheus-cpp: another
/// serializer, a push gateway. Ten times slower than Exposition, which serves our own pages.
class ReportCollectable final : public prometheus::Collectable {
 public:
  enum class Part : unsigned char { shops, agents };
  /// `report` must outlive this, and is read on each Collect().
  ReportCollectable(const engine::Report& report, Part part) : report_(report), part_(part) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const engine::Report& report_;
  Part part_;
};

}  // namespace deskpulse::metrics
