#include "daemon/feed/websocket_feed.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/version.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <fstream>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/feed/read_ahead_stream.hpp"
#include "daemon/feed/watchdog.hpp"
#include "proto/decoder.hpp"
#include "proto/session.hpp"

namespace deskpulse::feed {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
namespace websocket = boost::beast::websocket;

using boost::system::error_code;
using Steady = std::chrono::steady_clock;
using Tcp = asio::ip::tcp;
using WebSocket = websocket::stream<ReadAheadStream>;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);  // errors are values here

/// Frames between two chances for the rest of the io_context: below a millisecond.
constexpr int kBurst = 256;
constexpr std::size_t kMaxTokenBytes = 16 * 1024;
/// What a server may declare; outside of it the nearest counts.
constexpr proto::Millis kShortestHeartbeat{10};
constexpr proto::Millis kLongestHeartbeat{600'000};

/// What a coroutine throws is a bug or the end of memory: it leaves through io_context::run().
constexpr auto rethrow = [](const std::exception_ptr& thrown) {
  if (thrown) std::rethrow_exception(thrown);
};

/// Why a connection ends.
struct End {
  Disconnect reason = Disconnect::stopped;
  std::string detail;  ///< for the log; never content
};

/// The token, or an empty one with the reason in `error`.
std::string read_token(const std::string& path, std::string& error) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    error = std::error_code(errno, std::generic_category()).message();
    return {};
  }
  std::string token(kMaxTokenBytes + 1, '\0');
  file.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) {
    error = "reading failed";
    return {};
  }
  const std::size_t last = token.find_last_not_of(" \t\r\n");
  token.resize(last == std::string::npos ? 0 : last + 1);
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (token.empty()) {
    error = "the file is empty";
  } else if (token.size() > kMaxTokenBytes) {
    error = "the file is larger than 16 KiB";
  } else if (!std::all_of(token.begin(), token.end(), printable)) {
    error = "the file holds something else than one line of printable ASCII";
  } else {
    return token;
  }
  return {};
}

bool is_address(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

/// Why a read or the handshake failed.
End ended_by(const error_code& error) {
  static const auto& kWebsocket = make_error_code(websocket::error::closed).category();
  if (error == websocket::error::closed) return {Disconnect::closed_by_peer, {}};
  if (error == websocket::error::message_too_big) {
    return {Disconnect::message_too_large, "send smaller frames, or raise the limit on their size"};
  }
  if (error == websocket::error::buffer_overflow) return {Disconnect::message_too_large, {}};
  if (error.category() == kWebsocket) return {Disconnect::protocol_error, error.message()};
  if (error == asio::error::eof || error == ssl::error::stream_truncated ||
      error == beast::http::error::end_of_stream) {
    return {Disconnect::closed_by_peer, "the connection ended without a close frame"};
  }
  return {Disconnect::connection_lost, error.message()};
}

/// A name lookup. The system's resolver cannot be stopped, so it is left to end by itself.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), wake(executor) {}
  Tcp::resolver resolver;
  asio::steady_timer wake;
  bool done = false;
  error_code error;
  std::vector<Tcp::endpoint> endpoints;
};

}  // namespace

