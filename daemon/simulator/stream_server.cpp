// One thread, callbacks, no locks but the one around the numbers for statistics(). A client is kept
// alive by the operation it waits for; the hub only knows it weakly.
#include "daemon/simulator/stream_server.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/simulator/backlog.hpp"
#include "proto/decoder.hpp"
#include "proto/session.hpp"

namespace deskpulse::simulator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr auto kHandshakeDeadline = 10s;  // the request, and then the hello
constexpr auto kStuckAfter = 30s;         // a write that the client does not take
constexpr auto kFarewellDeadline = 2s;
constexpr std::size_t kFloodBuffer = 256 * 1024;

/// The header of a whole, unmasked text message: what a server puts before its payload (RFC 6455,
/// section 5.2).
void append_frame_header(std::string& out, std::size_t payload) {
  out.push_back(static_cast<char>(0x81));
  if (payload < 126) {
    out.push_back(static_cast<char>(payload));
    return;
  }
  const bool is_short = payload < 65'536;
  out.push_back(static_cast<char>(is_short ? 126 : 127));
  for (int shift = is_short ? 8 : 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>((payload >> shift) & 0xff));
}

proto::Instant wall_clock() {
  return proto::Instant{std::chrono::duration_cast<proto::Millis>(
      std::chrono::system_clock::now().time_since_epoch())};
}

bool asks_for(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == name) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

Recording Recording::of_lines(std::string ndjson) {
  Recording recording;
  if (!ndjson.empty() && !ndjson.ends_with('\n')) ndjson.push_back('\n');
  recording.text.reserve(ndjson.size());
  for (std::size_t at = 0; at < ndjson.size();) {
    const std::size_t end = ndjson.find('\n', at);
    if (end > at) {
      recording.starts.push_back(recording.text.size());
      recording.text.append(ndjson, at, end + 1 - at);
    }
    at = end + 1;
  }
  recording.starts.push_back(recording.text.size());
  return recording;
}

/// The server as its thread sees it.
class StreamServer::Hub {
 public:
  explicit Hub(StreamServerOptions options);
  ~Hub() { stopping = false; }  // clients that go with `io` need not tell

  void run();
  void accept();
  void tick();
  void notify_all();
  template <class Do>
  void for_each_client(Do act);
  void say_bye_to_all();
  void finish_if_alone();
  void note_consumer(const std::string& name, std::uint64_t needs_nothing_up_to);
  void note_ack(const std::string& consumer, std::uint64_t seq);
  proto::Instant stream_time() const {
    return options.stream_time ? options.stream_time() : wall_clock();
  }

  const StreamServerOptions options;
  bool down = false;
  bool stopping = false;
  mutable std::mutex mutex;  // guards `numbers`
  Statistics numbers;
  asio::io_context io{1};  // with the clients that are left: behind what they use
  tcp::acceptor acceptor{io};
  asio::steady_timer heartbeat{io};
  asio::steady_timer farewell{io};
  std::uint16_t port = 0;
  std::shared_ptr<Backlog> backlog;  // of the current epoch; a client keeps the one it began with
  std::map<std::string, std::uint64_t> consumers;  // up to where each acknowledged, in this epoch
  std::vector<std::weak_ptr<Client>> clients;
  std::thread thread;  // last: ends before what it uses
};

/// One connection: request, handshake, hello, then events from its place in the backlog, and
/// heartbeats when there are none. At most one write and one read at a time.
class StreamServer::Client : public std::enable_shared_from_this<Client> {
 public:
  Client(Hub& hub, tcp::socket socket)
      : hub_(hub),
        ws_(std::move(socket)),
        deadline_(hub.io),
        backlog_(hub.backlog),
        next_(hub.backlog->head() + 1) {}
  ~Client();

  void start();
  void pump();  ///< Writes the next thing that is due, if any
  void tick();
  void say_bye(proto::Bye bye);
  void drop();

 private:
  void on_request(error_code error);
  void refuse(http::status status, std::string sentence);
  void on_accept(error_code error);
  void read();
  void on_read(error_code error);
  bool on_frame(std::string_view frame);
  void ready(const proto::Hello& hello);
  void write();
  void close(websocket::close_code code, std::string_view reason);
  void append_next_events();
  // --- flood
  void flood();

