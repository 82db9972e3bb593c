#include "daemon/serve/http_server.hpp"

#include <pthread.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cstring>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daemon/serve/content_coding.hpp"

namespace deskpulse::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;

/// How long a peer may take to notice that we have closed our side.
constexpr std::chrono::seconds kLinger{2};
/// Between two attempts to accept when the process is out of file descriptors.
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::size_t kReadSize = 4096;
/// The path in counts of everything that is no route.
constexpr std::string_view kOtherPath = "other";

std::string reason_phrase(unsigned status) {
  return std::string(http::obsolete_reason(http::int_to_status(status)));
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

std::string head_of(const Response& response, bool keep_alive) {
  std::string head =
      "HTTP/1.1 " + std::to_string(response.status) + ' ' + reason_phrase(response.status) + "\r\n";
  const auto field = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  field("Date", http_date());
  field("Server", "deskpulse");
  field("Content-Type", response.content_type);
  field("Content-Length", std::to_string(response.body.size()));
  if (response.gzip) field("Content-Encoding", "gzip");
  if (response.negotiated) field("Vary", "Accept-Encoding");
  if (response.status == 405) field("Allow", "GET, HEAD");
  if (response.status == 503) field("Retry-After", "1");
  field("Cache-Control", "no-store");
  field("X-Content-Type-Options", "nosniff");
  field("Content-Security-Policy", response.content_security_policy);
  field("Referrer-Policy", "no-referrer");
  field("Connection", keep_alive ? "keep-alive" : "close");
  head += "\r\n";
  return head;
}

std::string endpoint_text(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? '[' + address + ']' : address) + ':' + std::to_string(port);
}

[[noreturn]] void cannot_listen(const HttpSettings& settings, const error_code& error) {
  std::string advice = "choose another address or port for HTTP";
  if (error == asio::error::address_in_use) {
    advice = "stop the program that has this port, or choose another one for HTTP";
  } else if (error == asio::error::access_denied) {
    advice = "ports below 1024 need a privilege: choose a higher one for HTTP";
  } else if (error == boost::system::errc::address_not_available) {
    advice = "this machine has no such address: choose one it has, such as 127.0.0.1";
  }
  throw std::runtime_error("cannot listen on " + endpoint_text(settings.address, settings.port) +
                           ": " + error.message() + "; " + advice);
}

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(HttpSettings http_settings, Routes route_table)
      : settings(std::move(http_settings)), routes(std::move(route_table)), acceptor_(context) {}

  std::uint16_t start();
  void stop();

  const HttpSettings settings;
  const Routes routes;
  HttpCounts counts;

 private:
  class Connection;

  void accept();
  void on_accept(const error_code& error, tcp::socket socket);

  std::unordered_set<Connection*> connections_;

 public:
  // Destroyed before what stands above, since that destroys the connections that wait in it.
  asio::io_context context{1};

 private:
  tcp::acceptor acceptor_;
  std::thread thread_;
};

