// The daemon's HTTP endpoints: metrics for Prometheus, health for whoever supervises it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "daemon/engine/report.hpp"
#include "daemon/serve/http_server.hpp"
#include "daemon/serve/status.hpp"

namespace deskpulse::serve {

/// One moment of the daemon: the engine's numbers and the feed's state, taken together.
struct Moment {
  engine::Report report;
  Status status;
};

/// The seam to the thread that owns the feed and the engine. Called on the HTTP thread; must return
/// at once. It has the owner fill `moment` on its own thread (its buffers are warm from the last
/// time) and then call `filled`, once, from whatever thread. Never calling it is allowed: then the
/// scrapes that wait are told so after `feed_deadline`.
///     [&](std::shared_ptr<Moment> moment, std::function<void()> filled) {
///       asio::post(feed_context, [&, moment, filled = std::move(filled)] {
///         engine.report(moment->report); …; filled(); }); }
using TakeMoment =
    std::function<void(std::shared_ptr<Moment> moment, std::function<void()> filled)>;

struct MetricsSettings {
  HttpSettings http;
  BuildInfo build;
  std::chrono::milliseconds feed_deadline{5'000};  ///< then 503
};

/// `/metrics` (the daemon's own series and deskpulse_shop_*), `/metrics/agents`, `/-/healthy`,
/// `/-/ready`, `/`. One moment at a time is asked of the feed's thread, and scrapes that come
/// meanwhile share it and its rendering; rendering and compressing are done on the HTTP thread.
class MetricsServer {
 public:
  MetricsServer(MetricsSettings settings, TakeMoment take_moment);
  ~MetricsServer();  ///< stops
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  /// See HttpServer.
  std::uint16_t start();
  void stop();

 private:
  class Pages;
  std::shared_ptr<Pages> pages_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace deskpulse::serve
