// The daemon's HTTP endpoints: metrics for Prometheus, health for whoever supervises it, the live
// numbers as JSON for the wall.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "daemon/http/http_server.hpp"
#include "daemon/moment/moment.hpp"
#include "daemon/moment/status.hpp"

namespace deskpulse::serve {

class LiveApi;
class MomentCoalescer;
class PrometheusPages;

struct DaemonServerSettings {
  http::HttpSettings http;
  moment::BuildInfo build;
  std::chrono::milliseconds feed_deadline{5'000};  ///< then 503
  /// Between two moments at least: who asks sooner waits so long at most.
  std::chrono::milliseconds moments_apart{100};
};

/// `/metrics` and the pages beside it (prometheus_pages.hpp), `/api/v1` (live_api.hpp), `/`. One
/// moment at a time is asked of the feed's thread, and who comes meanwhile shares it and its
/// rendering; rendering and compressing are done on the HTTP thread.
class DaemonServer {
 public:
  DaemonServer(DaemonServerSettings settings, moment::TakeMoment take_moment,
               http::HttpServer::OnFailure on_failure = {});
  ~DaemonServer();  ///< stops
  DaemonServer(const DaemonServer&) = delete;
  DaemonServer& operator=(const DaemonServer&) = delete;

  /// See HttpServer.
  std::uint16_t start();
  void stop();
  void set_access(std::shared_ptr<http::Access> access);
  std::function<void(std::function<void()>)> poster();

 private:
  const std::shared_ptr<MomentCoalescer> moments_;
  const std::shared_ptr<PrometheusPages> pages_;
  const std::shared_ptr<LiveApi> api_;
  const std::unique_ptr<http::HttpServer> server_;
};

}  // namespace deskpulse::serve