/// One peer: reads a request, has it answered, writes the response, again. Lives as long as one of
/// its operations does.
class HttpServer::Impl::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Impl& server, tcp::socket socket)
      : server_(server),
        stream_(std::move(socket)),
        buffer_(server.settings.max_header_bytes + kReadSize) {
    server_.connections_.insert(this);
    ++server_.counts.connections;
  }
  ~Connection() {
    server_.connections_.erase(this);
    --server_.counts.connections;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void next_request() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_.settings.max_header_bytes));
    if (buffer_.size() != 0) return read_header();  // the peer did not wait for our answer
    stream_.expires_after(server_.settings.idle_deadline);
    stream_.async_read_some(buffer_.prepare(kReadSize),
                            [self = shared_from_this()](const error_code& error, std::size_t size) {
                              if (error) return;
                              self->buffer_.commit(size);
                              self->read_header();
                            });
  }

  void close() {
    stream_.close();
    awaiting_reply_.reset();  // may be the end of this
  }

 private:
  void read_header() {
    stream_.expires_after(server_.settings.header_deadline);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](const error_code& error, std::size_t) {
                              self->on_header(error);
                            });
  }

  void on_header(const error_code& error) {
    stream_.expires_never();
    started_ = SteadyClock::now();
    ++request_;
    is_head_ = false;
    keep_alive_ = false;
    path_ = kOtherPath;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return respond(text_response(431, "The request's header is too large.\n"));
    }
    if (error == http::error::end_of_stream || error == http::error::partial_message) return;
    if (error) {
      if (error.category() != make_error_code(http::error::end_of_stream).category()) return;
      return respond(text_response(400, "This is not an HTTP request.\n"));
    }

    const auto& message = parser_->get();
    is_head_ = message.method() == http::verb::head;
    // A body is not read, so what follows it cannot be found.
    keep_alive_ = message.keep_alive() && parser_->is_done();
    handle(message);
  }

  void handle(const http::request<http::empty_body>& message) {
    const auto field = [&message](http::field name) {
      const auto value = message[name];
      return std::string_view{value.data(), value.size()};
    };
    std::string_view target{message.target().data(), message.target().size()};
    if (target.starts_with("http://")) {  // as to a proxy; allowed to any server
      const std::size_t path = target.find('/', std::strlen("http://"));
      target = path == std::string_view::npos ? "/" : target.substr(path);
    }
    const std::size_t path_end = target.find('?');
    Request request;
    request.path = target.substr(0, path_end);
    if (path_end != std::string_view::npos) request.query = target.substr(path_end + 1);
    request.accepts_gzip = accepts_gzip(field(http::field::accept_encoding));

    const Handler* handler = server_.routes.find(request.path);
    if (handler == nullptr) {
      return respond(text_response(404, "Not here. See / for what there is.\n"));
    }
    path_ = request.path;
    if (message.method() != http::verb::get && !is_head_) {
      return respond(text_response(405, "Only GET and HEAD are answered here.\n"));
    }
    // The handler may keep the reply for longer than the server lives, so it is this connection
    // that keeps itself meanwhile.
    awaiting_reply_ = shared_from_this();
    (*handler)(request, [weak = weak_from_this(), number = request_](Response response) {
      const auto self = weak.lock();
      if (self == nullptr || number != self->request_ || !self->awaiting_reply_) return;
      self->awaiting_reply_.reset();
      self->respond(std::move(response));
    });
  }

  void respond(Response response) {
    response_ = std::move(response);
    head_ = head_of(response_, keep_alive_);
    const std::string_view body = is_head_ ? std::string_view{} : response_.body;
    stream_.expires_after(server_.settings.write_deadline);
    asio::async_write(stream_,
                      std::array<asio::const_buffer, 2>{asio::buffer(head_),
                                                        asio::buffer(body.data(), body.size())},
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        self->on_written(error);
                      });
  }

  void on_written(const error_code& error) {
    ++server_.counts.requests[{path_, response_.status}];
    HttpCounts::Timing& timing = server_.counts.durations[path_];
    ++timing.count;
    timing.seconds += std::chrono::duration<double>(SteadyClock::now() - started_).count();
    response_ = {};
    if (error) return;
    if (keep_alive_) return next_request();
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kLinger);
    drain();
  }

  /// Closing with unread bytes would reset the connection, and the response with it.
  void drain() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(kReadSize),
                            [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (!error) self->drain();
                            });
  }

  Impl& server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
  std::string head_;
  std::string path_;
  SteadyClock::time_point started_;
  std::uint64_t request_ = 0;  // so that a reply given twice does not answer the next request
  std::shared_ptr<Connection> awaiting_reply_;
  bool is_head_ = false;
  bool keep_alive_ = false;
};

std::uint16_t HttpServer::Impl::start() {
  error_code error;
  const auto address = asio::ip::make_address(settings.address, error);
  if (error) {
    throw std::runtime_error("cannot listen on " + endpoint_text(settings.address, settings.port) +
                             ": not an IP address; use one such as 127.0.0.1, 0.0.0.0 or ::1");
  }
  const tcp::endpoint endpoint(address, settings.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    error_code ignored;
    acceptor_.close(ignored);
    cannot_listen(settings, error);
  }
  const std::uint16_t port = acceptor_.local_endpoint().port();
  accept();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "http");
    const auto work = asio::make_work_guard(context);
    context.run();
  });
  return port;
}

void HttpServer::Impl::stop() {
  if (!thread_.joinable()) return;
  asio::post(context, [this] {
    error_code ignored;
    acceptor_.close(ignored);
    for (Connection* connection : std::vector(connections_.begin(), connections_.end())) {
      connection->close();
    }
    context.stop();
  });
  thread_.join();
}

void HttpServer::Impl::accept() {
  acceptor_.async_accept(
      [this](const error_code& error, tcp::socket socket) { on_accept(error, std::move(socket)); });
}

void HttpServer::Impl::on_accept(const error_code& error, tcp::socket socket) {
  if (!acceptor_.is_open()) return;
  if (error) {
    auto pause = std::make_shared<asio::steady_timer>(context, kAcceptPause);
    pause->async_wait([this, pause](const error_code&) {
      if (acceptor_.is_open()) accept();
    });
    return;
  }
  if (connections_.size() >= settings.max_connections) {
    ++counts.refused_connections;
  } else {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    std::make_shared<Connection>(*this, std::move(socket))->next_request();
  }
  accept();
}

HttpServer::HttpServer(HttpSettings settings, Routes routes)
    : impl_(std::make_shared<Impl>(std::move(settings), std::move(routes))) {}
HttpServer::~HttpServer() { stop(); }

std::uint16_t HttpServer::start() { return impl_->start(); }
void HttpServer::stop() { impl_->stop(); }
const HttpCounts& HttpServer::counts() const { return impl_->counts; }

void HttpServer::after(std::chrono::milliseconds delay, std::function<void()> work) {
  auto timer = std::make_shared<asio::steady_timer>(impl_->context, delay);
  timer->async_wait([timer, work = std::move(work)](const error_code& error) {
    if (!error) work();
  });
}

std::function<void(std::function<void()>)> HttpServer::poster() {
  return [weak = std::weak_ptr(impl_)](std::function<void()> work) {
    if (const auto impl = weak.lock()) asio::post(impl->context, std::move(work));
  };
}

}  // namespace deskpulse::serve
