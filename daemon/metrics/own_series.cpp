#include "daemon/metrics/own_series.hpp"

#include <chrono>
#include <utility>

#include "daemon/metrics/families.hpp"
#include "daemon/metrics/store_series.hpp"

namespace deskpulse::metrics {
namespace {

prometheus::MetricFamily count(std::string name, std::string help, std::uint64_t value) {
  return one(counter_family(std::move(name), std::move(help)), value);
}

/// What is counted of the stream: R50.
void add_stream_counters(const moment::Status& status,
                         std::vector<prometheus::MetricFamily>& families) {
  families.push_back(by(
      counter_family("deskpulse_events_total", "Events accepted from the feed, by type (事件数)."),
      "type", status.events));
  families.push_back(count("deskpulse_late_events_total",
                           "Events that came after their time had passed, and were still applied "
                           "(迟到事件数).",
                           status.late));
  families.push_back(count("deskpulse_duplicate_events_total",
                           "Events dropped because their id had been accepted before (重复事件数).",
                           status.duplicates));
}

}  // namespace

std::vector<prometheus::MetricFamily> StatusCollectable::Collect() const {
  std::vector<prometheus::MetricFamily> families;

  auto build = gauge_family("deskpulse_build_info", "The version that runs (版本信息). Always 1.");
  add_series(build, 1, {{"version", build_.version}, {"revision", build_.revision}});
  families.push_back(std::move(build));

  if (!report_.hides_counters) add_stream_counters(status_, families);
  families.push_back(
      by(counter_family("deskpulse_rejected_events_total",
                        "Events and frames that changed no number, by reason (被拒事件数)."),
         "reason", status_.rejected));

  families.push_back(
      one(gauge_family("deskpulse_feed_connected", "1 while the feed is connected (数据源已连接)."),
          status_.connected));
  families.push_back(one(gauge_family("deskpulse_feed_stale",
                                      "1 while the numbers stand still, because the feed is "
                                      "disconnected, silent or behind (数据停滞)."),
                         status_.stale));
  if (status_.lag) {
    families.push_back(one(gauge_family("deskpulse_feed_lag_seconds",
                                        "How far the newest event or heartbeat is behind the wall "
                                        "clock (数据延迟)."),
                           seconds(*status_.lag)));
  }
  families.push_back(count("deskpulse_feed_reconnects_total",
                           "Connections to the feed after the first (重连次数).",
                           status_.reconnects));
  families.push_back(count("deskpulse_feed_gaps_total",
                           "Times that events were missed for good (数据缺口次数).", status_.gaps));
  families.push_back(by(counter_family("deskpulse_feed_disconnects_total",
                                       "Ends of a connection to the feed, or of an attempt at one, "
                                       "by reason (断开次数)."),
                        "reason", status_.disconnects));

  auto windows = gauge_family("deskpulse_window_incomplete",
                              "1 while the window contains a time of which events are missing "
                              "(窗口数据不完整).");
  for (const moment::WindowIncomplete& each : status_.windows) {
    add_series(windows, each.incomplete, {{"window", each.window}});
  }
  families.push_back(std::move(windows));

  auto targets = gauge_family("deskpulse_target",
                              "The level that a number is held to, where one is set (标准值).");
  for (const moment::Target& each : status_.config.targets) {
    add_series(targets, each.value, {{"number", std::string(each.number)}});
  }
  families.push_back(std::move(targets));
  families.push_back(
      one(gauge_family("deskpulse_config_last_reload_successful",
                       "1 when the newest configuration was taken over, at the start or by a "
                       "reload; 0 while an older one stays in force (配置重载成功)."),
          status_.config.last_reload_successful));
  families.push_back(one(gauge_family("deskpulse_config_last_reload_success_timestamp_seconds",
                                      "When a configuration was last taken over (配置重载时间)."),
                         seconds(std::chrono::floor<std::chrono::milliseconds>(
                             status_.config.last_success.time_since_epoch()))));

  if (report_.watermark != proto::Instant{}) {
    families.push_back(one(gauge_family("deskpulse_watermark_timestamp_seconds",
                                        "The time that the numbers are of (数据时间)."),
                           seconds(report_.watermark.time_since_epoch())));
  }
  families.push_back(
      one(gauge_family("deskpulse_conversations",
                       "Conversations in memory, idle ones included (内存中会话数)."),
          static_cast<double>(report_.conversations)));
  families.push_back(one(gauge_family("deskpulse_allowed_lateness_seconds",
                                      "Events later than this are rejected: as configured, or less "
                                      "while too many ids are remembered (允许迟到)."),
                         seconds(status_.allowed_lateness)));
  families.push_back(one(gauge_family("deskpulse_watermark_ahead_seconds",
                                      "By how much the time of the numbers is ahead of the "
                                      "machine's clock and the stream's (数据时间超前)."),
                         seconds(status_.ahead)));
  families.push_back(
      count("deskpulse_clock_steps_total",
            "Times that the system's clock was set, or the machine slept (时钟跳变次数).",
            status_.clock_steps));
  families.push_back(count(
      "deskpulse_stalls_total",
      "Times that the process stood still for more than a second (进程停顿次数).", status_.stalls));
  families.push_back(count("deskpulse_log_lines_dropped_total",
                           "Log lines that were never written, since nobody took them "
                           "(丢弃日志行数).",
                           status_.log_lines_dropped));
  add_limit_series(status_.limits, families);
  add_store_series(status_.store, families);
  return families;
}

std::vector<prometheus::MetricFamily> HttpCollectable::Collect() const {
  std::vector<prometheus::MetricFamily> families;

  auto requests = counter_family("deskpulse_http_requests_total",
                                 "HTTP requests answered, by path and status code (请求数).");
  for (const auto& [key, value] : counts_.requests) {
    add_series(requests, static_cast<double>(value),
               {{"path", key.first}, {"code", std::to_string(key.second)}});
  }
  families.push_back(std::move(requests));

  prometheus::MetricFamily durations{
      "deskpulse_http_request_duration_seconds",
      "From the whole request to the last byte of its response (请求耗时).",
      prometheus::MetricType::Summary,
      {}};
  for (const auto& [path, timing] : counts_.durations) {
    prometheus::ClientMetric& metric = durations.metric.emplace_back();
    metric.label = {{"path", path}};
    metric.summary.sample_count = timing.count;
    metric.summary.sample_sum = timing.seconds;
  }
  families.push_back(std::move(durations));

  families.push_back(
      one(gauge_family("deskpulse_http_connections", "HTTP connections open now (当前连接数)."),
          static_cast<double>(counts_.connections)));
  families.push_back(one(gauge_family("deskpulse_http_streams",
                                      "Of the HTTP connections, streams of events (当前推送流数)."),
                         static_cast<double>(counts_.streams)));
  families.push_back(one(gauge_family("deskpulse_http_connections_limit",
                                      "HTTP connections that may be open at once (连接数上限)."),
                         static_cast<double>(counts_.connections_limit)));
  auto closed = counter_family("deskpulse_http_closed_connections_total",
                               "HTTP connections that were closed though their peer would have "
                               "kept them, by reason (关闭连接数).");
  for (std::size_t i = 0; i < http::kCloseReasons; ++i) {
    add_series(closed, static_cast<double>(counts_.closed.at(i)),
               {{"reason", std::string(label_of(static_cast<http::CloseReason>(i)))}});
  }
  families.push_back(std::move(closed));
  families.push_back(count("deskpulse_http_refused_connections_total",
                           "HTTP connections closed because there were too many and none of the "
                           "others could be spared (拒绝连接数).",
                           counts_.closed_by(http::CloseReason::refused)));
  families.push_back(count("deskpulse_http_evicted_connections_total",
                           "HTTP connections that asked nothing, or did not take their response, "
                           "closed to make room for others (腾退连接数).",
                           counts_.closed_by(http::CloseReason::evicted)));
  families.push_back(count("deskpulse_http_accept_failures_total",
                           "HTTP connections that could not be accepted, such as for want of file "
                           "descriptors (接受连接失败次数).",
                           counts_.accept_failures));
  families.push_back(
      one(gauge_family("deskpulse_http_held_bytes",
                       "Memory of the HTTP responses that are being sent (发送中的响应字节数)."),
          static_cast<double>(counts_.held_bytes)));
  families.push_back(one(gauge_family("deskpulse_http_held_bytes_limit",
                                      "The most that it may be (发送中的响应字节数上限)."),
                         static_cast<double>(counts_.held_bytes_limit)));
  if (counts_.certificate) {
    families.push_back(one(
        gauge_family("deskpulse_http_certificate_expiry_timestamp_seconds",
                     "Until when the certificate of the HTTP listener is good (证书到期时间)."),
        static_cast<double>(std::chrono::system_clock::to_time_t(counts_.certificate->expiry))));
    families.push_back(count("deskpulse_http_certificate_failures_total",
                             "Times that changed certificate files could not be used, and the old "
                             "certificate stayed (证书更新失败次数).",
                             counts_.certificate->failures));
  }
  return families;
}

}  // namespace deskpulse::metrics
