#include "daemon/http/connection.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "daemon/http/basic_auth.hpp"
#include "daemon/http/response_head.hpp"

namespace deskpulse::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// How long a peer that takes nothing may take to notice that we have closed our side.
constexpr std::chrono::seconds kLinger{2};
/// Of what a peer sends when it has been answered for the last time, until it is cut off. A body
/// that nobody asked for; small ones end without an error at the peer's.
constexpr std::size_t kMostDrained = 64 * 1024;
/// What a peer must take within write_timeout.
constexpr std::size_t kSlice = 64 * 1024;
/// A request comes right behind its connection. Within this time nobody gives way who has only just
/// come, or in a flood of newcomers each would push out the one before it.
constexpr std::chrono::milliseconds kJustCome{50};
/// Who has taken nothing for so long gives way to a newcomer, though its deadline is still to come:
/// longer than a packet takes around the world. An event may be a whole second late.
constexpr std::chrono::milliseconds kStalledResponse{250};
constexpr std::chrono::milliseconds kStalledEvent{1'000};

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
                       std::unique_ptr<Transport> transport, Network network)
    : table_(table),
      access_(table.access),
      transport_(std::move(transport)),
      network_(network),
      deadline_(context),
      since_(Clock::now()),
      reader_(table.settings.max_header_bytes) {
  table_.open.insert(this);
  table_.counts.connections = table_.open.size();
}

Connection::~Connection() { close(); }

void Connection::start() {
  // One deadline from here to the whole header of the first request, whatever comes in between.
  enter(State::reading, table_.settings.header_timeout);
  transport_->open([self = shared_from_this()](const error_code& error, std::size_t) {
    if (is_plain_http(error)) return self->refuse_plain_http();
    if (error || self->is_closed_) return;
    self->state_ = State::idle;
    self->read();
  });
}

void Connection::close() {
  if (is_closed_) return;
  is_closed_ = true;
  table_.open.erase(this);
  table_.counts.connections = table_.open.size();
  if (state_ == State::streaming) --table_.counts.streams;
  release_body();
  state_ = State::idle;
  deadline_.cancel();
  transport_->close();
  next_event_.reset();
  awaiting_reply_.reset();  // may be the end of this
}

void Connection::close(CloseReason reason) {
  if (is_closed_) return;
  ++table_.counts.closed_by(reason);
  close();
}

void Connection::end_by_new_access() {
  const bool is_answered = state_ == State::checking || state_ == State::answering ||
                           state_ == State::writing || state_ == State::ending;
  if (!is_answered) close();
}

std::optional<int> Connection::spare_rank(Clock::time_point now) const {
  const auto when_stalled = [&](int rank, Clock::duration patience) {
    return now - since_ >= patience ? std::optional(rank) : std::nullopt;
  };
  switch (state_) {
    case State::idle:
      if (number_ != 0) return 0;
      [[fallthrough]];
    case State::reading:
      return when_stalled(1, kJustCome);
    case State::ending:
      return when_stalled(0, kStalledResponse);
    case State::checking:
      return 2;
    case State::writing:
      return when_stalled(3, kStalledResponse);
    case State::streaming:
      return is_writing_ ? when_stalled(4, kStalledEvent) : std::nullopt;
    case State::answering:
      break;
  }
  return std::nullopt;
}

void Connection::enter(State state, Clock::duration patience) {
  state_ = state;
  since_ = Clock::now();
  expires_at(since_ + patience);
}

void Connection::expires_at(Clock::time_point time) {
  deadline_.expires_at(time);
  deadline_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    // It may have been moved on after it had fired, and before this was called.
    if (error || self == nullptr || self->deadline_.expiry() > Clock::now()) return;
    self->on_expiry();
  });
}

void Connection::expires_never() { deadline_.expires_at(Clock::time_point::max()); }

void Connection::on_expiry() {
  switch (state_) {
    case State::idle:
      return close(number_ == 0 ? CloseReason::header_timeout : CloseReason::idle_timeout);
    case State::reading:
      return close(CloseReason::header_timeout);
    case State::streaming:
      if (!is_writing_) return write_event(":\n\n");
      return close(CloseReason::write_timeout);
    case State::ending: {
      const std::size_t before = std::exchange(unsent_, transport_->unsent());
      if (unsent_ == 0) return close();
      const auto last = writing_since_ + table_.settings.response_timeout;
      if (unsent_ < before && Clock::now() < last) return enter(State::ending, kLinger);
      return close(CloseReason::write_timeout);
    }
    case State::checking:
    case State::answering:
    case State::writing:
      return close(CloseReason::write_timeout);
  }
}

