#include "daemon/serve/prometheus_pages.hpp"

#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/metrics/own_series.hpp"
#include "daemon/metrics/text_serializer.hpp"

namespace deskpulse::serve {
namespace {

/// Prometheus 3 fails a scrape without it.
constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

http::Response busy() {
  return http::text_response(
      503,
      "The thread that reads the feed is busy and gave no numbers in time, or there is no memory "
      "for them; try again.\n");
}

http::Response readiness(const moment::Moment& moment) {
  const std::string_view reason = moment::not_ready_reason(moment.status);
  http::Response response = http::text_response(
      reason.empty() ? 200 : 503, std::string("{\"ready\":") + (reason.empty() ? "true" : "false") +
                                      ",\"reason\":\"" + std::string(reason) + "\"}\n");
  response.content_type = "application/json";
  return response;
}

}  // namespace

PrometheusPages::PrometheusPages(moment::BuildInfo build, std::shared_ptr<MomentCoalescer> moments)
    : build_(std::move(build)), moments_(std::move(moments)) {}

void PrometheusPages::add_routes(http::Routes& routes) {
  const auto page = [weak = weak_from_this()](Page which) {
    return [weak, which](const http::Request& request, http::Reply reply) {
      if (const auto pages = weak.lock())
        pages->answer(which, request.accepts_gzip, std::move(reply));
    };
  };
  routes.add("/metrics", page(Page::shops));
  routes.add("/metrics/agents", page(Page::agents));
  routes.add("/-/ready", [moments = moments_](const http::Request&, http::Reply reply) {
    moments->next([reply = std::move(reply)](const moment::Moment* moment) {
      reply(moment == nullptr ? busy() : readiness(*moment));
    });
  });
  // Both threads are alive where a moment goes from one to the other.
  routes.add("/-/healthy", [moments = moments_](const http::Request&, http::Reply reply) {
    moments->next([reply = std::move(reply)](const moment::Moment* moment) {
      reply(moment == nullptr ? busy() : http::text_response(200, "ok\n"));
    });
  });
}

void PrometheusPages::answer(Page page, bool gzip, http::Reply reply) {
  moments_->next([weak = weak_from_this(), page, gzip,
                  reply = std::move(reply)](const moment::Moment* moment) {
    const auto pages = weak.lock();
    if (pages == nullptr) return;
    reply(moment == nullptr ? busy() : pages->metrics(*moment, page, gzip));
  });
}

http::Response PrometheusPages::metrics(const moment::Moment& moment, Page page, bool gzip) {
  Newest& newest = newest_[page == Page::agents ? 1 : 0];
  const std::uint64_t number = moments_->number();
  if (!newest.rendering || newest.moment != number) {
    newest.moment = number;
    newest.rendering.reset();
    if (newest.text == nullptr || newest.text.use_count() > 1)
      newest.text = std::make_shared<text::TextBuffer>();
    newest.text->clear();
    render(moment, page, *newest.text);
    newest.rendering.emplace(kExpositionType, newest.text->view(), newest.text);
  }
  return newest.rendering->response(gzip, gzip_);
}

void PrometheusPages::render(const moment::Moment& moment, Page page, text::TextBuffer& text) {
  const engine::Report& report = moment.report;
  const bool has_report = report.directory != nullptr && report.scopes != nullptr;
  if (page == Page::agents) {
    if (has_report) exposition_.append_agents(report, text);
    return;
  }
  std::ostringstream own;
  const metrics::TextSerializer serializer;
  serializer.Serialize(own, metrics::StatusCollectable(build_, moment.status, report).Collect());
  serializer.Serialize(own, metrics::HttpCollectable(counts_()).Collect());
  serializer.Serialize(own, metrics::ProcessCollectable().Collect());
  text.append(own.str());
  if (has_report) exposition_.append_shops(report, text);
}

}  // namespace deskpulse::serve
