// A small blocking HTTP client over a real socket, for tests that must see every byte.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace deskpulse::serve {

struct Answer {
  unsigned status = 0;                         ///< 0: the connection ended without a whole answer
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// One connection to 127.0.0.1. Waits at most 30 s for the server, so that a test that fails ends.
class HttpClient {
 public:
  /// Throws std::runtime_error when nobody listens.
  explicit HttpClient(std::uint16_t port);
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
  /// True when the server has closed or reset the connection; what still came is dropped.
  bool is_ended();

  Answer get(const std::string& path, const std::string& headers = "");

 private:
  bool receive();

  int socket_;
  std::string received_;
};

}  // namespace deskpulse::serve
