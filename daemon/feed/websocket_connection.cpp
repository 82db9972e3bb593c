#include "daemon/feed/websocket_connection.hpp"

#include <algorithm>
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
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/beast/zlib/error.hpp>
#include <chrono>
#include <exception>
#include <new>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/feed/authorities.hpp"
#include "daemon/feed/name_resolver.hpp"
#include "daemon/feed/read_ahead_stream.hpp"
#include "daemon/feed/watchdog.hpp"

namespace deskpulse::feed {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
namespace websocket = boost::beast::websocket;

using boost::system::error_code;
using Steady = std::chrono::steady_clock;
using Tcp = asio::ip::tcp;
using WebSocket = websocket::stream<ReadAheadStream>;
using Next = MessageHandler::Next;
using Utf8 = MessageHandler::Utf8;

static_assert(WebsocketConnection::kPadding == ReadAheadStream::kPadding);

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);  // errors are values here

/// Messages between two chances for the rest of the io_context: below a millisecond.
constexpr int kBurst = 256;

/// What a coroutine throws is a bug or the end of memory: it leaves through io_context::run().
constexpr auto rethrow = [](const std::exception_ptr& thrown) {
  if (thrown) std::rethrow_exception(thrown);
};

bool is_address(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

bool are_of_one_library(const error_code& error, const error_code& other) {
  return error.category() == other.category();
}

/// Why a read failed.
End ended_by(const error_code& error) {
  if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow)
    return {intake::Disconnect::message_too_large,
            "send smaller frames, or raise the limit on their size"};
  if (error == websocket::error::bad_frame_payload || error == websocket::error::bad_close_payload)
    return {intake::Disconnect::bad_utf8, error.message()};
  if (error == websocket::error::partial_deflate_block ||
      are_of_one_library(error, beast::zlib::error::stream_error))
    return {intake::Disconnect::bad_compression, error.message()};
  if (are_of_one_library(error, websocket::error::closed))
    return {intake::Disconnect::protocol_error, error.message()};
  if (error == asio::error::eof || error == ssl::error::stream_truncated ||
      error == beast::http::error::end_of_stream || error == beast::http::error::partial_message)
    return {intake::Disconnect::dropped_by_peer, "the connection ended without a close frame"};
  if (are_of_one_library(error, beast::http::error::end_of_stream))
    return {intake::Disconnect::handshake_malformed, error.message()};
  if (error.category() == asio::error::get_ssl_category())
    return {intake::Disconnect::tls_failed, error.message()};
  return {intake::Disconnect::connection_lost, error.message()};
}

/// Why the TLS handshake failed. `verified` is what OpenSSL made of the certificate.
End tls_ended_by(const error_code& error, long verified) {
  if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH)
    return {intake::Disconnect::tls_wrong_name, "the certificate is for another host"};
  if (verified != X509_V_OK) {
    const bool is_time =
        verified == X509_V_ERR_CERT_HAS_EXPIRED || verified == X509_V_ERR_CERT_NOT_YET_VALID;
    return {is_time ? intake::Disconnect::tls_expired : intake::Disconnect::tls_untrusted,
            X509_verify_cert_error_string(verified)};
  }
  if (error.category() != asio::error::get_ssl_category()) return ended_by(error);
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_HTTP_REQUEST:
      return {intake::Disconnect::not_tls, error.message()};
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return {intake::Disconnect::tls_version, error.message()};
    default:
      return {intake::Disconnect::tls_failed, error.message()};
  }
}

/// The server closed the WebSocket. What it wrote beside the code may be anything.
End closed_with(const websocket::close_reason& reason) {
  if (!reason) return {intake::Disconnect::closed_by_peer, "no code"};
  return {intake::Disconnect::closed_by_peer, "code " + std::to_string(reason.code)};
}

/// Beast lets a text end inside a character when its last frame is empty. All before is checked.
bool ends_inside_a_character(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) return false;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4u : byte >= 0xe0 ? 3u : 2u);
  }
  return false;
}

