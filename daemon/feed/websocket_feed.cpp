#include "daemon/feed/websocket_feed.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <exception>
#include <string_view>
#include <utility>

#include "daemon/feed/name_resolver.hpp"
#include "daemon/feed/token_file.hpp"
#include "daemon/feed/websocket_connection.hpp"
#include "proto/decoder.hpp"
#include "proto/session.hpp"

namespace deskpulse::feed {

namespace asio = boost::asio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);  // errors are values here

/// What a coroutine throws is a bug or the end of memory: it leaves through io_context::run().
constexpr auto rethrow = [](const std::exception_ptr& thrown) {
  if (thrown) std::rethrow_exception(thrown);
};

StreamSettings stream_settings(const WebsocketSettings& from) {
  StreamSettings settings;
  settings.protocol = from.protocol;
  settings.source = from.source;
  settings.start_at = from.start_at;
  settings.resume_from = from.resume_from;
  settings.has_history = from.has_history;
  settings.consumer = from.consumer;
  settings.limits.max_bytes = from.max_message_bytes;
  settings.limits.max_depth = from.max_depth;
  settings.heartbeat_grace = from.timeouts.heartbeat_grace;
  settings.ping_every = from.timeouts.ping_every;
  settings.pong_within = from.timeouts.pong_within;
  return settings;
}

ConnectionSettings connection_settings(const WebsocketSettings& from, std::string token) {
  ConnectionSettings settings;
  settings.endpoint = from.endpoint;
  if (from.protocol == Protocol::v1) settings.subprotocol = proto::kSubprotocol;
  settings.token = std::move(token);
  settings.ca_file = from.ca_file;
  settings.permessage_deflate = from.permessage_deflate;
  settings.max_message_bytes = from.max_message_bytes;
  settings.handshake = from.timeouts.handshake;
  settings.message = from.timeouts.message;
  settings.close = from.timeouts.close;
  return settings;
}

}  // namespace

/// All of the feed. The run() coroutine keeps it alive; the WebsocketFeed may go first.
class WebsocketFeed::Loop final : public MessageHandler, public std::enable_shared_from_this<Loop> {
 public:
  Loop(asio::io_context& io, WebsocketSettings settings, WallClock wall, Backoff::Random random,
       std::shared_ptr<FeedProbe> probe, std::shared_ptr<NameResolver> names)
      : io_(io),
        names_(names ? std::move(names) : std::make_shared<NameResolver>(io)),
        settings_(std::move(settings)),
        wall_(std::move(wall)),
        probe_(probe ? std::move(probe) : std::make_shared<FeedProbe>()),
        random_(std::move(random)),
        backoff_(settings_.backoff, random_),
        session_(stream_settings(settings_)),
        pause_(io) {}

  void start(intake::FeedListener& listener) {
    listener_ = &listener;
    session_.listen(listener_, probe_.get());
    // Posted, so that nothing is said to the listener from inside start().
    asio::post(io_, [self = shared_from_this()] {
      asio::co_spawn(
          self->io_, [self] { return self->run(); }, rethrow);
    });
  }
  void stop() {
    next_.reset();
    leave();
  }
  void change(WebsocketSettings settings) {
    if (stopping_ && !next_) return;
    next_ = std::move(settings);
    leave();
  }
  void abandon() {
    listener_ = nullptr;
    session_.listen(nullptr);
    next_.reset();
    stopping_ = true;
    pause_.cancel();
    connection_.reset();
  }
  void ack(std::uint64_t seq) {
    next_ack_.reset();
    std::string frame = session_.ack(seq);
    if (frame.empty() || !connection_) return;
    if (!connection_->write(std::move(frame))) next_ack_ = seq;
  }
  std::optional<Cursor> cursor() const { return session_.cursor(); }
  std::uint64_t already_seen() const { return session_.already_seen(); }

 private:
  asio::awaitable<void> run();
  asio::awaitable<End> attempt();
  /// Begins to end the connection, or the wait for one.
  void leave();
  /// From change() to the next connection.
  void take_over();

  // MessageHandler
  void opened() override;
  Next text(std::string_view message, Utf8 utf8) override;
  Next binary(std::string_view message) override;
  Next lost() override;
  void pong() override;
  void written() override {
    if (next_ack_) ack(*next_ack_);
  }
  Ending ending() override { return session_.ending(); }
  /// Tells the connection what the session has made of a message.
  void look_at_session();

  asio::io_context& io_;
  std::shared_ptr<NameResolver> names_;
  WebsocketSettings settings_;
  WallClock wall_;
  std::shared_ptr<FeedProbe> probe_;
  Backoff::Random random_;
  Backoff backoff_;
  StreamSession session_;
  asio::steady_timer pause_;
  intake::FeedListener* listener_ = nullptr;  ///< null: nobody listens any more
  std::unique_ptr<WebsocketConnection> connection_;
  bool stopping_ = false;  ///< leave the connection; for good where there is no `next_`
  std::optional<WebsocketSettings> next_;
  bool is_settled_ = false;  ///< the connection knows that the session is ready
  std::uint64_t signs_seen_ = 0;
  std::optional<std::uint64_t> next_ack_;  ///< waits for the one that is being written
};