/// All of the feed. The run() coroutine keeps it alive; the WebsocketFeed may go first.
class WebsocketFeed::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::io_context& io, WebsocketSettings settings, WallClock wall, Backoff::Random random,
          std::shared_ptr<FeedProbe> probe)
      : executor_(io.get_executor()),
        settings_(std::move(settings)),
        wall_(std::move(wall)),
        probe_(probe ? std::move(probe) : std::make_shared<FeedProbe>()),
        random_(std::move(random)),
        backoff_(settings_.backoff, random_),
        position_(settings_.start_at, settings_.resume_from),
        decoder_(limits()),
        pause_(executor_) {}

  void start(FeedListener& listener) {
    listener_ = &listener;
    // Posted, so that nothing is said to the listener from inside start().
    asio::post(executor_, [self = shared_from_this()] {
      asio::co_spawn(
          self->executor_, [self] { return self->run(); }, rethrow);
    });
  }
  void stop();
  void change(WebsocketSettings settings);
  void abandon();
  void ack(std::uint64_t seq);
  std::optional<Cursor> cursor() const {
    return settings_.protocol == Protocol::v1 ? position_.cursor() : std::nullopt;
  }
  std::uint64_t already_seen() const { return already_seen_; }

 private:
  struct Connection;
  using ConnectionPtr = std::shared_ptr<Connection>;
  enum class Waiting { nothing, pause, connecting, network, beast, closing };
  /// What to do after a message.
  enum class Verdict { go_on, leave_to_beast, end };

  proto::DecoderLimits limits() const {
    return {.max_bytes = settings_.max_message_bytes, .max_depth = settings_.max_depth};
  }
  asio::awaitable<void> run();
  /// Begins to end the connection, or the wait for one.
  void leave();
  /// From change() to the next connection.
  void take_over();
  asio::awaitable<End> attempt(ConnectionPtr connection, std::string token);
  asio::awaitable<bool> connect(ConnectionPtr connection, Steady::time_point deadline, End& end);
  asio::awaitable<std::vector<Tcp::endpoint>> resolve(ConnectionPtr connection,
                                                      Steady::time_point deadline, End& end);
  asio::awaitable<bool> shake_hands(ConnectionPtr connection, std::string token, End& end);
  asio::awaitable<End> read(ConnectionPtr connection);
  /// Says goodbye, for as long as that may take.
  asio::awaitable<void> close(ConnectionPtr connection, websocket::close_code code);
  asio::awaitable<void> ping(ConnectionPtr connection);
  End dropped(const Connection& connection, End otherwise) const;

  /// A message; `in_place`: shown by the read-ahead layer, so that Beast could still have it.
  Verdict message(Connection& connection, std::string_view text, bool in_place);
  Verdict session_frame(Connection& connection, const proto::ServerFrame& frame);
  Verdict events(Connection& connection, const proto::Events& frame);
  Verdict breach(std::string_view what);
  void became_ready(Connection& connection, proto::Millis heartbeat, std::string_view resume,
                    std::optional<GapKind> gap);
  void reject(const proto::Rejection& rejection);
  void report_gap(GapKind kind);
  void write(const ConnectionPtr& connection, std::string text);

  asio::any_io_executor executor_;
  WebsocketSettings settings_;
  WallClock wall_;
  std::shared_ptr<FeedProbe> probe_;
  Backoff::Random random_;
  Backoff backoff_;
  StreamPosition position_;
  proto::Decoder decoder_;
  asio::steady_timer pause_;
  FeedListener* listener_ = nullptr;  ///< null: nobody listens any more
  ConnectionPtr connection_;
  Waiting waiting_ = Waiting::nothing;
  bool stopping_ = false;  ///< leave the connection; for good where there is no `next_`
  std::optional<WebsocketSettings> next_;
  bool ever_ready_ = false;
  std::uint64_t already_seen_ = 0;
  End verdict_;  ///< with Verdict::end
  websocket::close_code verdict_code_ = websocket::close_code::normal;
};

