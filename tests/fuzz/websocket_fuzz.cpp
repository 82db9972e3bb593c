// What a server writes to the socket: the bytes behind a good answer to the upgrade or, where they
// begin with "HTTP/", answer and all, with `$KEY` for the key that is due. The client is the
// daemon's own WebsocketConnection on a loopback socket, with the layer that takes plain frames
// past Beast.
//
// However the bytes are cut, and whether plain frames go past Beast or through it, the same
// messages come and the same reason ends them; no text is accepted that is no UTF-8.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cassert>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/feed/name_resolver.hpp"
#include "daemon/feed/websocket_connection.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace {

using namespace deskpulse;

constexpr std::size_t kLongestMessage = 300;

/// A listening socket of the system's choice, for all connections.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    [[maybe_unused]] const bool is_listening = ::bind(socket_, any, size) == 0 &&
                                               ::listen(socket_, 4) == 0 &&
                                               ::getsockname(socket_, any, &size) == 0;
    assert(is_listening);
    port_ = ntohs(address.sin_port);
  }
  int accept() const {
    const int peer = ::accept(socket_, nullptr, nullptr);
    assert(peer >= 0);
    const int on = 1;  // pieces are to stay apart
    ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return peer;
  }
  std::uint16_t port() const { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

std::string accept_key(const std::string& request) {
  constexpr std::string_view kField = "\r\nSec-WebSocket-Key: ";
  const std::size_t begin = request.find(kField) + kField.size();
  const std::string text = request.substr(begin, request.find("\r\n", begin) - begin) +
                           "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 64> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), digest.size());
  return reinterpret_cast<const char*>(base64.data());
}

std::string answer_of(std::string_view bytes, const std::string& key) {
  constexpr std::string_view kPlace = "$KEY";
  std::string answer(bytes);
  if (!bytes.starts_with("HTTP/")) {
    answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: $KEY\r\n\r\n" +
        answer;
  }
  const std::size_t place = answer.find(kPlace);
  if (place != std::string::npos) answer.replace(place, kPlace.size(), key);
  return answer;
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
    };
    const unsigned first = byte(i);
    const std::size_t more = first < 0x80   ? 0
                             : first < 0xc2 ? 9
                             : first < 0xe0 ? 1
                             : first < 0xf0 ? 2
                             : first < 0xf5 ? 3
                                            : 9;
    if (more == 9) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    if (first == 0xe0 && byte(i + 1) < 0xa0) return false;
    if (first == 0xed && byte(i + 1) > 0x9f) return false;
    if (first == 0xf0 && byte(i + 1) < 0x90) return false;
    if (first == 0xf4 && byte(i + 1) > 0x8f) return false;
    i += 1 + more;
  }
  return true;
}

/// What came of one connection.
struct Seen {
  bool is_deflated = false;
  bool is_open = false;
  std::vector<std::string> messages;
  int pongs = 0;
  intake::Disconnect end = intake::Disconnect::stopped;
  friend bool operator==(const Seen& a, const Seen& b) {
    return a.is_open == b.is_open && a.messages == b.messages && a.pongs == b.pongs &&
           a.kind_of_end() == b.kind_of_end();
  }

 private:
  /// How an answer fails that is none, and which of several mistakes of a compressed message is
  /// seen first, depends on how much of it came in one piece.
  intake::Disconnect kind_of_end() const {
    if (!is_open) return intake::Disconnect::handshake_malformed;
    const bool is_content = end == intake::Disconnect::bad_utf8 ||
                            end == intake::Disconnect::message_too_large ||
                            end == intake::Disconnect::bad_compression;
    return is_deflated && is_content ? intake::Disconnect::bad_compression : end;
  }
};

class Handler final : public feed::MessageHandler {
 public:
  explicit Handler(bool past_beast) : past_beast_(past_beast) {}
  void opened() override { seen.is_open = true; }
  Next text(std::string_view message, Utf8 utf8) override {
    assert(seen.is_open && message.size() <= kLongestMessage);
    if (utf8 == Utf8::unchecked && (!past_beast_ || !is_utf8(message))) return Next::check_first;
    assert(is_utf8(message));
    seen.messages.push_back("t" + std::string(message));
    return Next::go_on;
  }
  Next binary(std::string_view message) override {
    assert(seen.is_open && message.size() <= kLongestMessage);
    seen.messages.push_back("b" + std::string(message));
    return Next::go_on;
  }
  void pong() override { ++seen.pongs; }
  feed::Ending ending() override { return {}; }

  Seen seen;

 private:
  const bool past_beast_;
};

Seen connect(std::string_view bytes, std::size_t at_a_time, bool past_beast) {
  static const Listener listener;
  boost::asio::io_context io(1);
  feed::NameResolver names(io);
  feed::ConnectionSettings settings;
  settings.endpoint = {false, "127.0.0.1", std::to_string(listener.port()), "/"};
  settings.max_message_bytes = kLongestMessage;
  settings.permessage_deflate = bytes.find("permessage-deflate") != std::string_view::npos;
  Handler handler(past_beast);
  handler.seen.is_deflated = settings.permessage_deflate;
  feed::WebsocketConnection connection(io, names, settings, handler);
  bool is_over = false;
  boost::asio::co_spawn(io, connection.run(), [&](const std::exception_ptr& thrown, feed::End end) {
    if (thrown) std::rethrow_exception(thrown);
    handler.seen.end = end.reason;
    is_over = true;
  });

  io.poll();
  const int peer = listener.accept();
  std::string request;
  while (request.find("\r\n\r\n") == std::string::npos) {
    io.poll();  // on a loopback what was written is there
    std::array<char, 2048> part;
    const auto got = ::recv(peer, part.data(), part.size(), MSG_DONTWAIT);
    if (got > 0) request.append(part.data(), static_cast<std::size_t>(got));
  }
  std::string answer = answer_of(bytes, accept_key(request));
  for (std::string_view rest = answer; !rest.empty() && !is_over;) {
    const std::string_view part = rest.substr(0, at_a_time);
    rest.remove_prefix(part.size());
    if (::send(peer, part.data(), part.size(), MSG_NOSIGNAL) < 0) break;
    io.poll();
  }
  ::shutdown(peer, SHUT_WR);
  while (!is_over) io.run_one();
  ::close(peer);
  return std::move(handler.seen);
}

void check_same(const Seen& one, const Seen& other) {
  if (one == other) return;
  for (const Seen* seen : {&one, &other}) {
    std::fprintf(stderr, "open %d, %d pongs, end %d\n", seen->is_open, seen->pongs,
                 static_cast<int>(seen->end));
    for (const std::string& message : seen->messages)
      std::fprintf(stderr, "  %zu bytes: %s\n", message.size(), message.c_str());
  }
  assert(false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Seen whole = connect(bytes, 1 << 16, true);
  check_same(connect(bytes, 1 << 16, false), whole);
  check_same(connect(bytes, 1 + size % 11, true), whole);
  return 0;
}
