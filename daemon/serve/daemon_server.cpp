#include "daemon/serve/daemon_server.hpp"

#include <string_view>
#include <utility>

#include "daemon/serve/assets.hpp"
#include "daemon/serve/live_api.hpp"
#include "daemon/serve/moment_coalescer.hpp"
#include "daemon/serve/prometheus_pages.hpp"

namespace deskpulse::serve {
namespace {

constexpr std::string_view kIndexPage = R"(<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>deskpulse</title></head>
<body>
<h1>deskpulse</h1>
<p>客服实时数据 · Live numbers of customer service</p>
<ul>
<li><a href="/wall">/wall</a>: 大屏 · the page for the hall</li>
<li><a href="/metrics">/metrics</a>: 店铺指标与自身状态 · numbers of the shops, and of the daemon itself</li>
<li><a href="/metrics/agents">/metrics/agents</a>: 客服指标 · numbers of the agents</li>
<li><a href="/api/v1/snapshot">/api/v1/snapshot</a>: 此刻的全部数据 · all of this moment, as JSON</li>
<li><a href="/api/v1/waiting">/api/v1/waiting</a>: 等待中的顾客 · the customers who wait, as JSON</li>
<li><a href="/-/ready">/-/ready</a>: 数据是否实时 · whether the numbers are live</li>
<li><a href="/-/healthy">/-/healthy</a>: 进程是否正常工作 · whether the process does its work</li>
</ul>
</body>
</html>
)";

http::Routes all_routes(PrometheusPages& pages, LiveApi& api) {
  http::Routes routes;
  pages.add_routes(routes);
  api.add_routes(routes);
  add_wall(routes);
  routes.add("/", [](const http::Request&, const http::Reply& reply) {
    http::Response response;
    response.content_type = "text/html; charset=utf-8";
    response.body = kIndexPage;
    reply(response);
  });
  return routes;
}

}  // namespace

DaemonServer::DaemonServer(DaemonServerSettings settings, moment::TakeMoment take_moment,
                           http::HttpServer::OnFailure on_failure)
    : moments_(std::make_shared<MomentCoalescer>(std::move(take_moment), settings.feed_deadline,
                                                 settings.moments_apart)),
      pages_(std::make_shared<PrometheusPages>(std::move(settings.build), moments_)),
      api_(std::make_shared<LiveApi>(moments_)),
      server_(std::make_unique<http::HttpServer>(
          std::move(settings.http), all_routes(*pages_, *api_), std::move(on_failure))) {
  const AskingThread thread{[this](std::chrono::milliseconds delay, std::function<void()> work) {
                              server_->after(delay, std::move(work));
                            },
                            server_->poster()};
  moments_->ask_from(thread);
  pages_->count_with([this]() -> const http::HttpCounts& { return server_->counts(); });
  api_->start(thread);
}
DaemonServer::~DaemonServer() { stop(); }

std::uint16_t DaemonServer::start() { return server_->start(); }
void DaemonServer::stop() { server_->stop(); }
void DaemonServer::set_access(std::shared_ptr<http::Access> access) {
  server_->set_access(std::move(access));
}
std::function<void(std::function<void()>)> DaemonServer::poster() { return server_->poster(); }

}  // namespace deskpulse::serve