/// One connection, never used again. Everything asynchronous that touches it holds it.
struct WebsocketFeed::Session::Connection final : ReadObserver,
                                                  std::enable_shared_from_this<Connection> {
  Connection(const asio::any_io_executor& executor, ssl::context* context,
             const WebsocketSettings& all)
      : settings(all),
        watchdog(executor, [this](Deadline which) { expired(which); }),
        ws(executor, context, *this),
        ping_timer(executor) {}

  ReadAheadStream& stream() { return ws.next_layer(); }

  /// Ends everything that is under way. The first reason stays.
  void drop(std::optional<Disconnect> why) {
    if (why && !reason) reason = why;
    if (lookup) lookup->wake.cancel();
    beast_close_socket(stream());
  }

  void expired(Deadline which) {
    switch (which) {
      case Deadline::connect:
        beast_close_socket(stream());  // the next address may do better
        return;
      case Deadline::handshake:
        return drop(Disconnect::handshake_timeout);
      case Deadline::message:
        return drop(Disconnect::message_timeout);
      case Deadline::silence:
        return drop(Disconnect::silence);
      case Deadline::close:
        return drop(std::nullopt);
    }
  }

  void waiting(bool incomplete, std::uint64_t unit) override {
    if (heard) {
      heard = false;
      last_heard = Steady::now();
      watchdog.arm(Deadline::silence, last_heard + silence_limit);
    }
    if (!incomplete) {
      watchdog.disarm(Deadline::message);
    } else if (!watchdog.is_armed(Deadline::message) || unit != timed_unit) {
      timed_unit = unit;
      watchdog.arm(Deadline::message, settings.timeouts.message);
    }
  }

  void tearing_down() override {
    watchdog.disarm(Deadline::message);
    watchdog.disarm(Deadline::silence);
    watchdog.arm(Deadline::close, settings.timeouts.close);
  }

  void over() {
    ended = true;
    ping_timer.cancel();
    watchdog.stop();
    beast_close_socket(stream());
  }

  const WebsocketSettings& settings;  ///< of the session, which outlives its connections
  Watchdog watchdog;
  WebSocket ws;
  asio::steady_timer ping_timer;
  asio::cancellation_signal cancel_wait;
  std::shared_ptr<Lookup> lookup;
  beast::flat_buffer message;
  std::optional<Disconnect> reason;  ///< why we dropped it
  bool ready = false;
  bool ended = false;
  bool heard = false;  ///< since the network was last waited for
  Steady::time_point ready_at{};
  Steady::time_point last_heard{};
  Steady::duration silence_limit{};
  std::uint64_t timed_unit = 0;
  std::string out;  ///< being written
  bool writing = false;
  std::optional<std::uint64_t> next_ack;
};

// ---------------------------------------------------------------------------------------------------
// Connecting, again and again

asio::awaitable<void> WebsocketFeed::Session::run() {
  for (;;) {
    if (next_) take_over();
    if (stopping_) break;
    probe_->connecting(settings_.endpoint.host, settings_.endpoint.port, backoff_.attempts() + 1);
    End end;
    std::string error;
    std::string token;
    if (!settings_.token_file.empty()) token = read_token(settings_.token_file, error);
    std::optional<ssl::context> context;
    if (error.empty() && settings_.endpoint.tls) {
      context.emplace(ssl::context::tls_client);
      context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                           ssl::context::no_tlsv1_1);
      error_code failed;
      if (settings_.ca_file.empty()) {
        context->set_default_verify_paths(failed);
      } else {
        context->load_verify_file(settings_.ca_file, failed);
      }
      if (failed) end = {Disconnect::tls_failed, "the CA file: " + failed.message()};
    }
    bool was_ready = false;
    if (!error.empty()) {
      end = {Disconnect::token_unreadable, std::move(error)};
    } else if (end.detail.empty()) {
      connection_ =
          std::make_shared<Connection>(executor_, context ? &*context : nullptr, settings_);
      const ConnectionPtr connection = connection_;
      end = co_await attempt(connection, std::move(token));
      connection->over();
      connection_.reset();
      was_ready = connection->ready;
      if (was_ready) {
        backoff_.ended_after(std::chrono::duration_cast<std::chrono::milliseconds>(
            connection->last_heard - connection->ready_at));
      }
    }
    waiting_ = Waiting::nothing;
    if (stopping_ && !next_) break;

    if (next_) end = {};
    probe_->disconnected(end.reason, end.detail);
    if (listener_ != nullptr) listener_->disconnected(end.reason);
    const bool plain =
        settings_.protocol == Protocol::plain || (next_ && next_->protocol == Protocol::plain);
    if (was_ready && plain) report_gap(GapKind::disconnect);
    if (next_) continue;
    // Asked again the server would send the same again, and the stream would stand here for ever.
    if (was_ready && end.reason == Disconnect::message_too_large && position_.pass_over())
      report_gap(GapKind::hole);

    const auto wait = backoff_.next(end.reason == Disconnect::unauthorized);
    probe_->reconnecting(wait, backoff_.attempts());
    waiting_ = Waiting::pause;
    pause_.expires_after(wait);
    co_await pause_.async_wait(as_result);
    waiting_ = Waiting::nothing;
  }
  if (listener_ == nullptr) co_return;
  probe_->disconnected(Disconnect::stopped, {});
  std::exchange(listener_, nullptr)->disconnected(Disconnect::stopped);
}