/// Why an answer other than 101 is what it is.
End declined_by(unsigned status) {
  const auto reason = [status] {
    if (status == 401 || status == 403) return intake::Disconnect::unauthorized;
    if (status == 429 || status >= 500) return intake::Disconnect::service_unavailable;
    if (status >= 300 && status < 400) return intake::Disconnect::redirected;
    return intake::Disconnect::handshake_rejected;
  };
  return {reason(), "HTTP status " + std::to_string(status)};
}

/// Whether a server may use the extensions that its answer names; Beast looks at no other than the
/// one it knows.
bool are_offered(const websocket::response_type& response, bool deflate) {
  const auto [first, last] = response.equal_range(beast::http::field::sec_websocket_extensions);
  for (auto field = first; field != last; ++field) {
    for (const auto& extension : beast::http::ext_list(field->value())) {
      if (!deflate || !beast::iequals(extension.first, "permessage-deflate")) return false;
    }
  }
  return true;
}

/// What is asked of Beast at once, of a message that it reads.
constexpr std::size_t kPiece = 64 * 1024;

/// Room in `message` for another piece. Beast would ask for it from inside an operation, where a
/// failure ends the process. False, and nothing has changed, where there is no memory.
bool has_room(beast::flat_buffer& message) {
  const std::size_t needed = message.size() + kPiece;
  if (message.capacity() >= needed) return true;
  try {
    message.reserve(std::max(needed, 2 * message.capacity()));
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

/// The CA file is read again for each connection.
ssl::context tls_context(const std::string& ca_file, std::string& failure) {
  ssl::context context(ssl::context::tls_client);
  context.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                      ssl::context::no_tlsv1_1);
  if (ca_file.empty()) {
    error_code failed;
    context.set_default_verify_paths(failed);
    if (failed) failure = failed.message();
  } else {
    failure = trust_authorities(context, ca_file);
  }
  return context;
}

}  // namespace

/// Everything asynchronous that touches the connection holds this.
class WebsocketConnection::Impl final : public ReadObserver,
                                        public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, NameResolver& names, ConnectionSettings settings,
       MessageHandler& handler)
      : executor_(io.get_executor()),
        names_(names),
        settings_(std::move(settings)),
        handler_(&handler),
        watchdog_(executor_, [this](Deadline which) { expired(which); }),
        ping_timer_(executor_) {}

  asio::awaitable<End> run();
  void settled(proto::Millis silence_limit);
  void heard() { heard_ = true; }
  void ping_every(proto::Millis interval);
  bool write(std::string message, Kind kind);
  void close();
  void abandon();
  proto::Millis healthy() const {
    return std::chrono::duration_cast<proto::Millis>(last_heard_ - settled_at_);
  }

 private:
  enum class Waiting { nothing, connecting, network, beast, closing };

  /// Makes the stream and its buffers. False where there is no memory for them.
  bool has_memory();
  asio::awaitable<End> work();
  asio::awaitable<bool> connect(Steady::time_point deadline, End& end);
  asio::awaitable<std::vector<Tcp::endpoint>> resolve(Steady::time_point deadline, End& end);
  asio::awaitable<bool> secure(End& end);
  asio::awaitable<bool> upgrade(End& end);
  asio::awaitable<End> read();
  /// Says goodbye, for as long as that may take; or waits for what close() has begun.
  asio::awaitable<void> say_goodbye(websocket::close_code code);
  asio::awaitable<void> ping(proto::Millis interval);

  void expired(Deadline which);
  void waiting(bool incomplete, std::uint64_t unit) override;
  void tearing_down() override;
  /// Ends everything that is under way. The first reason stays.
  void drop(std::optional<intake::Disconnect> why);
  void over();
  /// The reason for which we dropped the connection, or else the other one.
  End dropped(End otherwise) const;
  ReadAheadStream& stream() { return ws_->next_layer(); }

  asio::any_io_executor executor_;
  NameResolver& names_;
  const ConnectionSettings settings_;
  MessageHandler* handler_;  ///< null: nobody listens any more
  Watchdog watchdog_;
  std::optional<ssl::context> tls_;
  std::optional<WebSocket> ws_;
  asio::steady_timer ping_timer_;
  asio::cancellation_signal cancel_wait_;
  beast::flat_buffer message_;
  Waiting waiting_ = Waiting::nothing;
  std::optional<intake::Disconnect> reason_;  ///< why we dropped it
  std::string_view phase_;                    ///< of the handshake: what it waits for
  bool leaving_ = false;                      ///< close() was called
  bool closing_ = false;  ///< and has let Beast say goodbye, which may be asked once
  bool open_ = false;     ///< messages go in and out
  bool ended_ = false;
  bool heard_ = false;  ///< since the network was last waited for
  Steady::time_point settled_at_{};
  Steady::time_point last_heard_{};
  Steady::duration silence_limit_{};
  std::uint64_t timed_unit_ = 0;
  std::string out_;  ///< being written
  bool writing_ = false;
};