  Hub& hub_;
  websocket::stream<beast::tcp_stream> ws_;
  asio::steady_timer deadline_;
  beast::flat_buffer in_;
  http::request<http::empty_body> request_;
  proto::Decoder decoder_;
  std::string consumer_;
  std::shared_ptr<Backlog> backlog_;
  std::uint64_t next_;  // seq of the next event to send
  std::string out_;
  std::vector<std::string_view> batch_;
  std::optional<proto::Bye> bye_;
  std::chrono::steady_clock::time_point write_began_;
  bool streaming_ = false;  // past the hello
  bool writing_ = false;
  bool closing_ = false;
  bool dropped_ = false;
  bool quiet_ = false;  // nothing was written since the tick before
  bool heartbeat_due_ = false;
  bool flooded_ = false;
};

// --- the client

StreamServer::Client::~Client() {
  if (streaming_) {
    const std::lock_guard lock(hub_.mutex);
    --hub_.numbers.clients;
  }
  if (hub_.stopping) asio::post(hub_.io, [&hub = hub_] { hub.finish_if_alone(); });
}

void StreamServer::Client::start() {
  error_code ignored;
  beast::get_lowest_layer(ws_).socket().set_option(tcp::no_delay(true), ignored);
  beast::get_lowest_layer(ws_).expires_after(kHandshakeDeadline);
  http::async_read(
      beast::get_lowest_layer(ws_), in_, request_,
      [self = shared_from_this()](error_code error, std::size_t) { self->on_request(error); });
}

void StreamServer::Client::on_request(error_code error) {
  if (error) return drop();
  if (!websocket::is_upgrade(request_))
    return refuse(http::status::upgrade_required, "This is a WebSocket server.");
  if (!hub_.options.token.empty() &&
      request_[http::field::authorization] != "Bearer " + hub_.options.token)
    return refuse(http::status::unauthorized, "The token is missing or wrong.");
  const bool asked = asks_for(request_[http::field::sec_websocket_protocol], proto::kSubprotocol);
  if (!asked && !hub_.options.plain)
    return refuse(http::status::bad_request, "Ask for the subprotocol deskpulse.v1.");

  // From here on the WebSocket layer keeps time: pings find a peer that is gone.
  beast::get_lowest_layer(ws_).expires_never();
  ws_.set_option(websocket::stream_base::timeout{kHandshakeDeadline, 5min, true});
  ws_.set_option(websocket::stream_base::decorator(
      [grant = asked && !hub_.options.plain](websocket::response_type& response) {
        response.set(http::field::server, "deskpulse-sim");
        if (grant)
          response.set(http::field::sec_websocket_protocol,
                       beast::string_view(proto::kSubprotocol.data(), proto::kSubprotocol.size()));
      }));
  ws_.read_message_max(64 * 1024);
  ws_.text(true);
  ws_.auto_fragment(false);
  ws_.async_accept(request_,
                   [self = shared_from_this()](error_code failed) { self->on_accept(failed); });
}

void StreamServer::Client::refuse(http::status status, std::string sentence) {
  auto response = std::make_shared<http::response<http::string_body>>(status, request_.version());
  response->set(http::field::content_type, "text/plain; charset=utf-8");
  if (status == http::status::unauthorized) response->set(http::field::www_authenticate, "Bearer");
  if (status == http::status::upgrade_required) response->set(http::field::upgrade, "websocket");
  response->keep_alive(false);
  response->body() = std::move(sentence) + "\n";
  response->prepare_payload();
  http::async_write(beast::get_lowest_layer(ws_), *response,
                    [self = shared_from_this(), response](error_code, std::size_t) {
                      error_code ignored;
                      auto& socket = beast::get_lowest_layer(self->ws_).socket();
                      socket.shutdown(tcp::socket::shutdown_send, ignored);
                    });
}

void StreamServer::Client::on_accept(error_code error) {
  if (error) return drop();
  in_.consume(in_.size());
  if (hub_.options.plain) {  // no hello: what happens from now on
    ready({});
    return;
  }
  deadline_.expires_after(kHandshakeDeadline);
  deadline_.async_wait([weak = weak_from_this()](error_code cancelled) {
    if (const auto self = weak.lock(); self && !cancelled && !self->streaming_)
      self->close(websocket::close_code::policy_error, "no hello");
  });
  read();
}