asio::awaitable<End> WebsocketFeed::Session::attempt(ConnectionPtr connection, std::string token) {
  waiting_ = Waiting::connecting;
  const auto deadline = Steady::now() + settings_.timeouts.handshake;
  End end;
  if (!co_await connect(connection, deadline, end)) co_return end;
  connection->watchdog.arm(Deadline::handshake, deadline);
  if (!co_await shake_hands(connection, std::move(token), end)) co_return end;
  waiting_ = Waiting::nothing;

  const bool plain = settings_.protocol == Protocol::plain;
  connection->ws.control_callback(
      [this, one = connection.get(), plain](websocket::frame_type kind, beast::string_view) {
        if (!plain || kind != websocket::frame_type::pong) return;
        one->heard = true;
        const proto::Instant wall = wall_();
        if (listener_ != nullptr) listener_->heartbeat(wall, wall);
      });
  if (plain) {
    connection->silence_limit = settings_.timeouts.pong_within;
    became_ready(*connection, settings_.timeouts.ping_every, "plain",
                 ever_ready_ ? std::nullopt : std::optional(GapKind::live_start));
    asio::co_spawn(executor_, ping(connection), rethrow);
  } else {
    std::string hello;
    proto::append_frame(hello, proto::Hello{settings_.consumer, position_.ask()});
    write(connection, std::move(hello));
  }
  co_return co_await read(connection);
}

asio::awaitable<std::vector<Tcp::endpoint>> WebsocketFeed::Session::resolve(
    ConnectionPtr connection, Steady::time_point deadline, End& end) {
  const Endpoint& endpoint = settings_.endpoint;
  error_code error;
  const auto address = asio::ip::make_address(endpoint.host, error);
  if (!error) {
    const auto port = static_cast<std::uint16_t>(std::stoul(endpoint.port));
    co_return std::vector<Tcp::endpoint>(1, Tcp::endpoint(address, port));
  }
  const auto lookup = std::make_shared<Lookup>(executor_);
  connection->lookup = lookup;
  lookup->wake.expires_at(deadline);
  lookup->resolver.async_resolve(endpoint.host, endpoint.port,
                                 [lookup](error_code failed, const auto& results) {
                                   lookup->done = true;
                                   lookup->error = failed;
                                   for (const auto& result : results)
                                     lookup->endpoints.push_back(result.endpoint());
                                   lookup->wake.cancel();
                                 });
  co_await lookup->wake.async_wait(as_result);
  connection->lookup.reset();
  // The system's resolver has one thread. Lookups that nobody waits for any more must not stand in
  // its queue while a name server is away, or the next ones would wait behind them.
  lookup->resolver.cancel();
  if (!lookup->done) {
    end = {Disconnect::connect_timeout, "the name server did not answer"};
  } else if (lookup->error || lookup->endpoints.empty()) {
    end = {Disconnect::resolve_failed, lookup->error.message()};
  }
  co_return lookup->endpoints;
}

