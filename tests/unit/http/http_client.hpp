// A small blocking HTTP client over a real socket, for tests that must see every byte.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;

namespace deskpulse::http {

struct Answer {
  unsigned status = 0;                         ///< 0: the connection ended without a whole answer
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// Files in PEM; what is empty is not used.
struct TlsOfClient {
  std::string authority;  ///< by whom the server's certificate, for localhost, must be signed
  std::string certificate{};
  std::string key{};
  int max_version = 0;   ///< such as TLS1_2_VERSION
  std::string suites{};  ///< of TLS 1.2, by OpenSSL's names
};

/// One connection to 127.0.0.1. Waits for minutes, not for ever, so that a test that fails ends.
class HttpClient {
 public:
  /// Comes from an address of this machine such as 127.0.0.2; empty: whichever. Throws
  /// std::runtime_error when nobody listens.
  explicit HttpClient(std::uint16_t port, const std::string& from = "");
  /// With TLS. Throws std::runtime_error when the handshake fails; under TLS 1.3 a server that does
  /// not like the client's certificate is only noticed by what comes after it.
  HttpClient(std::uint16_t port, const TlsOfClient& tls);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// False when the peer has gone.
  bool send(std::string_view bytes);
  /// Asks for a stream of events; its answer has no body, and read_event() gives what follows.
  Answer open_stream(const std::string& path, const std::string& headers = "");
  /// What stands before the next empty line; nothing once the stream has ended.
  std::optional<std::string> read_event();
  /// `has_body` is false for the answer to a HEAD.
  Answer read_answer(bool has_body = true);
  /// All that comes until the server has closed or reset the connection; nothing, after minutes of
  /// silence, where it does not.
  std::optional<std::string> read_to_end();
  /// True when the server has closed or reset the connection; what still came is dropped.
  bool is_ended();

  Answer get(const std::string& path, const std::string& headers = "");
  /// What TLS agreed on, such as TLSv1.3; the suite by OpenSSL's name. Only with TLS.
  std::string version() const;
  std::string suite() const;

 private:
  bool receive();

  int socket_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
  std::string received_;
};

}  // namespace deskpulse::http