// ---------------------------------------------------------------------------------------------------
// Connecting

asio::awaitable<End> WebsocketConnection::Impl::run() {
  const auto self = shared_from_this();
  End end;
  std::string failure;
  if (settings_.endpoint.tls) tls_.emplace(tls_context(settings_.ca_file, failure));
  if (!failure.empty()) {
    end = {intake::Disconnect::ca_unreadable, failure};
  } else if (!leaving_ && !has_memory()) {
    end = {intake::Disconnect::connection_lost, "there is no memory for it"};
  } else if (!leaving_) {
    end = co_await work();
    over();
  }
  waiting_ = Waiting::nothing;
  if (leaving_) end = End{};
  co_return end;
}

// Only of what is our own: whoever is given a message may be left half done by a failure.
bool WebsocketConnection::Impl::has_memory() {
  try {
    ws_.emplace(executor_, tls_ ? &*tls_ : nullptr, *this);
    message_.reserve(kPiece);
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

asio::awaitable<End> WebsocketConnection::Impl::work() {
  waiting_ = Waiting::connecting;
  const auto deadline = Steady::now() + settings_.handshake;
  End end;
  if (!co_await connect(deadline, end)) co_return end;
  watchdog_.arm(Deadline::handshake, deadline);
  if (settings_.endpoint.tls) {
    phase_ = "in the handshake of TLS";
    if (!co_await secure(end)) co_return end;
  }
  phase_ = "no answer to the WebSocket's handshake";
  if (!co_await upgrade(end)) co_return end;
  phase_ = "the WebSocket is open, but the session is not";
  waiting_ = Waiting::nothing;

  ws_->control_callback([this](websocket::frame_type kind, beast::string_view) {
    if (kind == websocket::frame_type::pong && open_ && handler_ != nullptr) handler_->pong();
  });
  open_ = true;
  if (handler_ != nullptr) handler_->opened();
  co_return co_await read();
}

asio::awaitable<std::vector<Tcp::endpoint>> WebsocketConnection::Impl::resolve(
    Steady::time_point deadline, End& end) {
  const Endpoint& endpoint = settings_.endpoint;
  error_code error;
  const auto address = asio::ip::make_address(endpoint.host, error);
  if (!error) {
    const auto port = static_cast<std::uint16_t>(std::stoul(endpoint.port));
    co_return std::vector<Tcp::endpoint>(1, Tcp::endpoint(address, port));
  }
  NameResolver::Name name{endpoint.host, endpoint.port};
  std::optional<NameResolver::Addresses> found = co_await names_.resolve(std::move(name), deadline);
  if (!found) {
    end = {intake::Disconnect::resolve_timeout, "the name server did not answer"};
    co_return std::vector<Tcp::endpoint>();
  }
  if (found->endpoints.empty()) end = {intake::Disconnect::resolve_failed, std::move(found->error)};
  co_return std::move(found->endpoints);
}

asio::awaitable<bool> WebsocketConnection::Impl::connect(Steady::time_point deadline, End& end) {
  const std::vector<Tcp::endpoint> endpoints = co_await resolve(deadline, end);
  if (leaving_) co_return false;
  std::size_t left = endpoints.size();
  for (const Tcp::endpoint& endpoint : endpoints) {
    // What is left of the time is shared, so that one dead address does not use it up.
    const auto now = Steady::now();
    const auto share = (deadline - now) / static_cast<std::int64_t>(left--);
    watchdog_.arm(Deadline::connect, now + share);
    const auto [error] = co_await stream().socket().async_connect(endpoint, as_result);
    const bool in_time = watchdog_.is_armed(Deadline::connect);
    watchdog_.disarm(Deadline::connect);
    if (leaving_) co_return false;
    if (!error && in_time) {
      error_code ignored;
      stream().socket().set_option(Tcp::no_delay(true), ignored);
      co_return true;
    }
    end = {in_time ? intake::Disconnect::refused : intake::Disconnect::connect_timeout,
           in_time ? error.message() : std::string()};
    beast_close_socket(stream());
  }
  co_return false;
}

asio::awaitable<bool> WebsocketConnection::Impl::secure(End& end) {
  const std::string& host = settings_.endpoint.host;
  ReadAheadStream::Tls& tls = *stream().tls();
  SSL* const session = tls.native_handle();
  tls.set_verify_mode(ssl::verify_peer);
  // RFC 9525: the name is a subject alternative name, whole but for a `*` in front. Where there is
  // none OpenSSL would look at the common name, and so does Asio's own check.
  SSL_set_hostflags(session,
                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool is_expected =
      is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1
                       : SSL_set1_host(session, host.c_str()) == 1 &&
                             SSL_set_tlsext_host_name(session, host.c_str()) == 1;
  if (!is_expected) {
    end = {intake::Disconnect::tls_failed, "the name of the host cannot be asked for"};
    co_return false;
  }
  const auto [error] = co_await tls.async_handshake(ssl::stream_base::client, as_result);
  if (!error) co_return true;
  end = dropped(tls_ended_by(error, SSL_get_verify_result(session)));
  co_return false;
}

asio::awaitable<bool> WebsocketConnection::Impl::upgrade(End& end) {
  ws_->set_option(websocket::stream_base::timeout{
      websocket::stream_base::none(), websocket::stream_base::none(), false});   // ours see more
  ws_->read_message_max(std::max<std::size_t>(1, settings_.max_message_bytes));  // 0 means no limit
  websocket::permessage_deflate deflate;
  deflate.client_enable = settings_.permessage_deflate;
  ws_->set_option(deflate);
  ws_->set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
    request.set(beast::http::field::user_agent, "deskpulse");
    if (!settings_.token.empty())
      request.set(beast::http::field::authorization, "Bearer " + settings_.token);
    if (!settings_.subprotocol.empty())
      request.set(beast::http::field::sec_websocket_protocol, settings_.subprotocol);
  }));
  websocket::response_type response;
  const std::string host = settings_.endpoint.host_header();
  const auto [error] =
      co_await ws_->async_handshake(response, host, settings_.endpoint.target, as_result);
  // Beast wants the body, too, and gets none: its error says nothing then.
  const unsigned status = stream().http_status();
  if (error && status != 0 && status != 101) {
    end = declined_by(status);
    co_return false;
  }
  if (error) {
    End why = ended_by(error);
    if (error == websocket::error::bad_sec_accept)
      why.reason = intake::Disconnect::accept_key_wrong;
    if (why.reason == intake::Disconnect::protocol_error)
      why.reason = intake::Disconnect::handshake_malformed;
    end = dropped(std::move(why));
    co_return false;
  }
  const auto agreed = response[beast::http::field::sec_websocket_protocol];
  if (std::string_view(agreed.data(), agreed.size()) != settings_.subprotocol) {
    end.reason = intake::Disconnect::wrong_subprotocol;
  } else if (!are_offered(response, settings_.permessage_deflate)) {
    end.reason = intake::Disconnect::wrong_extension;
  } else {
    co_return true;
  }
  co_await say_goodbye(websocket::close_code::protocol_error);
  co_return false;
}

