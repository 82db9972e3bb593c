#include "daemon/serve/connection.hpp"

#include <boost/beast/http/error.hpp>
#include <utility>

#include "daemon/serve/allowed_hosts.hpp"
#include "daemon/serve/content_coding.hpp"
#include "daemon/serve/response_head.hpp"

namespace deskpulse::serve {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

/// How long a peer may take to notice that we have closed our side.
constexpr std::chrono::seconds kLinger{2};
constexpr std::size_t kReadSize = 4096;
/// The path in counts of everything that is no route.
constexpr std::string_view kOtherPath = "other";

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

}  // namespace

/// What a handler holds of a connection that streams.
class Connection::Stream final : public EventStream {
 public:
  explicit Stream(std::weak_ptr<Connection> connection) : connection_(std::move(connection)) {}
  void send(std::shared_ptr<const std::string> event) override {
    const auto connection = connection_.lock();
    if (connection != nullptr) connection->send(std::move(event));
  }
  bool is_ended() const override {
    const auto connection = connection_.lock();
    return connection == nullptr || connection->state_ != State::streaming;
  }

 private:
  std::weak_ptr<Connection> connection_;
};

Connection::Connection(ConnectionTable& table, asio::io_context& context,
                       std::unique_ptr<Transport> transport)
    : table_(table),
      access_(table.access),
      transport_(std::move(transport)),
      deadline_(context),
      since_(Clock::now()),
      buffer_(table.settings.max_header_bytes + 2 * kReadSize) {
  table_.open.insert(this);
  table_.counts.connections = table_.open.size();
}

Connection::~Connection() { close(); }

void Connection::start() {
  enter(State::reading, table_.settings.header_deadline);
  transport_->open([self = shared_from_this()](const error_code& error, std::size_t) {
    if (is_plain_http(error)) return self->refuse_plain_http();
    if (!error && !self->is_closed_) self->next_request();
  });
}

void Connection::close() {
  if (is_closed_) return;
  is_closed_ = true;
  table_.open.erase(this);
  table_.counts.connections = table_.open.size();
  if (state_ == State::streaming) --table_.counts.streams;
  state_ = State::idle;
  deadline_.cancel();
  transport_->close();
  next_event_.reset();
  awaiting_reply_.reset();  // may be the end of this
}

void Connection::end_by_new_access() {
  if (state_ != State::answering) close();
}

void Connection::enter(State state, Clock::duration patience) {
  state_ = state;
  since_ = Clock::now();
  expires_after(patience);
}

void Connection::expires_after(Clock::duration patience) {
  deadline_.expires_after(patience);
  deadline_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    // It may have been moved on after it had fired, and before this was called.
    if (error || self == nullptr || self->deadline_.expiry() > Clock::now()) return;
    self->on_expiry();
  });
}

void Connection::expires_never() { deadline_.expires_at(Clock::time_point::max()); }

void Connection::on_expiry() {
  if (state_ == State::streaming && !is_writing_) return write_event(":\n\n");
  close();
}

void Connection::refuse_plain_http() {
  static constexpr std::string_view kText =
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: "
      "close\r\n\r\nThis listener speaks TLS: use https.\n";
  transport_->write_raw(asio::buffer(kText.data(), kText.size()),
                        [self = shared_from_this()](const error_code& error, std::size_t) {
                          if (error) return;
                          self->transport_->end_writing_raw();
                          self->enter(State::idle, kLinger);
                          self->drain();
                        });
}

void Connection::next_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(table_.settings.max_header_bytes));
  if (buffer_.size() != 0) {  // the peer did not wait for our answer
    enter(State::reading, table_.settings.header_deadline);
    return parse();
  }
  enter(State::idle, table_.settings.idle_deadline);
  read();
}

void Connection::read() {
  transport_->read_some(buffer_.prepare(kReadSize),
                        [self = shared_from_this()](const error_code& error, std::size_t size) {
                          if (error || self->is_closed_) return;
                          if (self->state_ == State::idle) {
                            self->enter(State::reading, self->table_.settings.header_deadline);
                          }
                          self->buffer_.commit(size);
                          self->parse();
                        });
}