void StreamServer::Client::read() {
  ws_.async_read(
      in_, [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
}

void StreamServer::Client::on_read(error_code error) {
  if (error) return drop();
  const auto data = in_.cdata();
  const bool go_on = on_frame({static_cast<const char*>(data.data()), data.size()});
  in_.consume(in_.size());
  if (go_on) read();
}

/// False when reading is to stop: the flood writes past the WebSocket layer, which must then be
/// left alone, because a read can answer a ping.
bool StreamServer::Client::on_frame(std::string_view text) {
  if (hub_.options.plain || closing_) return true;
  const auto frame = decoder_.client_frame(text);
  if (!frame) {
    // A frame from a newer client; what it asks for does not exist here.
    if (streaming_ && frame.error().reason == proto::Reject::unknown_op) return true;
    close(websocket::close_code::policy_error, "not a frame of this protocol");
    return true;
  }
  if (const auto* hello = std::get_if<proto::Hello>(&*frame)) {
    if (streaming_) {
      close(websocket::close_code::policy_error, "a second hello");
      return true;
    }
    ready(*hello);
    return !hub_.options.flood;
  }
  if (!streaming_) {
    close(websocket::close_code::policy_error, "the first frame must be hello");
    return true;
  }
  if (backlog_ == hub_.backlog) hub_.note_ack(consumer_, std::get<proto::Ack>(*frame).seq);
  return true;
}

void StreamServer::Client::ready(const proto::Hello& hello) {
  deadline_.cancel();
  streaming_ = true;
  {
    const std::lock_guard lock(hub_.mutex);
    ++hub_.numbers.clients;
  }
  backlog_ = hub_.backlog;  // a restart may have come between connecting and hello
  auto start = backlog_->start_for(hello.position);
  consumer_ = hello.consumer;
  hub_.note_consumer(consumer_, start.resume == proto::Resume::live ? backlog_->head() : 0);
  proto::Ready answer{backlog_->epoch(), start.resume,           backlog_->floor(),
                      backlog_->head(),  hub_.options.heartbeat, hub_.stream_time()};
  if (hub_.options.flood) {
    const std::uint64_t all = hub_.options.flood->size();
    answer.floor = 1;
    answer.head = hello.position ? all : 0;
    start.next = 1;
    if (hello.position && hello.position->epoch == backlog_->epoch() &&
        hello.position->after <= all) {
      answer.resume = proto::Resume::ok;
      start.next = hello.position->after + 1;
    }
  }
  next_ = start.next;
  if (hub_.options.plain) {
    if (hub_.options.flood) return flood();
    read();
    return pump();
  }
  out_.clear();
  proto::append_frame(out_, answer);
  write();
}

void StreamServer::Client::append_next_events() {
  const std::size_t count = static_cast<std::size_t>(
      std::min<std::uint64_t>(hub_.options.batch, backlog_->head() - next_ + 1));
  batch_.clear();
  for (std::size_t i = 0; i < count; ++i) batch_.push_back(backlog_->at(next_ + i));
  if (!hub_.options.plain) {
    proto::append_events_frame(out_, next_, batch_);
  } else if (count == 1) {
    out_ += batch_.front();
  } else {
    for (const auto event : batch_) {
      out_ += out_.empty() ? '[' : ',';
      out_ += event;
    }
    out_ += ']';
  }
  next_ += count;
  const std::lock_guard lock(hub_.mutex);
  hub_.numbers.sent += count;
}

void StreamServer::Client::pump() {
  if (!streaming_ || writing_ || closing_) return;
  out_.clear();
  if (next_ < backlog_->floor() && !hub_.options.flood) {
    // Its next event has left the backlog. What is gone is gone: it must come back and be told.
    bye_ = proto::Bye{proto::ByeCode::slow, true};
    next_ = backlog_->head() + 1;
  }
  if (next_ <= backlog_->head()) {
    append_next_events();
  } else if (bye_ && !hub_.options.plain) {
    proto::append_frame(out_, *bye_);
    closing_ = true;
  } else if (bye_) {
    return close(websocket::close_code::going_away, "");
  } else if (heartbeat_due_ && !hub_.options.plain) {
    const std::uint64_t head = hub_.options.flood ? hub_.options.flood->size() : backlog_->head();
    proto::append_frame(out_, proto::Heartbeat{head, hub_.stream_time()});
  } else {
    return;
  }
  write();
}

void StreamServer::Client::write() {
  writing_ = true;
  quiet_ = heartbeat_due_ = false;
  write_began_ = std::chrono::steady_clock::now();
  ws_.async_write(asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    self->writing_ = false;
    // A write can be done already when its connection is dropped.
    if (error || self->dropped_) return self->drop();
    if (self->closing_) {  // that was the bye
      self->closing_ = false;
      const bool slow = self->bye_->code == proto::ByeCode::slow;
      return self->close(
          slow ? websocket::close_code::try_again_later : websocket::close_code::service_restart,
          proto::bye_code_name(self->bye_->code));
    }
    if (self->hub_.options.flood && !self->flooded_) return self->flood();
    self->pump();
  });
}

void StreamServer::Client::close(websocket::close_code code, std::string_view reason) {
  if (closing_) return;
  closing_ = true;
  if (writing_) return drop();
  ws_.async_close({code, beast::string_view(reason.data(), reason.size())},
                  [self = shared_from_this()](error_code) { self->drop(); });
}

void StreamServer::Client::say_bye(proto::Bye bye) {
  if (!streaming_) return drop();
  if (!bye_) bye_ = bye;
  pump();
}

void StreamServer::Client::drop() {
  closing_ = dropped_ = true;
  deadline_.cancel();
  beast::get_lowest_layer(ws_).close();
}

void StreamServer::Client::tick() {
  if (writing_ && std::chrono::steady_clock::now() - write_began_ > kStuckAfter) return drop();
  heartbeat_due_ = quiet_;  // every second tick of three in the promised time
  quiet_ = true;
  pump();
}

/// Everything that is left in frames made here, past the WebSocket layer, in large writes.
void StreamServer::Client::flood() {
  const Recording& all = *hub_.options.flood;
  if (next_ > all.size()) {  // done: from now on like any other connection
    flooded_ = true;
    writing_ = false;
    read();
    return;
  }
  const std::uint64_t first = next_;
  std::string payload;
  out_.clear();
  while (next_ <= all.size() && out_.size() < kFloodBuffer) {
    batch_.clear();
    const std::uint64_t end = std::min<std::uint64_t>(next_ + hub_.options.batch, all.size() + 1);
    for (std::uint64_t seq = next_; seq < end; ++seq)
      batch_.push_back(all.line(static_cast<std::size_t>(seq - 1)));
    if (hub_.options.plain) {
      append_frame_header(out_, batch_.front().size());
      out_ += batch_.front();
      next_ += 1;
      continue;
    }
    payload.clear();
    proto::append_events_frame(payload, next_, batch_);
    append_frame_header(out_, payload.size());
    out_ += payload;
    next_ = end;
  }
  {
    const std::lock_guard lock(hub_.mutex);
    hub_.numbers.sent += next_ - first;
  }
  writing_ = true;
  quiet_ = false;
  write_began_ = std::chrono::steady_clock::now();
  asio::async_write(beast::get_lowest_layer(ws_).socket(), asio::buffer(out_),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (error || self->closing_) return self->drop();
                      self->flood();
                    });
}

