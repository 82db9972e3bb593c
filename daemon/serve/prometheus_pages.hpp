// The pages for Prometheus, and for whoever asks whether the daemon is well.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "daemon/http/content_coding.hpp"
#include "daemon/http/http_counts.hpp"
#include "daemon/http/routes.hpp"
#include "daemon/metrics/exposition.hpp"
#include "daemon/moment/status.hpp"
#include "daemon/serve/moment_coalescer.hpp"
#include "daemon/serve/rendering.hpp"

namespace deskpulse::serve {

/// `/metrics` (the daemon's own series and deskpulse_shop_*), `/metrics/agents`, `/-/ready`,
/// `/-/healthy`. Scrapes that share a moment share its rendering. Everything happens on the
/// server's thread.
class PrometheusPages : public std::enable_shared_from_this<PrometheusPages> {
 public:
  /// `counts` is called on the server's thread, at each rendering.
  using Counts = std::function<const http::HttpCounts&()>;

  PrometheusPages(moment::BuildInfo build, std::shared_ptr<MomentCoalescer> moments);

  void add_routes(http::Routes& routes);
  /// Before the first request.
  void count_with(Counts counts) { counts_ = std::move(counts); }

 private:
  enum class Page : std::uint8_t { shops, agents };

  /// One page of one moment.
  struct Newest {
    std::shared_ptr<text::TextBuffer>
        text;  ///< used again, unless a slow peer is still being sent it
    std::optional<Rendering> rendering;
    std::uint64_t moment = 0;  ///< its number
  };

  void answer(Page page, bool gzip, http::Reply reply);
  http::Response metrics(const moment::Moment& moment, Page page, bool gzip);
  void render(const moment::Moment& moment, Page page, text::TextBuffer& text);

  const moment::BuildInfo build_;
  const std::shared_ptr<MomentCoalescer> moments_;
  Counts counts_;
  std::array<Newest, 2> newest_;  // by Page
  metrics::Exposition exposition_;
  http::Gzip gzip_;
};

}  // namespace deskpulse::serve
