#include "daemon/http/response_head.hpp"

#include <array>
#include <boost/beast/http/status.hpp>
#include <ctime>

namespace deskpulse::http {
namespace {

namespace http = boost::beast::http;

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

class Head {
 public:
  explicit Head(unsigned status)
      : text_("HTTP/1.1 " + std::to_string(status) + ' ' +
              std::string(http::obsolete_reason(http::int_to_status(status))) + "\r\n") {
    field("Date", http_date());
    field("Server", "deskpulse");
  }
  void field(std::string_view name, std::string_view value) {
    text_.append(name).append(": ").append(value).append("\r\n");
  }
  /// Nothing of ours is for the scripts, frames and pictures of another site.
  void keep_in_bounds(std::string_view content_security_policy) {
    field("X-Content-Type-Options", "nosniff");
    field("Content-Security-Policy", content_security_policy);
    field("Cross-Origin-Resource-Policy", "same-origin");
    field("Referrer-Policy", "no-referrer");
  }
  std::string end(std::string_view connection) && {
    field("Connection", connection);
    return std::move(text_) + "\r\n";
  }

 private:
  std::string text_;
};

}  // namespace

std::string head_of(const Response& response, bool keep_alive) {
  Head head(response.status);
  if (response.status != 304) {
    head.field("Content-Type", response.content_type);
    head.field("Content-Length", std::to_string(response.body.size()));
    if (response.gzip) head.field("Content-Encoding", "gzip");
  }
  if (response.negotiated) head.field("Vary", "Accept-Encoding");
  if (!response.etag.empty()) head.field("ETag", response.etag);
  if (response.status == 401) {
    head.field("WWW-Authenticate", "Basic realm=\"deskpulse\", charset=\"UTF-8\"");
  }
  if (response.status == 405) head.field("Allow", "GET, HEAD");
  if (response.status == 503) head.field("Retry-After", "1");
  head.field("Cache-Control", response.cache_control);
  head.keep_in_bounds(response.content_security_policy);
  return std::move(head).end(keep_alive ? "keep-alive" : "close");
}

std::string head_of_stream() {
  Head head(200);
  head.field("Content-Type", "text/event-stream");
  head.field("Cache-Control", "no-store");
  head.field("X-Accel-Buffering", "no");  // a proxy in between must not collect events
  head.keep_in_bounds(Response{}.content_security_policy);
  return std::move(head).end("close");
}

Response refusal(std::string_view path, unsigned status, std::string_view sentence) {
  if (!path.starts_with("/api/")) return text_response(status, std::string(sentence) + '\n');
  Response response = text_response(status, "{\"error\":\"" + std::string(sentence) + "\"}\n");
  response.content_type = "application/json";
  return response;
}

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    const std::size_t comma = if_none_match.find(',');
    std::string_view tag = if_none_match.substr(0, comma);
    if_none_match.remove_prefix(comma == std::string_view::npos ? if_none_match.size() : comma + 1);
    while (!tag.empty() && (tag.front() == ' ' || tag.front() == '\t')) tag.remove_prefix(1);
    while (!tag.empty() && (tag.back() == ' ' || tag.back() == '\t')) tag.remove_suffix(1);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

}  // namespace deskpulse::http