// --- the hub

StreamServer::Hub::Hub(StreamServerOptions given)
    : options(std::move(given)),
      backlog(std::make_shared<Backlog>(options.epoch, std::max<std::size_t>(options.backlog, 1))) {
  for (const std::string& event : options.past) backlog->push(event);
  numbers.epoch = options.epoch;
  numbers.head = backlog->head();
  if (options.flood) numbers.head = options.flood->size();
  const std::string where = options.address + ":" + std::to_string(options.port);
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) throw ListenError("Cannot listen on " + where + ": this is not an IP address.");
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error == asio::error::address_in_use)
    throw ListenError("Cannot listen on " + where + ": another program uses this port.");
  if (error) throw ListenError("Cannot listen on " + where + ": " + error.message() + ".");
  port = acceptor.local_endpoint().port();
}

void StreamServer::Hub::run() {
  accept();
  tick();
  io.run();
}

void StreamServer::Hub::accept() {
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    if (stopping) return;
    if (!error && !down) {
      const auto client = std::make_shared<Client>(*this, std::move(socket));
      std::erase_if(clients, [](const auto& weak) { return weak.expired(); });
      clients.push_back(client);
      client->start();
    }
    if (error && error != asio::error::connection_aborted) {
      // Out of descriptors: trying at once again would only burn the processor.
      auto pause = std::make_shared<asio::steady_timer>(io, 100ms);
      pause->async_wait([this, pause](error_code) { accept(); });
      return;
    }
    accept();
  });
}

