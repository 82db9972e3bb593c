// A connection of the HTTP server without a socket and without time: bytes in, bytes out.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/http/http_server.hpp"
#include "daemon/http/routes.hpp"

namespace deskpulse::http {

/// What became of one connection.
struct Exchange {
  std::string answers;   ///< all bytes that the server wrote
  std::size_t read = 0;  ///< how many of the peer's bytes it took
  bool is_open = false;  ///< whether it still had the connection when the peer had nothing more
};

/// The server's own code from the first byte to the last: parsing, whom it answers, routes, heads,
/// bodies, streams. Nothing expires, since no time passes. For tests, and for whoever looks for
/// bytes that break it: exchange() may be called a million times. Handlers are called within
/// exchange(), on its thread, and reply at once or never; a stream that they keep ends with it.
class OfflineListener {
 public:
  /// Throws what read_access() throws.
  OfflineListener(HttpSettings settings, Routes routes);
  ~OfflineListener();
  OfflineListener(const OfflineListener&) = delete;
  OfflineListener& operator=(const OfflineListener&) = delete;

  /// A peer that sends `bytes` so many at a time, 1 at least, takes whatever it is answered, and
  /// goes when it has sent all of them.
  Exchange exchange(std::string_view bytes, std::size_t at_a_time = 4096);

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace deskpulse::http
