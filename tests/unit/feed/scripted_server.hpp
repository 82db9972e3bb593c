// A WebSocket server that does exactly what a test tells it to, byte by byte. It knows as little of
// the protocol as that needs, so that it can break every rule.
#pragma once

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace deskpulse::feed {

namespace asio = boost::asio;

/// One frame as a server sends it: unmasked.
inline std::string frame(int opcode, std::string_view payload, bool fin = true) {
  std::string bytes(1, static_cast<char>((fin ? 0x80 : 0) | opcode));
  const auto put = [&](std::uint64_t length, int digits) {
    for (int i = digits - 1; i >= 0; --i) bytes.push_back(static_cast<char>(length >> (8 * i)));
  };
  if (payload.size() < 126) {
    put(payload.size(), 1);
  } else if (payload.size() < 65'536) {
    put(126, 1);
    put(payload.size(), 2);
  } else {
    put(127, 1);
    put(payload.size(), 8);
  }
  return bytes.append(payload);
}
inline std::string text(std::string_view payload) { return frame(1, payload); }

/// The server's end of one connection. What fails throws, and ends the script.
class Peer {
 public:
  using Socket = asio::ip::tcp::socket;
  Peer(Socket socket, asio::ssl::context* context) : socket_(std::move(socket)) {
    if (context != nullptr) tls_.emplace(socket_, *context);
  }

  asio::awaitable<void> secure() {
    co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
  }
  /// Reads the request's head.
  asio::awaitable<void> read_request() {
    while (input_.find("\r\n\r\n") == std::string::npos) co_await read_more();
    request = input_.substr(0, input_.find("\r\n\r\n") + 4);
    input_.erase(0, request.size());
  }
  /// The answer that agrees to everything. `then` goes out in the same piece.
  asio::awaitable<void> upgrade(std::string protocol = "deskpulse.v1", std::string then = {}) {
    co_await read_request();
    const std::string accepted =
        header("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
    SHA1(reinterpret_cast<const unsigned char*>(accepted.data()), accepted.size(), digest.data());
    std::array<unsigned char, 64> base64{};
    EVP_EncodeBlock(base64.data(), digest.data(), digest.size());
    std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
        std::string(reinterpret_cast<const char*>(base64.data())) + "\r\n";
    if (!protocol.empty()) answer += "Sec-WebSocket-Protocol: " + protocol + "\r\n";
    co_await send(answer + "\r\n" + then);
  }
  /// upgrade(), hello, and the answer to it; `hello` is kept.
  asio::awaitable<void> open(std::string ready) {
    co_await upgrade();
    hello = co_await receive();
    co_await send(text(ready));
  }
  std::string header(const std::string& name) const {
    const std::size_t at = request.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 4;
    return request.substr(begin, request.find("\r\n", begin) - begin);
  }

  asio::awaitable<void> send(std::string bytes) {
    if (tls_) {
      co_await asio::async_write(*tls_, asio::buffer(bytes), asio::use_awaitable);
    } else {
      co_await asio::async_write(socket_, asio::buffer(bytes), asio::use_awaitable);
    }
  }
  /// The payload of the client's next frame; its kind is in `opcode`.
  asio::awaitable<std::string> receive() {
    while (input_.size() < 2) co_await read_more();
    opcode = input_[0] & 0x0f;
    std::size_t header = 2;
    std::size_t length = input_[1] & 0x7f;
    if (length == 126) {
      while (input_.size() < 4) co_await read_more();
      length = static_cast<unsigned char>(input_[2]) * 256u + static_cast<unsigned char>(input_[3]);
      header = 4;
    }
    while (input_.size() < header + 4 + length) co_await read_more();
    std::string payload = input_.substr(header + 4, length);
    for (std::size_t i = 0; i < length; ++i) {
      payload[i] = static_cast<char>(payload[i] ^ input_[header + i % 4]);
    }
    input_.erase(0, header + 4 + length);
    co_return payload;
  }
  /// Reads until the client is gone.
  asio::awaitable<void> wait_for_the_end() {
    for (;;) co_await read_more();
  }
  /// Drops the connection without a word.
  void drop() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  std::string request;
  std::string hello;
  int opcode = 0;

 private:
  asio::awaitable<void> read_more() {
    std::array<char, 4'096> bytes;
    std::size_t size = 0;
    if (tls_) {
      size = co_await tls_->async_read_some(asio::buffer(bytes), asio::use_awaitable);
    } else {
      size = co_await socket_.async_read_some(asio::buffer(bytes), asio::use_awaitable);
    }
    input_.append(bytes.data(), size);
  }

  Socket socket_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  std::string input_;
};

/// Listens on a free port of 127.0.0.1. The n-th connection follows the n-th script, those beyond
/// the last one the last.
class ScriptedServer {
 public:
  using Script = std::function<asio::awaitable<void>(Peer&)>;

  explicit ScriptedServer(asio::io_context& io, asio::ssl::context* context = nullptr)
      : io_(io), context_(context), acceptor_(io, {asio::ip::make_address("127.0.0.1"), 0}) {}

  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }
  void then(Script script) { scripts_.push_back(std::move(script)); }
  void start() {
    asio::co_spawn(
        io_, [this] { return accept(); }, [](const std::exception_ptr&) {});
  }
  void stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

  int connections = 0;
  int finished = 0;  ///< scripts that ran to their end

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
      const auto peer = std::make_shared<Peer>(std::move(socket), context_);
      const auto index = std::min(static_cast<std::size_t>(connections++), scripts_.size() - 1);
      asio::co_spawn(
          io_, [script = &scripts_[index], peer] { return (*script)(*peer); },
          [this, peer](const std::exception_ptr& thrown) { finished += thrown ? 0 : 1; });
    }
  }

  asio::io_context& io_;
  asio::ssl::context* context_;
  asio::ip::tcp::acceptor acceptor_;
  std::vector<Script> scripts_;
};

}  // namespace deskpulse::feed