asio::awaitable<void> WebsocketFeed::Loop::run() {
  for (;;) {
    if (next_) take_over();
    if (stopping_) break;
    probe_->connecting(settings_.endpoint.host, settings_.endpoint.port, backoff_.attempts() + 1);
    End end = co_await attempt();
    if (stopping_ && !next_) break;
    if (next_) end = End{};
    session_.disconnected(end.reason, end.detail);
    if (stopping_) continue;

    const auto wait = backoff_.next(end.reason == intake::Disconnect::unauthorized);
    probe_->reconnecting(wait, backoff_.attempts());
    if (stopping_) continue;  // said from within one of these
    pause_.expires_after(wait);
    co_await pause_.async_wait(as_result);
  }
  if (listener_ == nullptr) co_return;
  probe_->disconnected(intake::Disconnect::stopped, {});
  session_.listen(nullptr);
  std::exchange(listener_, nullptr)->disconnected(intake::Disconnect::stopped);
}

asio::awaitable<End> WebsocketFeed::Loop::attempt() {
  Token token;
  if (!settings_.token_file.empty()) token = read_token_file(settings_.token_file);
  if (!token.error.empty())
    co_return End{intake::Disconnect::token_unreadable, std::move(token.error)};
  if (stopping_) co_return End{};
  is_settled_ = false;
  next_ack_.reset();
  connection_ = std::make_unique<WebsocketConnection>(
      io_, *names_, connection_settings(settings_, std::move(token.text)), *this);
  End end = co_await connection_->run();
  if (connection_ && is_settled_) backoff_.ended_after(connection_->healthy());
  connection_.reset();
  co_return end;
}

void WebsocketFeed::Loop::opened() {
  signs_seen_ = session_.signs_of_life();
  std::string hello = session_.opened(wall_());
  look_at_session();
  if (!connection_) return;
  if (!hello.empty()) {
    const bool is_first = connection_->write(std::move(hello));
    assert(is_first);
  }
  if (settings_.protocol == Protocol::plain) connection_->ping_every(settings_.timeouts.ping_every);
}

MessageHandler::Next WebsocketFeed::Loop::text(std::string_view message, Utf8 utf8) {
  static_assert(WebsocketConnection::kPadding >= proto::Decoder::kPadding);
  const bool checked = utf8 == Utf8::checked;
  const auto tail = checked ? proto::Tail::unknown : proto::Tail::padded;
  const auto verdict = session_.message(message, tail, wall_());
  look_at_session();
  if (verdict == StreamSession::Verdict::end) return Next::end;
  if (verdict == StreamSession::Verdict::not_json) {
    if (!checked) return Next::check_first;
    session_.not_json();
  }
  return Next::go_on;
}

MessageHandler::Next WebsocketFeed::Loop::binary(std::string_view) {
  session_.not_json();
  return Next::go_on;
}

MessageHandler::Next WebsocketFeed::Loop::lost() {
  session_.lost(wall_());
  return Next::go_on;
}

void WebsocketFeed::Loop::pong() {
  session_.pong(wall_());
  look_at_session();
}

void WebsocketFeed::Loop::look_at_session() {
  if (!connection_ || !session_.is_ready()) return;
  if (!std::exchange(is_settled_, true)) connection_->settled(session_.silence_limit());
  if (std::exchange(signs_seen_, session_.signs_of_life()) != session_.signs_of_life())
    connection_->heard();
}

void WebsocketFeed::Loop::take_over() {
  settings_ = std::move(*next_);
  next_.reset();
  stopping_ = false;
  backoff_ = Backoff(settings_.backoff, random_);
  session_.change(stream_settings(settings_));
}

void WebsocketFeed::Loop::leave() {
  if (std::exchange(stopping_, true)) return;
  pause_.cancel();
  if (connection_) connection_->close();
}

WebsocketFeed::WebsocketFeed(asio::io_context& io, WebsocketSettings settings, WallClock wall,
                             Backoff::Random random, std::shared_ptr<FeedProbe> probe,
                             std::shared_ptr<NameResolver> names)
    : loop_(std::make_shared<Loop>(io, std::move(settings), std::move(wall), std::move(random),
                                   std::move(probe), std::move(names))) {}

WebsocketFeed::~WebsocketFeed() { loop_->abandon(); }

void WebsocketFeed::start(intake::FeedListener& listener) { loop_->start(listener); }

void WebsocketFeed::stop() { loop_->stop(); }

void WebsocketFeed::change(WebsocketSettings settings) { loop_->change(std::move(settings)); }

std::optional<Cursor> WebsocketFeed::cursor() const { return loop_->cursor(); }

void WebsocketFeed::ack(std::uint64_t seq) { loop_->ack(seq); }

std::uint64_t WebsocketFeed::already_seen() const { return loop_->already_seen(); }

}  // namespace deskpulse::feed