void Connection::parse() {
  error_code error;
  buffer_.consume(parser_->put(buffer_.data(), error));
  const bool is_short = error == http::error::need_more;
  if (is_short && buffer_.size() <= table_.settings.max_header_bytes) return read();

  expires_never();
  state_ = State::answering;
  requested_ = Clock::now();
  ++number_;
  is_head_ = false;
  keep_alive_ = false;
  path_ = kOtherPath;
  request_ = {};
  if (is_short || error == http::error::header_limit) {
    return refuse(431, "The request's header is too large.");
  }
  if (error) return refuse(400, "This is not an HTTP request.");
  on_header();
}

std::string_view Connection::field(http::field name) const {
  const auto value = parser_->get()[name];
  return {value.data(), value.size()};
}

void Connection::on_header() {
  const auto& message = parser_->get();
  is_head_ = message.method() == http::verb::head;
  // A body is not read, so what follows it cannot be found.
  keep_alive_ = message.keep_alive() && parser_->is_done();

  const Target target = parse_target({message.target().data(), message.target().size()});
  request_ = {.path = std::string(target.path),
              .query = std::string(target.query),
              .accepts_gzip = accepts_gzip(field(http::field::accept_encoding)),
              .host = std::string(field(http::field::host)),
              .origin = std::string(field(http::field::origin)),
              .if_none_match = std::string(field(http::field::if_none_match))};
  if (table_.routes.find(target.path) != nullptr ||
      table_.routes.find_stream(target.path) != nullptr) {
    path_ = target.path;
  }

  const std::size_t hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) {
    return refuse(400, "An HTTP/1.1 request has one Host.");
  }
  if (!target.authority.empty()) request_.host = target.authority;
  // HTTP/1.0 may leave it out; browsers never do.
  if (!request_.host.empty() && !access_->hosts.allows(request_.host)) {
    return refuse(421,
                  "This Host is not known here. Use the address, localhost or the machine's name, "
                  "or add the name to [http] allowed_hosts.");
  }
  if (access_->passwords->is_required()) return check_password(field(http::field::authorization));
  route();
}

void Connection::check_password(std::string_view authorization) {
  static constexpr std::string_view kUnauthorized = "A user and its password are needed.";
  std::optional<Credentials> credentials = basic_credentials(authorization);
  if (!credentials) return refuse(401, kUnauthorized);
  if (access_->passwords->knows(*credentials)) return route();
  wait_for_reply();
  const bool is_checked =
      table_.passwords.check(access_->passwords, std::move(*credentials),
                             [weak = weak_from_this(), number = number_](bool is_right) {
                               const auto self = awaiting(weak, number);
                               if (self == nullptr) return;
                               if (!is_right) return self->refuse(401, kUnauthorized);
                               self->route();
                             });
  if (is_checked) return;
  awaiting_reply_.reset();
  refuse(503, "Too many passwords wait to be checked; try again.");
}

void Connection::route() {
  const Handler* const handler = table_.routes.find(request_.path);
  const StreamHandler* const stream_handler = table_.routes.find_stream(request_.path);
  if (handler == nullptr && stream_handler == nullptr) {
    return refuse(404, "Not here. See / for what there is.");
  }
  if (parser_->get().method() != http::verb::get && !is_head_) {
    return refuse(405, "Only GET and HEAD are answered here.");
  }
  if (stream_handler != nullptr) return answer_stream(*stream_handler);
  wait_for_reply();
  (*handler)(request_, [weak = weak_from_this(), number = number_](Response response) {
    if (const auto self = awaiting(weak, number)) self->respond(std::move(response));
  });
}

void Connection::answer_stream(const StreamHandler& handler) {
  if (!request_.origin.empty() && !is_same_origin(request_.origin, request_.host)) {
    return refuse(403, "Pages of other hosts may not read this stream.");
  }
  if (table_.counts.streams >= table_.max_streams() && !is_head_) {
    return refuse(503, "There are too many streams; see [http] max_connections.");
  }
  wait_for_reply();
  const auto accept = [weak = weak_from_this(),
                       number = number_]() -> std::shared_ptr<EventStream> {
    const auto self = awaiting(weak, number);
    if (self != nullptr) return self->begin_stream();
    return std::make_shared<Stream>(std::weak_ptr<Connection>());
  };
  handler(request_, {.accept = accept,
                     .refuse = [weak = weak_from_this(), number = number_](Response response) {
                       if (const auto self = awaiting(weak, number)) {
                         self->respond(std::move(response));
                       }
                     }});
}