asio::awaitable<bool> WebsocketFeed::Session::connect(ConnectionPtr connection,
                                                      Steady::time_point deadline, End& end) {
  const std::vector<Tcp::endpoint> endpoints = co_await resolve(connection, deadline, end);
  if (stopping_) co_return false;
  std::size_t left = endpoints.size();
  for (const Tcp::endpoint& endpoint : endpoints) {
    // What is left of the time is shared, so that one dead address does not use it up.
    const auto now = Steady::now();
    const auto share = (deadline - now) / static_cast<std::int64_t>(left--);
    connection->watchdog.arm(Deadline::connect, now + share);
    const auto [error] = co_await connection->stream().socket().async_connect(endpoint, as_result);
    const bool in_time = connection->watchdog.is_armed(Deadline::connect);
    connection->watchdog.disarm(Deadline::connect);
    if (stopping_) co_return false;
    if (!error && in_time) {
      error_code ignored;
      connection->stream().socket().set_option(Tcp::no_delay(true), ignored);
      co_return true;
    }
    end = {in_time ? Disconnect::refused : Disconnect::connect_timeout,
           in_time ? error.message() : std::string()};
    beast_close_socket(connection->stream());
  }
  co_return false;
}

asio::awaitable<bool> WebsocketFeed::Session::shake_hands(ConnectionPtr connection,
                                                          std::string token, End& end) {
  const Endpoint& endpoint = settings_.endpoint;
  if (ReadAheadStream::Tls* const tls = connection->stream().tls(); tls != nullptr) {
    tls->set_verify_mode(ssl::verify_peer);
    tls->set_verify_callback(ssl::host_name_verification(endpoint.host));
    if (!is_address(endpoint.host))
      SSL_set_tlsext_host_name(tls->native_handle(), endpoint.host.c_str());
    const auto [error] = co_await tls->async_handshake(ssl::stream_base::client, as_result);
    if (error) {
      const long verified = SSL_get_verify_result(tls->native_handle());
      end = dropped(*connection, {Disconnect::tls_failed,
                                  verified == X509_V_OK ? error.message()
                                                        : X509_verify_cert_error_string(verified)});
      co_return false;
    }
  }

  WebSocket& ws = connection->ws;
  ws.set_option(websocket::stream_base::timeout{
      websocket::stream_base::none(), websocket::stream_base::none(), false});  // ours see more
  ws.read_message_max(std::max<std::size_t>(1, settings_.max_message_bytes));   // 0 means no limit
  websocket::permessage_deflate deflate;
  deflate.client_enable = settings_.permessage_deflate;
  ws.set_option(deflate);
  const bool v1 = settings_.protocol == Protocol::v1;
  ws.set_option(websocket::stream_base::decorator(
      [token = std::move(token), v1](websocket::request_type& request) {
        request.set(beast::http::field::user_agent, "deskpulse");
        if (!token.empty()) request.set(beast::http::field::authorization, "Bearer " + token);
        if (v1) {
          request.set(beast::http::field::sec_websocket_protocol,
                      beast::string_view(proto::kSubprotocol.data(), proto::kSubprotocol.size()));
        }
      }));
  websocket::response_type response;
  const std::string host = endpoint.host_header();
  const auto [error] = co_await ws.async_handshake(response, host, endpoint.target, as_result);
  if (error == websocket::error::upgrade_declined) {
    const unsigned status = response.result_int();
    end = {
        status == 401 || status == 403 ? Disconnect::unauthorized : Disconnect::handshake_rejected,
        "HTTP status " + std::to_string(status)};
    co_return false;
  }
  if (error) {
    End why = ended_by(error);
    if (why.reason == Disconnect::protocol_error) why.reason = Disconnect::handshake_rejected;
    end = dropped(*connection, std::move(why));
    co_return false;
  }
  const auto agreed = response[beast::http::field::sec_websocket_protocol];
  if (v1 && std::string_view(agreed.data(), agreed.size()) != proto::kSubprotocol) {
    co_await close(connection, websocket::close_code::protocol_error);
    end.reason = Disconnect::wrong_subprotocol;
    co_return false;
  }
  co_return true;
}