void StreamServer::Hub::tick() {
  heartbeat.expires_after(std::max(options.heartbeat / 3, proto::Millis(1)));
  heartbeat.async_wait([this](error_code error) {
    if (error || stopping) return;
    for_each_client([](Client& client) { client.tick(); });
    tick();
  });
}

template <class Do>
void StreamServer::Hub::for_each_client(Do act) {
  const auto now = clients;  // acting may end one, and that changes the list
  for (const auto& weak : now)
    if (const auto client = weak.lock()) act(*client);
}

void StreamServer::Hub::say_bye_to_all() {
  for_each_client([](Client& client) { client.say_bye({proto::ByeCode::restart, true}); });
}

/// Only an ack says what a consumer can do without: where it goes on from may be in its memory
/// only.
void StreamServer::Hub::note_consumer(const std::string& name, std::uint64_t needs_nothing_up_to) {
  if (options.forget_acked && !options.plain) consumers.try_emplace(name, needs_nothing_up_to);
}

void StreamServer::Hub::note_ack(const std::string& consumer, std::uint64_t seq) {
  {
    const std::lock_guard lock(mutex);
    numbers.acked = std::max(numbers.acked, seq);
  }
  if (!options.forget_acked) return;
  std::uint64_t& acked = consumers[consumer];
  acked = std::max(acked, seq);
  std::uint64_t by_all = seq;
  for (const auto& [name, its] : consumers) by_all = std::min(by_all, its);
  backlog->forget(by_all);
}

void StreamServer::Hub::finish_if_alone() {
  const bool alone =
      std::all_of(clients.begin(), clients.end(), [](const auto& weak) { return weak.expired(); });
  if (stopping && alone) io.stop();
}

// --- the outside

StreamServer::StreamServer(StreamServerOptions options)
    : hub_(std::make_unique<Hub>(std::move(options))) {
  hub_->thread = std::thread([hub = hub_.get()] { hub->run(); });
}

StreamServer::~StreamServer() { stop(); }

std::uint16_t StreamServer::port() const { return hub_->port; }

void StreamServer::publish(std::vector<std::string> events) {
  asio::post(hub_->io, [hub = hub_.get(), events = std::move(events)] {
    for (const std::string& event : events) hub->backlog->push(event);
    {
      const std::lock_guard lock(hub->mutex);
      hub->numbers.head = hub->backlog->head();
    }
    hub->for_each_client([](Client& client) { client.pump(); });
  });
}

void StreamServer::go_down() {
  asio::post(hub_->io, [hub = hub_.get()] {
    hub->down = true;
    hub->for_each_client([](Client& client) { client.drop(); });
  });
}

void StreamServer::come_up() {
  asio::post(hub_->io, [hub = hub_.get()] { hub->down = false; });
}

void StreamServer::restart(std::string epoch) {
  asio::post(hub_->io, [hub = hub_.get(), epoch = std::move(epoch)] {
    hub->backlog = std::make_shared<Backlog>(epoch, std::max<std::size_t>(hub->options.backlog, 1));
    hub->consumers.clear();
    {
      const std::lock_guard lock(hub->mutex);
      hub->numbers.epoch = epoch;
      hub->numbers.head = hub->numbers.acked = 0;
    }
    hub->say_bye_to_all();
  });
}

void StreamServer::stop() {
  if (!hub_->thread.joinable()) return;
  asio::post(hub_->io, [hub = hub_.get()] {
    hub->stopping = true;
    error_code ignored;
    hub->acceptor.close(ignored);
    hub->heartbeat.cancel();
    hub->farewell.expires_after(kFarewellDeadline);
    hub->farewell.async_wait([hub](error_code) { hub->io.stop(); });
    hub->say_bye_to_all();
    hub->finish_if_alone();
  });
  hub_->thread.join();
}

StreamServer::Statistics StreamServer::statistics() const {
  const std::lock_guard lock(hub_->mutex);
  return hub_->numbers;
}

}  // namespace deskpulse::simulator