void Connection::refuse_plain_http() {
  keep_alive_ = false;
  response_ = refusal({}, 400, "This listener speaks TLS: use https.");
  head_ = head_of(response_, false).append(response_.body);
  transport_->write_raw(asio::buffer(head_),
                        [self = shared_from_this()](const error_code& error, std::size_t) {
                          if (error) return;
                          self->transport_->end_writing_raw();
                          self->enter_end();
                          self->drain(0);
                        });
}

void Connection::next_request() {
  enter(State::idle, table_.settings.idle_timeout);
  if (reader_.is_empty()) return read();
  enter(State::reading, table_.settings.header_timeout);  // the peer did not wait for our answer
  on_bytes();
}

void Connection::read() {
  const std::span<char> room = reader_.room();
  transport_->read_some(asio::buffer(room.data(), room.size()),
                        [self = shared_from_this()](const error_code& error, std::size_t size) {
                          if (error || self->is_closed_) return;
                          self->reader_.commit(size);
                          if (self->state_ == State::idle && self->number_ == 0) {
                            self->state_ = State::reading;
                            self->since_ = Clock::now();
                          } else if (self->state_ == State::idle) {
                            self->enter(State::reading, self->table_.settings.header_timeout);
                          }
                          self->on_bytes();
                        });
}

void Connection::on_bytes() {
  std::optional<ReceivedRequest> received = reader_.next();
  if (!received) return read();
  received_ = std::move(*received);
  on_request();
}

template <class Work>
void Connection::with_memory(const Work& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    end_without_memory();
  }
}

void Connection::end_without_memory() {
  const auto self = shared_from_this();  // which may be kept by what is let go here
  const bool is_answered = state_ != State::checking && state_ != State::answering;
  awaiting_reply_.reset();
  if (is_answered) return close(CloseReason::no_memory);
  try {
    keep_alive_ = false;
    respond(refusal({}, 503, "There is no memory for this; try again."));
  } catch (const std::bad_alloc&) {
    close(CloseReason::no_memory);
  }
}

void Connection::on_request() {
  with_memory([this] { serve_request(); });
}

void Connection::serve_request() {
  expires_never();
  state_ = State::answering;
  requested_ = since_ = Clock::now();
  ++number_;
  keep_alive_ = received_.keep_alive;
  path_ = counted_path(table_.routes, received_.request.path);
  if (const auto refusal = refusal_of(received_, *access_)) return refuse(*refusal);
  if (access_->passwords->is_required()) return check_password();
  find_destination();
}

void Connection::check_password() {
  static constexpr Refusal kUnauthorized{401, "A user and its password are needed."};
  static constexpr Refusal kNotNow{503, "No password can be checked just now; try again."};
  std::optional<Credentials> credentials = basic_credentials(received_.authorization);
  received_.authorization.clear();
  if (!credentials) return refuse(kUnauthorized);
  if (access_->passwords->knows(*credentials)) return find_destination();
  wait_for_reply(State::checking);
  const auto is_wanted = [weak = weak_from_this(), number = number_] {
    const auto self = weak.lock();
    return self != nullptr && self->number_ == number && self->state_ == State::checking;
  };
  table_.passwords.check(
      {.auth = access_->passwords,
       .credentials = std::move(*credentials),
       .network = network_,
       .is_wanted = is_wanted,
       .done = [weak = weak_from_this(), number = number_](PasswordChecks::Result result) {
         const auto self = awaiting(weak, number);
         if (self == nullptr) return;
         self->with_memory([&self, result] {
           if (result == PasswordChecks::Result::right) return self->find_destination();
           self->refuse(result == PasswordChecks::Result::wrong ? kUnauthorized : kNotNow);
         });
       }});
}

void Connection::find_destination() {
  const Destination destination = destination_of(received_, table_.routes);
  if (destination.refusal) return refuse(*destination.refusal);
  if (destination.stream != nullptr) return answer_stream(*destination.stream);
  answer(*destination.handler);
}

void Connection::answer(const Handler& handler) {
  wait_for_reply(State::answering);
  handler(received_.request, [weak = weak_from_this(), number = number_](Response response) {
    if (const auto self = awaiting(weak, number))
      self->with_memory([&] { self->respond(std::move(response)); });
  });
}

void Connection::answer_stream(const StreamHandler& handler) {
  const bool is_head = received_.method == ReceivedRequest::Method::head;
  if (table_.counts.streams >= table_.max_streams() && !is_head) {
    return refuse({503, "There are too many streams; see [http] max_connections."});
  }
  wait_for_reply(State::answering);
  const auto accept = [weak = weak_from_this(),
                       number = number_]() -> std::shared_ptr<EventStream> {
    const auto self = awaiting(weak, number);
    if (self != nullptr) return self->begin_stream();
    return std::make_shared<Stream>(std::weak_ptr<Connection>());
  };
  handler(
      received_.request,
      {.accept = accept, .refuse = [weak = weak_from_this(), number = number_](Response response) {
         if (const auto self = awaiting(weak, number))
           self->with_memory([&] { self->respond(std::move(response)); });
       }});
}