// ---------------------------------------------------------------------------------------------------
// Reading

asio::awaitable<End> WebsocketFeed::Session::read(ConnectionPtr connection) {
  ReadAheadStream& stream = connection->stream();
  int burst = 0;
  for (;;) {
    if (stopping_) {
      co_await close(connection, websocket::close_code::normal);
      co_return End{};
    }
    const ReadAheadStream::Frame frame = stream.next_frame(settings_.max_message_bytes);
    Verdict verdict = Verdict::leave_to_beast;
    if (frame.next == ReadAheadStream::Next::more) {
      waiting_ = Waiting::network;
      const auto [error, bytes] = co_await stream.read_next(
          asio::bind_cancellation_slot(connection->cancel_wait.slot(), as_result));
      waiting_ = Waiting::nothing;
      if (!error) stream.commit(bytes);
      if (error && !stopping_) co_return dropped(*connection, ended_by(error));
      if (error && connection->reason) co_return dropped(*connection, {});
      continue;
    }
    if (frame.next == ReadAheadStream::Next::text) {
      verdict = message(*connection, frame.payload, true);
      if (verdict != Verdict::leave_to_beast) stream.take(frame);
    }
    if (verdict == Verdict::leave_to_beast) {
      connection->message.clear();
      do {
        waiting_ = Waiting::beast;
        const auto [error, bytes] =
            co_await connection->ws.async_read_some(connection->message, 64 * 1024, as_result);
        waiting_ = Waiting::nothing;
        if (error == websocket::error::message_too_big) reject({proto::Reject::too_large, {}});
        if (error) co_return dropped(*connection, ended_by(error));
      } while (!connection->ws.is_message_done());
      const auto data = connection->message.data();
      if (connection->ws.got_binary()) {
        reject({proto::Reject::not_json, {}});
        verdict = Verdict::go_on;
      } else {
        verdict = message(*connection, {static_cast<const char*>(data.data()), data.size()}, false);
      }
    }
    if (verdict == Verdict::end) {
      co_await close(connection, verdict_code_);
      co_return std::move(verdict_);
    }
    if (++burst >= kBurst) {
      burst = 0;
      co_await asio::post(executor_, asio::use_awaitable);
    }
  }
}

WebsocketFeed::Session::Verdict WebsocketFeed::Session::message(Connection& connection,
                                                                std::string_view text,
                                                                bool in_place) {
  static_assert(ReadAheadStream::kPadding >= proto::Decoder::kPadding);
  const auto tail = in_place ? proto::Tail::padded : proto::Tail::unknown;
  // What is no JSON may be no UTF-8 either, and that ends a WebSocket: Beast knows how.
  const auto refuse = [&](const proto::Rejection& rejection) {
    if (in_place && rejection.reason == proto::Reject::not_json) return Verdict::leave_to_beast;
    reject(rejection);
    return Verdict::go_on;
  };

  if (settings_.protocol == Protocol::plain) {
    const auto frame = decoder_.plain_frame(text, tail);
    if (!frame) return refuse(frame.error());
    connection.heard = true;
    const proto::Instant wall = wall_();
    for (const auto& event : *frame) {
      if (!event) {
        reject(event.error());
      } else if (listener_ != nullptr) {
        listener_->event(*event, wall);
      }
    }
    return Verdict::go_on;
  }
  const auto frame = decoder_.server_frame(text, tail);
  if (!frame) return refuse(frame.error());
  return session_frame(connection, *frame);
}

