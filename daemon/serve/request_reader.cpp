#include "daemon/serve/request_reader.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include "daemon/serve/content_coding.hpp"

namespace deskpulse::serve {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::empty_body>;

constexpr std::size_t kReadSize = 4096;

struct Target {
  std::string_view authority;  ///< empty in the usual form, which has the path alone
  std::string_view path;
  std::string_view query;
};

Target parse_target(std::string_view text) {
  Target target;
  for (const std::string_view scheme : {"http://", "https://"}) {  // as to a proxy; always allowed
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    const std::size_t path = text.find_first_of("/?");
    target.authority = text.substr(0, path);
    text = path == std::string_view::npos ? "/" : text.substr(path);
    break;
  }
  const std::size_t path_end = text.find('?');
  target.path = text.substr(0, path_end);
  if (path_end != std::string_view::npos) target.query = text.substr(path_end + 1);
  return target;
}

ReceivedRequest::Method method_of(http::verb verb) {
  if (verb == http::verb::get) return ReceivedRequest::Method::get;
  if (verb == http::verb::head) return ReceivedRequest::Method::head;
  return ReceivedRequest::Method::other;
}

ReceivedRequest refused(unsigned status, std::string_view sentence) {
  ReceivedRequest received;
  received.refusal = Refusal{status, sentence};
  return received;
}

ReceivedRequest read_header(const Parser& parser) {
  const auto& message = parser.get();
  const auto field = [&](http::field name) {
    const auto value = message[name];
    return std::string(value.data(), value.size());
  };
  const Target target = parse_target({message.target().data(), message.target().size()});
  ReceivedRequest received;
  received.request = {.path = std::string(target.path),
                      .query = std::string(target.query),
                      .accepts_gzip = accepts_gzip(field(http::field::accept_encoding)),
                      .host = field(http::field::host),
                      .origin = field(http::field::origin),
                      .if_none_match = field(http::field::if_none_match)};
  received.method = method_of(message.method());
  received.authorization = field(http::field::authorization);
  received.keep_alive = message.keep_alive() && parser.is_done();

  const std::size_t hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) {
    received.refusal = Refusal{400, "An HTTP/1.1 request has one Host."};
  }
  if (!target.authority.empty()) received.request.host = target.authority;
  return received;
}

}  // namespace

struct RequestReader::Parts {
  std::size_t max_header_bytes;
  boost::beast::flat_buffer buffer;
  std::optional<Parser> parser;

  explicit Parts(std::size_t max)
      : max_header_bytes(max),
        // A header that is too large by less than a whole read, and one more read.
        buffer(max + 2 * kReadSize) {}
};

RequestReader::RequestReader(std::size_t max_header_bytes)
    : parts_(std::make_unique<Parts>(max_header_bytes)) {}
RequestReader::~RequestReader() = default;

std::span<char> RequestReader::room() {
  const auto room = parts_->buffer.prepare(kReadSize);
  return {static_cast<char*>(room.data()), room.size()};
}

void RequestReader::commit(std::size_t size) { parts_->buffer.commit(size); }

std::optional<ReceivedRequest> RequestReader::next() {
  if (is_empty()) return std::nullopt;
  if (!parts_->parser) {
    parts_->parser.emplace();
    parts_->parser->header_limit(static_cast<std::uint32_t>(parts_->max_header_bytes));
    parts_->parser->body_limit(boost::none);  // however large, it is not read
  }
  boost::system::error_code error;
  parts_->buffer.consume(parts_->parser->put(parts_->buffer.data(), error));
  const bool is_short = error == http::error::need_more;
  if (is_short && parts_->buffer.size() <= parts_->max_header_bytes) return std::nullopt;

  ReceivedRequest received;
  if (is_short || error == http::error::header_limit) {
    received = refused(431, "The request's header is too large.");
  } else if (error) {
    received = refused(400, "This is not an HTTP request.");
  } else {
    received = read_header(*parts_->parser);
  }
  parts_->parser.reset();
  return received;
}

bool RequestReader::is_empty() const { return parts_->buffer.size() == 0; }

}  // namespace deskpulse::serve