// ---------------------------------------------------------------------------------------------------
// Reading

asio::awaitable<End> WebsocketConnection::Impl::read() {
  int burst = 0;
  for (;;) {
    if (leaving_) {
      co_await say_goodbye(websocket::close_code::normal);
      co_return End{};
    }
    const ReadAheadStream::Frame frame = stream().next_frame(settings_.max_message_bytes);
    Next next = Next::check_first;
    if (frame.next == ReadAheadStream::Next::more) {
      waiting_ = Waiting::network;
      const auto [error, bytes] =
          co_await stream().read_next(asio::bind_cancellation_slot(cancel_wait_.slot(), as_result));
      waiting_ = Waiting::nothing;
      if (!error) stream().commit(bytes);
      if (error && !leaving_) co_return dropped(ended_by(error));
      if (error && reason_) co_return End{};
      continue;
    }
    if (frame.next == ReadAheadStream::Next::text) {
      if (handler_ != nullptr) next = handler_->text(frame.payload, Utf8::unchecked);
      if (next != Next::check_first) stream().take(frame);
    }
    if (next == Next::check_first) {
      message_.clear();
      bool is_lost = false;
      do {
        is_lost = is_lost || !has_room(message_);
        if (is_lost) message_.clear();
        waiting_ = Waiting::beast;
        const auto [error, bytes] = co_await ws_->async_read_some(message_, kPiece, as_result);
        waiting_ = Waiting::nothing;
        if (error == websocket::error::closed) co_return dropped(closed_with(ws_->reason()));
        if (error) co_return dropped(ended_by(error));
      } while (!ws_->is_message_done());
      const auto data = message_.data();
      const std::string_view whole(static_cast<const char*>(data.data()), data.size());
      if (ws_->got_text() && !is_lost && ends_inside_a_character(whole)) {
        co_await say_goodbye(websocket::close_code::bad_payload);
        co_return End{intake::Disconnect::bad_utf8, "the text ends inside a character"};
      }
      next = Next::go_on;
      if (handler_ != nullptr) {
        if (is_lost) {
          next = handler_->lost();
        } else if (ws_->got_binary()) {
          next = handler_->binary(whole);
        } else {
          next = handler_->text(whole, Utf8::checked);
        }
      }
    }
    if (next == Next::end && handler_ != nullptr) {
      Ending ending = handler_->ending();
      co_await say_goodbye(static_cast<websocket::close_code>(ending.close_code));
      co_return std::move(ending.end);
    }
    if (++burst >= kBurst) {
      burst = 0;
      co_await asio::post(executor_, asio::use_awaitable);
    }
  }
}

