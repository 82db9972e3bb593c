#include "daemon/serve/metrics_server.hpp"

#include <array>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "daemon/serve/content_coding.hpp"
#include "daemon/serve/exposition.hpp"
#include "daemon/serve/own_series.hpp"
#include "daemon/serve/text_serializer.hpp"

namespace deskpulse::serve {
namespace {

/// Prometheus 3 fails a scrape without it.
constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

constexpr std::string_view kIndexPage = R"(<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>deskpulse</title></head>
<body>
<h1>deskpulse</h1>
<p>客服实时数据 · Live numbers of customer service</p>
<ul>
<li><a href="/metrics">/metrics</a>: 店铺指标与自身状态 · numbers of the shops, and of the daemon itself</li>
<li><a href="/metrics/agents">/metrics/agents</a>: 客服指标 · numbers of the agents</li>
<li><a href="/-/ready">/-/ready</a>: 数据是否实时 · whether the numbers are live</li>
<li><a href="/-/healthy">/-/healthy</a>: 进程是否存活 · whether the process is alive</li>
</ul>
</body>
</html>
)";

Response static_response(std::string_view type, std::string_view body) {
  Response response;
  response.content_type = type;
  response.body = body;
  return response;
}

}  // namespace

/// What the endpoints say. Everything happens on the HTTP thread; only `filled` may come from
/// another, and does no more than post.
class MetricsServer::Pages : public std::enable_shared_from_this<Pages> {
 public:
  Pages(BuildInfo build, std::chrono::milliseconds feed_deadline, TakeMoment take_moment)
      : build_(std::move(build)),
        feed_deadline_(feed_deadline),
        take_moment_(std::move(take_moment)) {}

  Routes routes() {
    Routes routes;
    const auto weak = weak_from_this();
    const auto from_a_moment = [weak](Page page) {
      return [weak, page](const Request& request, Reply reply) {
        if (const auto pages = weak.lock()) pages->wait(page, request.accepts_gzip, reply);
      };
    };
    routes.add("/metrics", from_a_moment(Page::shops));
    routes.add("/metrics/agents", from_a_moment(Page::agents));
    routes.add("/-/ready", from_a_moment(Page::ready));
    routes.add("/-/healthy", [](const Request&, const Reply& reply) {
      reply(static_response("text/plain; charset=utf-8", "ok\n"));
    });
    routes.add("/", [](const Request&, const Reply& reply) {
      reply(static_response("text/html; charset=utf-8", kIndexPage));
    });
    return routes;
  }

  /// `server` must outlive every request.
  void serve_through(HttpServer& server) {
    server_ = &server;
    post_ = server.poster();
  }

 private:
  enum class Page : std::uint8_t { shops, agents, ready };

  /// A request that waits for a moment of the feed's thread.
  struct Waiting {
    std::uint64_t number;
    Page page;
    bool gzip;
    Reply reply;
  };

  /// Buffers of one page, kept for the next time unless a slow peer is still being sent them.
  struct Rendering {
    std::shared_ptr<TextBuffer> plain;
    std::shared_ptr<TextBuffer> gzip;
    bool is_rendered = false;
    bool is_compressed = false;
  };

  void wait(Page page, bool gzip, Reply reply) {
    const std::uint64_t number = ++last_number_;
    waiting_.push_back({number, page, gzip, std::move(reply)});
    server_->after(feed_deadline_, [weak = weak_from_this(), number] {
      if (const auto pages = weak.lock()) pages->give_up(number);
    });
    if (is_asked_) return;  // joins those who wait already
    is_asked_ = true;
    take_moment_(moment_, [weak = weak_from_this(), post = post_] {
      post([weak] {
        if (const auto pages = weak.lock()) pages->answer();
      });
    });
  }

  void give_up(std::uint64_t number) {
    for (auto waiting = waiting_.begin(); waiting != waiting_.end(); ++waiting) {
      if (waiting->number != number) continue;
      const Reply reply = std::move(waiting->reply);
      waiting_.erase(waiting);
      return reply(text_response(
          503, "The thread that reads the feed is busy and gave no numbers in time; try again.\n"));
    }
  }

  void answer() {
    is_asked_ = false;
    for (Rendering& rendering : renderings_) {
      rendering.is_rendered = false;
      rendering.is_compressed = false;
    }
    for (const Waiting& waiting : std::exchange(waiting_, {})) {
      waiting.reply(waiting.page == Page::ready ? readiness() : metrics(waiting));
    }
  }

  Response readiness() const {
    const std::string_view reason = not_ready_reason(moment_->status);
    Response response =
        text_response(reason.empty() ? 200 : 503,
                      std::string("{\"ready\":") + (reason.empty() ? "true" : "false") +
                          ",\"reason\":\"" + std::string(reason) + "\"}\n");
    response.content_type = "application/json";
    return response;
  }

  Response metrics(const Waiting& waiting) {
    Rendering& rendering = renderings_[waiting.page == Page::agents ? 1 : 0];
    if (!rendering.is_rendered) render(waiting.page, free_buffer(rendering.plain));
    rendering.is_rendered = true;
    if (waiting.gzip && !rendering.is_compressed) {
      gzip_.compress(rendering.plain->view(), free_buffer(rendering.gzip));
      rendering.is_compressed = true;
    }
    const std::shared_ptr<TextBuffer>& body = waiting.gzip ? rendering.gzip : rendering.plain;
    Response response;
    response.content_type = kExpositionType;
    response.body = body->view();
    response.body_owner = body;
    response.negotiated = true;
    response.gzip = waiting.gzip;
    return response;
  }

  static TextBuffer& free_buffer(std::shared_ptr<TextBuffer>& buffer) {
    if (buffer == nullptr || buffer.use_count() > 1) buffer = std::make_shared<TextBuffer>();
    buffer->clear();
    return *buffer;
  }

  void render(Page page, TextBuffer& text) {
    const engine::Report& report = moment_->report;
    const bool has_report = report.directory != nullptr && report.scopes != nullptr;
    if (page == Page::agents) {
      if (has_report) exposition_.append_agents(report, text);
      return;
    }
    std::ostringstream own;
    const TextSerializer serializer;
    serializer.Serialize(own, StatusCollectable(build_, moment_->status, report).Collect());
    serializer.Serialize(own, HttpCollectable(server_->counts()).Collect());
    serializer.Serialize(own, ProcessCollectable().Collect());
    text.append(own.str());
    if (has_report) exposition_.append_shops(report, text);
  }

  const BuildInfo build_;
  const std::chrono::milliseconds feed_deadline_;
  const TakeMoment take_moment_;
  HttpServer* server_ = nullptr;
  std::function<void(std::function<void()>)> post_;

  // Given to the feed's thread while is_asked_, and not touched here then.
  const std::shared_ptr<Moment> moment_ = std::make_shared<Moment>();
  bool is_asked_ = false;
  std::uint64_t last_number_ = 0;
  std::vector<Waiting> waiting_;
  std::array<Rendering, 2> renderings_;  // shops, agents
  Exposition exposition_;
  Gzip gzip_;
};

MetricsServer::MetricsServer(MetricsSettings settings, TakeMoment take_moment)
    : pages_(std::make_shared<Pages>(std::move(settings.build), settings.feed_deadline,
                                     std::move(take_moment))),
      server_(std::make_unique<HttpServer>(std::move(settings.http), pages_->routes())) {
  pages_->serve_through(*server_);
}
MetricsServer::~MetricsServer() { stop(); }

std::uint16_t MetricsServer::start() { return server_->start(); }
void MetricsServer::stop() { server_->stop(); }

}  // namespace deskpulse::serve