WebsocketFeed::Session::Verdict WebsocketFeed::Session::session_frame(
    Connection& connection, const proto::ServerFrame& frame) {
  if (const auto* const got = std::get_if<proto::Bye>(&frame)) {
    if (!got->resume) position_.forget();
    const bool refused = got->code == proto::ByeCode::auth;
    verdict_ = {refused ? Disconnect::unauthorized : Disconnect::bye,
                "code " + std::string(proto::bye_code_name(got->code))};
    verdict_code_ = websocket::close_code::normal;
    return Verdict::end;
  }
  if (const auto* const got = std::get_if<proto::Ready>(&frame)) {
    if (connection.ready) return breach("a second ready");
    const auto gap = position_.ready(*got);
    const proto::Millis heartbeat =
        std::clamp(got->heartbeat, kShortestHeartbeat, kLongestHeartbeat);
    connection.silence_limit = 2 * heartbeat + settings_.timeouts.heartbeat_grace;
    became_ready(connection, heartbeat, proto::resume_name(got->resume), gap);
    return Verdict::go_on;
  }
  if (!connection.ready) return breach("a frame before ready");
  if (const auto* const got = std::get_if<proto::Heartbeat>(&frame)) {
    const auto heartbeat = position_.heartbeat(got->head);
    if (heartbeat == StreamPosition::Heartbeat::invalid) return breach("a head behind its events");
    connection.heard = true;
    const bool all = heartbeat == StreamPosition::Heartbeat::caught_up;
    if (listener_ != nullptr) {
      listener_->heartbeat(all ? std::optional(got->ts) : std::nullopt, wall_());
    }
    return Verdict::go_on;
  }
  return events(connection, std::get<proto::Events>(frame));
}

WebsocketFeed::Session::Verdict WebsocketFeed::Session::events(Connection& connection,
                                                               const proto::Events& frame) {
  const auto begun = position_.begin(frame.seq, frame.events.size());
  if (!begun.valid) return breach("positions beyond 64 bits");
  if (begun.hole) report_gap(GapKind::hole);
  connection.heard = true;
  const proto::Instant wall = wall_();
  std::uint64_t seq = frame.seq;
  for (const auto& event : frame.events) {
    if (!position_.take(seq++)) {
      ++already_seen_;
    } else if (!event) {
      reject(event.error());
    } else if (listener_ != nullptr) {
      listener_->event(*event, wall);
    }
  }
  return Verdict::go_on;
}

WebsocketFeed::Session::Verdict WebsocketFeed::Session::breach(std::string_view what) {
  verdict_ = {Disconnect::protocol_error, std::string(what)};
  verdict_code_ = websocket::close_code::protocol_error;
  return Verdict::end;
}

void WebsocketFeed::Session::became_ready(Connection& connection, proto::Millis heartbeat,
                                          std::string_view resume, std::optional<GapKind> gap) {
  ever_ready_ = true;
  connection.ready = true;
  connection.ready_at = connection.last_heard = Steady::now();
  connection.watchdog.disarm(Deadline::handshake);
  connection.watchdog.arm(Deadline::silence, connection.ready_at + connection.silence_limit);
  probe_->connected(resume, backoff_.attempts() + 1);
  if (listener_ != nullptr) listener_->connected(heartbeat, wall_());
  if (gap) report_gap(*gap);
}

void WebsocketFeed::Session::reject(const proto::Rejection& rejection) {
  if (listener_ != nullptr) listener_->rejected(rejection);
}

void WebsocketFeed::Session::report_gap(GapKind kind) {
  probe_->gap(kind);
  if (listener_ != nullptr) listener_->gap(kind);
}

// ---------------------------------------------------------------------------------------------------
// Writing and ending

void WebsocketFeed::Session::write(const ConnectionPtr& connection, std::string text) {
  connection->out = std::move(text);
  connection->writing = true;
  connection->ws.text(true);
  connection->ws.async_write(asio::buffer(connection->out), [self = shared_from_this(), connection](
                                                                error_code error, std::size_t) {
    connection->writing = false;
    // A failed write shows in the read as well, and ends the connection there.
    if (error || connection->ended || !connection->next_ack) return;
    self->ack(*std::exchange(connection->next_ack, std::nullopt));
  });
}

