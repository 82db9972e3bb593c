#include "tests/unit/http/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace deskpulse::http {

HttpClient::HttpClient(std::uint16_t port, const std::string& from)
    : socket_(socket(AF_INET, SOCK_STREAM, 0)), tls_(nullptr, SSL_free) {
  const timeval patience{.tv_sec = 240, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (!from.empty()) {
    inet_pton(AF_INET, from.c_str(), &address.sin_addr);
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close(socket_);
      throw std::runtime_error("this machine has no such address");
    }
  }
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(socket_);
    throw std::runtime_error("nobody listens");
  }
}

HttpClient::HttpClient(std::uint16_t port, const TlsOfClient& tls) : HttpClient(port) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  if (!tls.authority.empty()) {
    SSL_CTX_load_verify_file(context.get(), tls.authority.c_str());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (!tls.certificate.empty()) {
    SSL_CTX_use_certificate_file(context.get(), tls.certificate.c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context.get(), tls.key.c_str(), SSL_FILETYPE_PEM);
  }
  SSL_CTX_set_max_proto_version(context.get(), tls.max_version);
  if (!tls.suites.empty()) SSL_CTX_set_cipher_list(context.get(), tls.suites.c_str());
  tls_.reset(SSL_new(context.get()));
  SSL_set1_host(tls_.get(), "localhost");
  SSL_set_fd(tls_.get(), socket_);
  if (SSL_connect(tls_.get()) != 1) throw std::runtime_error("no handshake");
}

HttpClient::~HttpClient() { close(socket_); }

bool HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                              : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::receive() {
  std::array<char, 65536> bytes{};
  const ssize_t size = tls_ ? SSL_read(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                            : recv(socket_, bytes.data(), bytes.size(), 0);
  if (size <= 0) return false;
  received_.append(bytes.data(), static_cast<std::size_t>(size));
  return true;
}

Answer HttpClient::read_answer(bool has_body) {
  std::size_t head_end = 0;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive()) return {};
  }
  Answer answer;
  std::string head = received_.substr(0, head_end + 2);
  received_.erase(0, head_end + 4);
  answer.status = static_cast<unsigned>(std::stoul(head.substr(head.find(' ') + 1)));
  head.erase(0, head.find("\r\n") + 2);
  while (!head.empty()) {
    const std::size_t colon = head.find(": ");
    const std::size_t end = head.find("\r\n");
    std::string name = head.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    answer.headers[name] = head.substr(colon + 2, end - colon - 2);
    head.erase(0, end + 2);
  }
  if (!has_body) return answer;
  const std::size_t size = std::stoul(answer.headers.at("content-length"));
  while (received_.size() < size) {
    if (!receive()) return {};
  }
  answer.body = received_.substr(0, size);
  received_.erase(0, size);
  return answer;
}

std::optional<std::string> HttpClient::read_to_end() {
  if (!is_ended()) return std::nullopt;
  return std::exchange(received_, {});
}

bool HttpClient::is_ended() {
  errno = 0;
  while (receive()) {
  }
  // A time-out is not an end.
  return errno != EAGAIN && errno != EWOULDBLOCK;
}

Answer HttpClient::open_stream(const std::string& path, const std::string& headers) {
  if (!send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n")) return {};
  return read_answer(false);
}

std::optional<std::string> HttpClient::read_event() {
  std::size_t end = 0;
  while ((end = received_.find("\n\n")) == std::string::npos) {
    if (!receive()) return std::nullopt;
  }
  std::string event = received_.substr(0, end);
  received_.erase(0, end + 2);
  return event;
}

Answer HttpClient::get(const std::string& path, const std::string& headers) {
  if (!send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n")) return {};
  return read_answer();
}

std::string HttpClient::version() const { return SSL_get_version(tls_.get()); }
std::string HttpClient::suite() const { return SSL_get_cipher_name(tls_.get()); }

}  // namespace deskpulse::http
