// What the HTTP server answers: a small table from path to handler, free of any transport.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace deskpulse::http {

/// A GET or HEAD request, as far as a handler needs it.
struct Request {
  std::string path;   ///< without the query
  std::string query;  ///< behind the `?`, undecoded; empty when there is none
  bool accepts_gzip = false;
  std::string host;           ///< as the peer wrote it, port included; an allowed one
  std::string origin;         ///< empty when not sent, as by every program but browsers
  std::string if_none_match;  ///< empty when not sent
};

/// One answer. The body is borrowed, since many scrapes may get the same one.
struct Response {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";  ///< static text
  std::string_view body;
  std::shared_ptr<const void> body_owner;  ///< keeps `body` until it is sent; null for static text
  bool negotiated = false;                 ///< the body depends on Accept-Encoding
  bool gzip = false;                       ///< the body is compressed already
  std::string etag;                        ///< with its quotes; empty: none
  std::string_view cache_control = "no-store";  ///< static text
  /// Content-Security-Policy; static text. The default lets a browser do nothing with it.
  std::string_view content_security_policy = "default-src 'none'; frame-ancestors 'none'";
};

Response text_response(unsigned status, std::string text);

/// Gives the answer, once, on the server's thread; it may be called before the handler returns or
/// later, and does nothing when the connection has ended meanwhile.
using Reply = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Reply)>;

struct StreamReply;  // event_stream.hpp
/// Answers a request for a stream of events. A foreign `Origin` does not get this far.
using StreamHandler = std::function<void(const Request&, StreamReply)>;

/// Exact paths only. Paths come from this table, so they are a closed set and may be label values.
class Routes {
 public:
  void add(std::string path, Handler handler);
  void add_stream(std::string path, StreamHandler handler);
  /// Null when there is none.
  const Handler* find(std::string_view path) const;
  const StreamHandler* find_stream(std::string_view path) const;

 private:
  std::map<std::string, Handler, std::less<>> handlers_;
  std::map<std::string, StreamHandler, std::less<>> stream_handlers_;
};

}  // namespace deskpulse::http