void WebsocketConnection::Impl::waiting(bool incomplete, std::uint64_t unit) {
  if (heard_) {
    heard_ = false;
    last_heard_ = Steady::now();
    watchdog_.arm(Deadline::silence, last_heard_ + silence_limit_);
  }
  if (!incomplete) {
    watchdog_.disarm(Deadline::message);
  } else if (!watchdog_.is_armed(Deadline::message) || unit != timed_unit_) {
    timed_unit_ = unit;
    watchdog_.arm(Deadline::message, settings_.message);
  }
}

// ---------------------------------------------------------------------------------------------------
// Writing

bool WebsocketConnection::Impl::write(std::string message, Kind kind) {
  if (!open_ || writing_) return false;
  out_ = std::move(message);
  writing_ = true;
  ws_->text(kind == Kind::text);
  ws_->async_write(asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    self->writing_ = false;
    // A failed write shows in the read as well, and ends the connection there.
    if (!error && self->open_ && self->handler_ != nullptr) self->handler_->written();
  });
  return true;
}

void WebsocketConnection::Impl::ping_every(proto::Millis interval) {
  asio::co_spawn(
      executor_, [self = shared_from_this(), interval] { return self->ping(interval); }, rethrow);
}

asio::awaitable<void> WebsocketConnection::Impl::ping(proto::Millis interval) {
  const auto self = shared_from_this();
  for (;;) {
    ping_timer_.expires_after(interval);
    co_await ping_timer_.async_wait(as_result);
    if (ended_) co_return;
    const websocket::ping_data nothing;
    const auto [error] = co_await ws_->async_ping(nothing, as_result);
    if (error) co_return;
  }
}

// ---------------------------------------------------------------------------------------------------
// Ending

