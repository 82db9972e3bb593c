// Prints the pages over the sample reports, for promtool to read.
#include <iostream>

#include "daemon/metrics/exposition.hpp"
#include "daemon/metrics/own_series.hpp"
#include "daemon/metrics/text_serializer.hpp"
#include "tests/unit/metrics/sample_report.hpp"

int main() {
  using namespace deskpulse;           // NOLINT(google-build-using-namespace)
  using namespace deskpulse::metrics;  // NOLINT(google-build-using-namespace)
  const auto report = report_with_names(hostile_names());
  const moment::BuildInfo build{.version = "1", .revision = ""};
  moment::Status status;
  status.lag = std::chrono::milliseconds{1};
  status.events = {{"message", 1}};
  status.rejected = {{"malformed", 1}};
  status.disconnects = {{"silence", 1}};
  status.windows = {{"5m", true}};
  status.limits = {{.limit = "agents", .used = 1, .most = 10, .exceeded = 0}};
  status.store.enabled = true;
  status.store.last_snapshot = std::chrono::system_clock::from_time_t(1);
  status.store.snapshots = 1;
  status.store.failures = {{"write", 0}};
  status.store.refused = {{"checksum", 0}};
  status.store.acknowledged_seq = 1;
  status.store.journal.enabled = true;
  status.store.journal.failures = {{"write", 0}};
  http::HttpCounts counts;
  counts.requests[{"/metrics", 200}] = 1;
  counts.durations["/metrics"] = {1, 0.5};
  const TextSerializer serializer;
  serializer.Serialize(std::cout, StatusCollectable(build, status, report).Collect());
  serializer.Serialize(std::cout, HttpCollectable(counts).Collect());
  serializer.Serialize(std::cout, ProcessCollectable().Collect());
  std::cout << replay_text(report, true);
}
