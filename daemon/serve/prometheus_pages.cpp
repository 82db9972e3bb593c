#include "daemon/serve/prometheus_pages.hpp"

#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/serve/own_series.hpp"
#include "daemon/serve/text_serializer.hpp"

namespace deskpulse::serve {
namespace {

/// Prometheus 3 fails a scrape without it.
constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

Response busy() {
  return text_response(
      503, "The thread that reads the feed is busy and gave no numbers in time; try again.\n");
}

Response readiness(const Moment& moment) {
  const std::string_view reason = not_ready_reason(moment.status);
  Response response = text_response(
      reason.empty() ? 200 : 503, std::string("{\"ready\":") + (reason.empty() ? "true" : "false") +
                                      ",\"reason\":\"" + std::string(reason) + "\"}\n");
  response.content_type = "application/json";
  return response;
}

TextBuffer& free_buffer(std::shared_ptr<TextBuffer>& buffer) {
  if (buffer == nullptr || buffer.use_count() > 1) buffer = std::make_shared<TextBuffer>();
  buffer->clear();
  return *buffer;
}

}  // namespace

PrometheusPages::PrometheusPages(BuildInfo build, std::shared_ptr<Moments> moments)
    : build_(std::move(build)), moments_(std::move(moments)) {}

void PrometheusPages::add_routes(Routes& routes) {
  const auto page = [weak = weak_from_this()](Page which) {
    return [weak, which](const Request& request, Reply reply) {
      if (const auto pages = weak.lock())
        pages->answer(which, request.accepts_gzip, std::move(reply));
    };
  };
  routes.add("/metrics", page(Page::shops));
  routes.add("/metrics/agents", page(Page::agents));
  routes.add("/-/ready", [moments = moments_](const Request&, Reply reply) {
    moments->next([reply = std::move(reply)](const Moment* moment) {
      reply(moment == nullptr ? busy() : readiness(*moment));
    });
  });
  routes.add("/-/healthy",
             [](const Request&, const Reply& reply) { reply(text_response(200, "ok\n")); });
}

void PrometheusPages::answer(Page page, bool gzip, Reply reply) {
  moments_->next(
      [weak = weak_from_this(), page, gzip, reply = std::move(reply)](const Moment* moment) {
        const auto pages = weak.lock();
        if (pages == nullptr) return;
        reply(moment == nullptr ? busy() : pages->metrics(*moment, page, gzip));
      });
}

Response PrometheusPages::metrics(const Moment& moment, Page page, bool gzip) {
  Rendering& rendering = renderings_[page == Page::agents ? 1 : 0];
  const std::uint64_t number = moments_->number();
  if (std::exchange(rendering.plain_of, number) != number)
    render(moment, page, free_buffer(rendering.plain));
  if (gzip && std::exchange(rendering.gzip_of, number) != number)
    gzip_.compress(rendering.plain->view(), free_buffer(rendering.gzip));
  const std::shared_ptr<TextBuffer>& body = gzip ? rendering.gzip : rendering.plain;
  Response response;
  response.content_type = kExpositionType;
  response.body = body->view();
  response.body_owner = body;
  response.negotiated = true;
  response.gzip = gzip;
  return response;
}

void PrometheusPages::render(const Moment& moment, Page page, TextBuffer& text) {
  const engine::Report& report = moment.report;
  const bool has_report = report.directory != nullptr && report.scopes != nullptr;
  if (page == Page::agents) {
    if (has_report) exposition_.append_agents(report, text);
    return;
  }
  std::ostringstream own;
  const TextSerializer serializer;
  serializer.Serialize(own, StatusCollectable(build_, moment.status, report).Collect());
  serializer.Serialize(own, HttpCollectable(counts_()).Collect());
  serializer.Serialize(own, ProcessCollectable().Collect());
  text.append(own.str());
  if (has_report) exposition_.append_shops(report, text);
}

}  // namespace deskpulse::serve