void Connection::wait_for_reply() { awaiting_reply_ = shared_from_this(); }

std::shared_ptr<Connection> Connection::awaiting(const std::weak_ptr<Connection>& weak,
                                                 std::uint64_t request) {
  auto self = weak.lock();
  if (self == nullptr || self->number_ != request || !self->awaiting_reply_) return nullptr;
  self->awaiting_reply_.reset();
  return self;
}

void Connection::refuse(unsigned status, std::string_view sentence) {
  respond(refusal(request_.path, status, sentence));
}

void Connection::respond(Response response) {
  response_ = std::move(response);
  keep_alive_ = keep_alive_ && access_ == table_.access;
  head_ = head_of(response_, keep_alive_);
  const bool has_body = !is_head_ && response_.status != 304;
  const std::string_view body = has_body ? response_.body : std::string_view{};
  expires_after(table_.settings.write_deadline);
  transport_->write(asio::buffer(head_), asio::buffer(body.data(), body.size()),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      self->on_written(!error);
                    });
}

void Connection::count_response(unsigned status) {
  ++table_.counts.requests[{path_, status}];
  HttpCounts::Timing& timing = table_.counts.durations[path_];
  ++timing.count;
  timing.seconds += std::chrono::duration<double>(Clock::now() - requested_).count();
}

void Connection::on_written(bool is_whole) {
  count_response(response_.status);
  response_ = {};
  if (!is_whole) return;
  if (keep_alive_ && access_ == table_.access) return next_request();
  enter(State::idle, kLinger);
  transport_->end_writing(
      [self = shared_from_this()](const error_code&, std::size_t) { self->drain(); });
}

/// Closing with unread bytes would reset the connection, and the response with it.
void Connection::drain() {
  buffer_.clear();
  transport_->read_some_raw(buffer_.prepare(kReadSize),
                            [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (!error) self->drain();
                            });
}

std::shared_ptr<EventStream> Connection::begin_stream() {
  auto stream = std::make_shared<Stream>(weak_from_this());
  head_ = head_of_stream();
  keep_alive_ = false;
  if (is_head_) {
    expires_after(table_.settings.write_deadline);
    response_.status = 200;
    transport_->write(asio::buffer(head_), {},
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        self->on_written(!error);
                      });
    return stream;
  }
  if (access_ != table_.access) {  // the rules changed while the handler was thinking
    close();
    return stream;
  }
  state_ = State::streaming;
  since_ = Clock::now();
  ++table_.counts.streams;
  count_response(200);
  transport_->keep_little_unsent();
  write_event(head_);
  buffer_.clear();
  watch_peer();
  return stream;
}

void Connection::send(std::shared_ptr<const std::string> event) {
  if (state_ != State::streaming) return;
  if (is_writing_) {
    next_event_ = std::move(event);
    return;
  }
  event_ = std::move(event);
  write_event(*event_);
}

void Connection::write_event(std::string_view bytes) {
  is_writing_ = true;
  expires_after(table_.settings.write_deadline);
  transport_->write(asio::buffer(bytes.data(), bytes.size()), {},
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      self->is_writing_ = false;
                      self->event_.reset();
                      if (error) return self->close();
                      if (self->state_ != State::streaming) return;
                      if (self->next_event_ != nullptr) {
                        return self->send(std::exchange(self->next_event_, nullptr));
                      }
                      self->expires_after(self->table_.settings.comment_interval);
                    });
}

/// A peer has nothing more to say, but that it goes is seen by reading.
void Connection::watch_peer() {
  transport_->read_some(buffer_.prepare(kReadSize),
                        [self = shared_from_this()](const error_code& error, std::size_t) {
                          if (error) return self->close();
                          if (self->state_ == State::streaming) self->watch_peer();
                        });
}

}  // namespace deskpulse::serve