void WebsocketConnection::Impl::settled(proto::Millis silence_limit) {
  silence_limit_ = silence_limit;
  settled_at_ = last_heard_ = Steady::now();
  watchdog_.disarm(Deadline::handshake);
  watchdog_.arm(Deadline::silence, settled_at_ + silence_limit_);
}

void WebsocketConnection::Impl::expired(Deadline which) {
  switch (which) {
    case Deadline::connect:
      beast_close_socket(stream());  // the next address may do better
      return;
    case Deadline::handshake:
      return drop(intake::Disconnect::handshake_timeout);
    case Deadline::message:
      return drop(intake::Disconnect::message_timeout);
    case Deadline::silence:
      return drop(intake::Disconnect::silence);
    case Deadline::close:
      return drop(std::nullopt);
  }
}

void WebsocketConnection::Impl::drop(std::optional<intake::Disconnect> why) {
  if (why && !reason_) reason_ = why;
  names_.give_up();
  if (ws_) beast_close_socket(stream());
}

End WebsocketConnection::Impl::dropped(End otherwise) const {
  if (reason_ == intake::Disconnect::handshake_timeout) return {*reason_, std::string(phase_)};
  if (reason_) return {*reason_, {}};
  return otherwise;
}

void WebsocketConnection::Impl::tearing_down() {
  open_ = false;
  watchdog_.disarm(Deadline::message);
  watchdog_.disarm(Deadline::silence);
  watchdog_.arm(Deadline::close, settings_.close);
}

asio::awaitable<void> WebsocketConnection::Impl::say_goodbye(websocket::close_code code) {
  waiting_ = Waiting::closing;
  if (closing_) {
    // The message that was being read was complete before the goodbye was. Beast ends the reading.
    for (;;) {
      message_.clear();
      const auto [error, bytes] = co_await ws_->async_read_some(message_, kPiece, as_result);
      if (error) co_return;
    }
  }
  watchdog_.disarm(Deadline::handshake);
  tearing_down();
  const websocket::close_reason why(code);
  co_await ws_->async_close(why, as_result);
}

void WebsocketConnection::Impl::over() {
  open_ = false;
  ended_ = true;
  ping_timer_.cancel();
  watchdog_.stop();
  beast_close_socket(stream());
}

void WebsocketConnection::Impl::close() {
  if (std::exchange(leaving_, true)) return;
  switch (waiting_) {
    case Waiting::connecting:
      return drop(intake::Disconnect::stopped);
    case Waiting::network:
      // A read over TLS heeds no gentler kind; nothing has been read yet, so nothing is lost.
      cancel_wait_.emit(asio::cancellation_type::terminal);
      return;
    case Waiting::beast:
      // Beast may be asked to close while it reads; the read then ends.
      closing_ = true;
      tearing_down();
      ws_->async_close(websocket::close_code::normal, [self = shared_from_this()](error_code) {});
      return;
    case Waiting::nothing:
    case Waiting::closing:
      return;
  }
}

void WebsocketConnection::Impl::abandon() {
  handler_ = nullptr;
  leaving_ = true;
  drop(intake::Disconnect::stopped);
}

WebsocketConnection::WebsocketConnection(asio::io_context& io, NameResolver& names,
                                         ConnectionSettings settings, MessageHandler& handler)
    : impl_(std::make_shared<Impl>(io, names, std::move(settings), handler)) {}

WebsocketConnection::~WebsocketConnection() { impl_->abandon(); }

asio::awaitable<End> WebsocketConnection::run() { return impl_->run(); }

void WebsocketConnection::settled(proto::Millis silence_limit) { impl_->settled(silence_limit); }

void WebsocketConnection::heard() { impl_->heard(); }

void WebsocketConnection::ping_every(proto::Millis interval) { impl_->ping_every(interval); }

bool WebsocketConnection::write(std::string message, Kind kind) {
  return impl_->write(std::move(message), kind);
}

void WebsocketConnection::close() { impl_->close(); }

proto::Millis WebsocketConnection::healthy() const { return impl_->healthy(); }

}  // namespace deskpulse::feed