void Connection::wait_for_reply(State state) {
  state_ = state;
  awaiting_reply_ = shared_from_this();
}

std::shared_ptr<Connection> Connection::awaiting(const std::weak_ptr<Connection>& weak,
                                                 std::uint64_t request) {
  auto self = weak.lock();
  if (self == nullptr || self->number_ != request || !self->awaiting_reply_) return nullptr;
  self->awaiting_reply_.reset();
  return self;
}

void Connection::refuse(const Refusal& refused) {
  respond(refusal(received_.request.path, refused.status, refused.sentence));
}

void Connection::respond(Response response) {
  response_ = std::move(response);
  keep_alive_ = keep_alive_ && access_ == table_.access;
  head_ = head_of(response_, keep_alive_);
  write_response();
}

void Connection::write_response() {
  const bool is_head = received_.method == ReceivedRequest::Method::head;
  rest_ = is_head || response_.status == 304 ? std::string_view{} : response_.body;
  state_ = State::writing;
  writing_since_ = Clock::now();
  if (rest_.empty()) response_.body_owner.reset();
  if (response_.body_owner != nullptr) {
    is_holding_ = true;
    table_.held.add(response_.body_owner.get(), rest_.size());
    table_.drop_old_bodies(*this);
  }
  write_slice(head_);
}

void Connection::write_slice(std::string_view first) {
  const std::string_view slice = rest_.substr(0, kSlice);
  rest_.remove_prefix(slice.size());
  const HttpSettings& settings = table_.settings;
  since_ = Clock::now();
  expires_at(std::min(since_ + settings.write_timeout, writing_since_ + settings.response_timeout));
  transport_->write(asio::buffer(first.data(), first.size()),
                    asio::buffer(slice.data(), slice.size()),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (error || self->rest_.empty()) return self->on_written(!error);
                      self->write_slice({});
                    });
}

void Connection::release_body() {
  if (!std::exchange(is_holding_, false)) return;
  table_.held.remove(response_.body_owner.get());
}

void Connection::count_response(unsigned status) {
  ++table_.counts.requests[{path_, status}];
  HttpCounts::Timing& timing = table_.counts.durations[path_];
  ++timing.count;
  timing.seconds += std::chrono::duration<double>(Clock::now() - requested_).count();
}

void Connection::on_written(bool is_whole) {
  count_response(response_.status);
  release_body();
  response_ = {};
  if (!is_whole || is_closed_) return close();
  if (keep_alive_ && access_ == table_.access) return next_request();
  enter_end();
  transport_->end_writing([self = shared_from_this()](const error_code&, std::size_t) {
    if (!self->is_closed_) self->drain(0);
  });
}

void Connection::enter_end() {
  unsent_ = transport_->unsent();
  enter(State::ending, kLinger);
}

/// Closing with unread bytes would reset the connection, and the response with it.
void Connection::drain(std::size_t bytes) {
  if (bytes > kMostDrained) return close();
  const std::span<char> room = reader_.room();
  transport_->read_some_raw(
      asio::buffer(room.data(), room.size()),
      [self = shared_from_this(), bytes](const error_code& error, std::size_t size) {
        if (!error) self->drain(bytes + size);
      });
}

std::shared_ptr<EventStream> Connection::begin_stream() {
  auto stream = std::make_shared<Stream>(weak_from_this());
  keep_alive_ = false;
  head_ = head_of_stream();
  if (received_.method == ReceivedRequest::Method::head) {
    write_response();
    return stream;
  }
  if (access_ != table_.access) {  // the rules changed while the handler was thinking
    close();
    return stream;
  }
  state_ = State::streaming;
  ++table_.counts.streams;
  count_response(200);
  write_event(head_);
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
  since_ = Clock::now();
  expires_at(since_ + table_.settings.write_timeout);
  transport_->write(asio::buffer(bytes.data(), bytes.size()), {},
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      self->is_writing_ = false;
                      self->event_.reset();
                      if (error) return self->close();
                      if (self->state_ != State::streaming) return;
                      if (self->next_event_ != nullptr) {
                        return self->send(std::exchange(self->next_event_, nullptr));
                      }
                      self->expires_at(Clock::now() + self->table_.settings.comment_interval);
                    });
}

/// A peer has nothing more to say, but that it goes is seen by reading.
void Connection::watch_peer() {
  const std::span<char> room = reader_.room();
  transport_->read_some(asio::buffer(room.data(), room.size()),
                        [self = shared_from_this()](const error_code& error, std::size_t) {
                          if (error) return self->close();
                          if (self->state_ == State::streaming) self->watch_peer();
                        });
}

}  // namespace deskpulse::http