void WebsocketFeed::Session::ack(std::uint64_t seq) {
  const ConnectionPtr connection = connection_;
  if (!connection || !connection->ready || settings_.protocol != Protocol::v1) return;
  if (connection->writing) {
    connection->next_ack = seq;
    return;
  }
  std::string frame;
  proto::append_frame(frame, proto::Ack{seq});
  write(connection, std::move(frame));
}

asio::awaitable<void> WebsocketFeed::Session::ping(ConnectionPtr connection) {
  const auto self = shared_from_this();
  for (;;) {
    connection->ping_timer.expires_after(settings_.timeouts.ping_every);
    co_await connection->ping_timer.async_wait(as_result);
    if (connection->ended) co_return;
    const websocket::ping_data nothing;
    const auto [error] = co_await connection->ws.async_ping(nothing, as_result);
    if (error) co_return;
  }
}

End WebsocketFeed::Session::dropped(const Connection& connection, End otherwise) const {
  if (connection.reason) return {*connection.reason, {}};
  return otherwise;
}

asio::awaitable<void> WebsocketFeed::Session::close(ConnectionPtr connection,
                                                    websocket::close_code code) {
  waiting_ = Waiting::closing;
  connection->watchdog.disarm(Deadline::handshake);
  connection->tearing_down();
  const websocket::close_reason why(code);
  co_await connection->ws.async_close(why, as_result);
}

void WebsocketFeed::Session::stop() {
  next_.reset();
  leave();
}

void WebsocketFeed::Session::change(WebsocketSettings settings) {
  if (stopping_ && !next_) return;
  next_ = std::move(settings);
  leave();
}

void WebsocketFeed::Session::take_over() {
  settings_ = std::move(*next_);
  next_.reset();
  stopping_ = false;
  backoff_ = Backoff(settings_.backoff, random_);
  decoder_ = proto::Decoder(limits());
  if (!ever_ready_) position_ = StreamPosition(settings_.start_at, position_.cursor());
  if (settings_.protocol == Protocol::plain) position_.forget();
}

void WebsocketFeed::Session::leave() {
  if (std::exchange(stopping_, true)) return;
  switch (waiting_) {
    case Waiting::pause:
      pause_.cancel();
      return;
    case Waiting::connecting:
      connection_->drop(Disconnect::stopped);
      return;
    case Waiting::network:
      // A read over TLS heeds no gentler kind; nothing has been read yet, so nothing is lost.
      connection_->cancel_wait.emit(asio::cancellation_type::terminal);
      return;
    case Waiting::beast:
      // Beast may be asked to close while it reads; the read then ends.
      connection_->tearing_down();
      connection_->ws.async_close(websocket::close_code::normal,
                                  [connection = connection_](error_code) {});
      return;
    case Waiting::nothing:
    case Waiting::closing:
      return;
  }
}

void WebsocketFeed::Session::abandon() {
  listener_ = nullptr;
  next_.reset();
  stopping_ = true;
  pause_.cancel();
  if (connection_) connection_->drop(Disconnect::stopped);
}

WebsocketFeed::WebsocketFeed(asio::io_context& io, WebsocketSettings settings, WallClock wall,
                             Backoff::Random random, std::shared_ptr<FeedProbe> probe)
    : session_(std::make_shared<Session>(io, std::move(settings), std::move(wall),
                                         std::move(random), std::move(probe))) {}

WebsocketFeed::~WebsocketFeed() { session_->abandon(); }

void WebsocketFeed::start(FeedListener& listener) { session_->start(listener); }

void WebsocketFeed::stop() { session_->stop(); }

void WebsocketFeed::change(WebsocketSettings settings) { session_->change(std::move(settings)); }

std::optional<Cursor> WebsocketFeed::cursor() const { return session_->cursor(); }

void WebsocketFeed::ack(std::uint64_t seq) { session_->ack(seq); }

std::uint64_t WebsocketFeed::already_seen() const { return session_->already_seen(); }

}  // namespace deskpulse::feed
