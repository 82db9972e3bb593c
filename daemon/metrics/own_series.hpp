// The daemon's series about itself.
#pragma once

#include <prometheus/collectable.h>

#include "daemon/engine/report.hpp"
#include "daemon/http/http_counts.hpp"
#include "daemon/moment/status.hpp"

namespace deskpulse::metrics {

/// deskpulse_build_info, deskpulse_feed_*, the counts of events, deskpulse_watermark_…,
/// deskpulse_conversations, deskpulse_limit*, deskpulse_snapshot_*, deskpulse_journal_*. The
/// arguments must outlive this and are read on each Collect().
class StatusCollectable final : public prometheus::Collectable {
 public:
  StatusCollectable(const moment::BuildInfo& build, const moment::Status& status,
                    const engine::Report& report)
      : build_(build), status_(status), report_(report) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const moment::BuildInfo& build_;
  const moment::Status& status_;
  const engine::Report& report_;
};

/// deskpulse_http_*: what the HTTP server did for others. `counts` must outlive this.
class HttpCollectable final : public prometheus::Collectable {
 public:
  explicit HttpCollectable(const http::HttpCounts& counts) : counts_(counts) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const http::HttpCounts& counts_;
};

/// The standard process_* series, from /proc/self. What cannot be read is left out.
class ProcessCollectable final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace deskpulse::metrics
