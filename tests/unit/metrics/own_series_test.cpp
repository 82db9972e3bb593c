#include "daemon/metrics/own_series.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "daemon/metrics/text_serializer.hpp"
#include "tests/unit/metrics/exposition_checker.hpp"
#include "tests/unit/metrics/sample_report.hpp"

namespace deskpulse::metrics {
namespace {

using testing::IsEmpty;

check::Page page_of(const prometheus::Collectable& collectable) {
  return check::read_page(TextSerializer().Serialize(collectable.Collect()));
}

TEST(StatusCollectable, SaysWhatTheFeedSays) {
  const moment::BuildInfo build{.version = "1.2.3", .revision = "abc"};
  moment::Status status;
  status.connected = true;
  status.stale = false;
  status.lag = std::chrono::milliseconds{1'250};
  status.reconnects = 2;
  status.gaps = 1;
  status.late = 5;
  status.duplicates = 7;
  status.events = {{"message", 10}, {"order", 0}};
  status.rejected = {{"malformed", 0}, {"future", 3}};
  status.disconnects = {{"silence", 2}};
  status.windows = {{"5m", true}, {"today", false}};
  status.config = {.targets = {{"oldest_wait_seconds", 180}, {"slow_share", 0.1}},
                   .zone = "Asia/Shanghai",
                   .last_reload_successful = true,
                   .last_success = std::chrono::system_clock::time_point{} +
                                   std::chrono::milliseconds{1'700'000'000'250}};
  const engine::Report report = small_report();

  const check::Page page = page_of(StatusCollectable(build, status, report));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_build_info", {{"version", "1.2.3"}, {"revision", "abc"}}), 1);
  EXPECT_EQ(page.value("deskpulse_events_total", {{"type", "message"}}), 10);
  EXPECT_EQ(page.value("deskpulse_events_total", {{"type", "order"}}), 0);
  EXPECT_EQ(page.value("deskpulse_rejected_events_total", {{"reason", "malformed"}}), 0);
  EXPECT_EQ(page.value("deskpulse_rejected_events_total", {{"reason", "future"}}), 3);
  EXPECT_EQ(page.value("deskpulse_late_events_total", {}), 5);
  EXPECT_EQ(page.value("deskpulse_duplicate_events_total", {}), 7);
  EXPECT_EQ(page.value("deskpulse_feed_connected", {}), 1);
  EXPECT_EQ(page.value("deskpulse_feed_stale", {}), 0);
  EXPECT_EQ(page.value("deskpulse_feed_lag_seconds", {}), 1.25);
  EXPECT_EQ(page.value("deskpulse_feed_reconnects_total", {}), 2);
  EXPECT_EQ(page.value("deskpulse_feed_gaps_total", {}), 1);
  EXPECT_EQ(page.value("deskpulse_feed_disconnects_total", {{"reason", "silence"}}), 2);
  EXPECT_EQ(page.value("deskpulse_window_incomplete", {{"window", "5m"}}), 1);
  EXPECT_EQ(page.value("deskpulse_window_incomplete", {{"window", "today"}}), 0);
  EXPECT_EQ(page.value("deskpulse_watermark_timestamp_seconds", {}), 1'700'000'000.5);
  EXPECT_EQ(page.value("deskpulse_conversations", {}), 42);
  EXPECT_EQ(page.value("deskpulse_target", {{"number", "oldest_wait_seconds"}}), 180);
  EXPECT_EQ(page.value("deskpulse_target", {{"number", "slow_share"}}), 0.1);
  EXPECT_EQ(page.value("deskpulse_config_last_reload_successful", {}), 1);
  EXPECT_EQ(page.value("deskpulse_config_last_reload_success_timestamp_seconds", {}),
            1'700'000'000.25);
}

TEST(StatusCollectable, HidesWhatIsCountedOfTheStreamWithTheOthersThatAreBehind) {
  const moment::BuildInfo build;
  moment::Status status;
  status.events = {{"message", 10}};
  status.rejected = {{"malformed", 1}};
  engine::Report report = small_report();
  report.hides_counters = true;

  const check::Page page = page_of(StatusCollectable(build, status, report));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_events_total", {{"type", "message"}}), std::nullopt);
  EXPECT_EQ(page.value("deskpulse_rejected_events_total", {{"reason", "malformed"}}), 1);
  EXPECT_EQ(page.value("deskpulse_late_events_total", {}), std::nullopt);
  EXPECT_EQ(page.value("deskpulse_duplicate_events_total", {}), std::nullopt);
  EXPECT_EQ(page.value("deskpulse_feed_gaps_total", {}), 0);
}

TEST(StatusCollectable, BeforeTheFirstEventThereIsNoWatermarkAndNoLag) {
  const moment::BuildInfo build;
  const moment::Status status;
  const engine::Report report;

  const check::Page page = page_of(StatusCollectable(build, status, report));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_watermark_timestamp_seconds", {}), std::nullopt);
  EXPECT_EQ(page.value("deskpulse_feed_lag_seconds", {}), std::nullopt);
  EXPECT_EQ(page.value("deskpulse_feed_stale", {}), 1);
}

TEST(StatusCollectable, SaysHowNearEachLimitIs) {
  const moment::BuildInfo build;
  moment::Status status;
  status.limits = {{.limit = "agents", .used = 8, .most = 10, .exceeded = 0},
                   {.limit = "shops", .used = 3, .most = 3, .exceeded = 7}};
  status.allowed_lateness = std::chrono::milliseconds{90'500};
  status.ahead = std::chrono::milliseconds{7'500};
  status.clock_steps = 2;
  status.stalls = 1;
  status.log_lines_dropped = 4;
  const engine::Report report;

  const check::Page page = page_of(StatusCollectable(build, status, report));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_limit", {{"limit", "agents"}}), 10);
  EXPECT_EQ(page.value("deskpulse_limit_used", {{"limit", "agents"}}), 8);
  EXPECT_EQ(page.value("deskpulse_limit_exceeded_total", {{"limit", "agents"}}), 0);
  EXPECT_EQ(page.value("deskpulse_limit_exceeded_total", {{"limit", "shops"}}), 7);
  EXPECT_EQ(page.value("deskpulse_allowed_lateness_seconds", {}), 90.5);
  EXPECT_EQ(page.value("deskpulse_watermark_ahead_seconds", {}), 7.5);
  EXPECT_EQ(page.value("deskpulse_clock_steps_total", {}), 2);
  EXPECT_EQ(page.value("deskpulse_stalls_total", {}), 1);
  EXPECT_EQ(page.value("deskpulse_log_lines_dropped_total", {}), 4);
}

TEST(StatusCollectable, SaysWhatTheStoreDoes) {
  const moment::BuildInfo build;
  moment::Status status;
  status.store.enabled = true;
  status.store.interval = std::chrono::seconds{5};
  status.store.last_snapshot =
      std::chrono::system_clock::from_time_t(1'700'000'000) + std::chrono::milliseconds{500};
  status.store.duration = std::chrono::milliseconds{120};
  status.store.hold = std::chrono::microseconds{2'500};
  status.store.bytes = 1'000'000;
  status.store.snapshots = 9;
  status.store.failures = {{"write", 3}, {"rename", 0}};
  status.store.refused = {{"checksum", 1}, {"truncated", 0}};
  status.store.restored = true;
  status.store.acknowledged_seq = 12'345;
  status.store.journal = {.enabled = true,
                          .events = 50,
                          .bytes = 4'096,
                          .dropped_batches = 1,
                          .removed_early = 3,
                          .recovered = 20,
                          .failures = {{"write", 2}}};
  const engine::Report report;

  const check::Page page = page_of(StatusCollectable(build, status, report));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_snapshot_interval_seconds", {}), 5);
  EXPECT_EQ(page.value("deskpulse_snapshot_last_success_timestamp_seconds", {}), 1'700'000'000.5);
  EXPECT_EQ(page.value("deskpulse_snapshot_duration_seconds", {}), 0.12);
  EXPECT_EQ(page.value("deskpulse_snapshot_hold_seconds", {}), 0.0025);
  EXPECT_EQ(page.value("deskpulse_snapshot_size_bytes", {}), 1e6);
  EXPECT_EQ(page.value("deskpulse_snapshots_total", {}), 9);
  EXPECT_EQ(page.value("deskpulse_snapshot_failures_total", {{"stage", "write"}}), 3);
  EXPECT_EQ(page.value("deskpulse_snapshot_failures_total", {{"stage", "rename"}}), 0);
  EXPECT_EQ(page.value("deskpulse_snapshot_refused_total", {{"reason", "checksum"}}), 1);
  EXPECT_EQ(page.value("deskpulse_snapshot_restored", {}), 1);
  EXPECT_EQ(page.value("deskpulse_feed_acknowledged_seq", {}), 12'345);
  EXPECT_EQ(page.value("deskpulse_journal_events_total", {}), 50);
  EXPECT_EQ(page.value("deskpulse_journal_size_bytes", {}), 4'096);
  EXPECT_EQ(page.value("deskpulse_journal_dropped_batches_total", {}), 1);
  EXPECT_EQ(page.value("deskpulse_journal_removed_early_total", {}), 3);
  EXPECT_EQ(page.value("deskpulse_journal_recovered_events", {}), 20);
  EXPECT_EQ(page.value("deskpulse_journal_failures_total", {{"stage", "write"}}), 2);
}

TEST(StatusCollectable, BeforeTheFirstSnapshotSaysNothingOfTheNewestOne) {
  const moment::BuildInfo build;
  moment::Status status;
  status.store.enabled = true;
  const engine::Report report;

  const check::Page page = page_of(StatusCollectable(build, status, report));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_snapshots_total", {}), 0);
  EXPECT_EQ(page.value("deskpulse_snapshot_last_success_timestamp_seconds", {}), std::nullopt);
  EXPECT_EQ(page.value("deskpulse_snapshot_duration_seconds", {}), std::nullopt);
  EXPECT_EQ(page.value("deskpulse_feed_acknowledged_seq", {}), std::nullopt);
  EXPECT_EQ(page.value("deskpulse_journal_events_total", {}), std::nullopt);
}

TEST(StatusCollectable, WithoutAStoreHasNoSeriesOfOne) {
  const moment::BuildInfo build;
  const moment::Status status;
  const engine::Report report;

  const std::string text =
      TextSerializer().Serialize(StatusCollectable(build, status, report).Collect());

  EXPECT_EQ(text.find("deskpulse_snapshot"), std::string::npos);
  EXPECT_EQ(text.find("deskpulse_journal"), std::string::npos);
}

TEST(HttpCollectable, CountsRequestsByPathAndCode) {
  http::HttpCounts counts;
  counts.requests[{"/metrics", 200}] = 3;
  counts.durations["/metrics"] = {3, 0.75};
  counts.connections = 2;
  counts.streams = 1;
  counts.closed_by(http::CloseReason::evicted) = 5;

  const check::Page page = page_of(HttpCollectable(counts));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_http_requests_total", {{"path", "/metrics"}, {"code", "200"}}),
            3);
  EXPECT_EQ(page.value("deskpulse_http_request_duration_seconds_sum", {{"path", "/metrics"}}),
            0.75);
  EXPECT_EQ(page.value("deskpulse_http_connections", {}), 2);
  EXPECT_EQ(page.value("deskpulse_http_streams", {}), 1);
  EXPECT_EQ(page.value("deskpulse_http_evicted_connections_total", {}), 5);
  EXPECT_EQ(page.value("deskpulse_http_certificate_expiry_timestamp_seconds", {}), std::nullopt);
}

TEST(HttpCollectable, SaysWhatItKeepsFromPeersAndWhy) {
  http::HttpCounts counts;
  counts.connections_limit = 256;
  counts.held_bytes = 3'000;
  counts.held_bytes_limit = 268'435'456;
  counts.accept_failures = 4;
  for (std::size_t i = 0; i < http::kCloseReasons; ++i) counts.closed.at(i) = 10 + i;

  const check::Page page = page_of(HttpCollectable(counts));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_http_connections_limit", {}), 256);
  EXPECT_EQ(page.value("deskpulse_http_held_bytes", {}), 3'000);
  EXPECT_EQ(page.value("deskpulse_http_held_bytes_limit", {}), 268'435'456);
  EXPECT_EQ(page.value("deskpulse_http_accept_failures_total", {}), 4);
  double expected = 10;
  for (const char* const reason : {"header_timeout", "idle_timeout", "write_timeout", "held_bytes",
                                   "evicted", "refused", "no_memory"}) {
    EXPECT_EQ(page.value("deskpulse_http_closed_connections_total", {{"reason", reason}}),
              expected++)
        << reason;
  }
  EXPECT_EQ(page.value("deskpulse_http_evicted_connections_total", {}), 14);
  EXPECT_EQ(page.value("deskpulse_http_refused_connections_total", {}), 15);
}

TEST(HttpCollectable, SaysUntilWhenTheCertificateIsGood) {
  http::HttpCounts counts;
  counts.certificate = {.expiry = std::chrono::system_clock::from_time_t(1'800'000'000),
                        .failures = 2};

  const check::Page page = page_of(HttpCollectable(counts));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_http_certificate_expiry_timestamp_seconds", {}), 1.8e9);
  EXPECT_EQ(page.value("deskpulse_http_certificate_failures_total", {}), 2);
}

TEST(ProcessCollectable, KnowsThisProcess) {
  const check::Page page = page_of(ProcessCollectable());

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_GT(page.value("process_resident_memory_bytes", {}).value_or(0), 1e6);
  EXPECT_GT(page.value("process_virtual_memory_bytes", {}).value_or(0), 1e6);
  EXPECT_GT(page.value("process_start_time_seconds", {}).value_or(0), 1.7e9);
  EXPECT_GE(page.value("process_cpu_seconds_total", {}).value_or(-1), 0);
  EXPECT_GE(page.value("process_threads", {}).value_or(0), 1);
  EXPECT_GE(page.value("process_open_fds", {}).value_or(0), 3);
  EXPECT_GE(page.value("process_max_fds", {}).value_or(0), 3);
}

TEST(NotReadyReason, NamesTheFirstThingThatIsMissing) {
  moment::Status status;
  EXPECT_EQ(moment::not_ready_reason(status), "starting");
  status.ever_connected = true;
  EXPECT_EQ(moment::not_ready_reason(status), "feed disconnected");
  status.connected = true;
  EXPECT_EQ(moment::not_ready_reason(status), "catching up");
  status.silent = true;
  EXPECT_EQ(moment::not_ready_reason(status), "feed silent");
  status.stale = false;
  EXPECT_EQ(moment::not_ready_reason(status), "");
}

}  // namespace
}  // namespace deskpulse::metrics
