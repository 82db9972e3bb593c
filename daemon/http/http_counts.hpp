// What the HTTP server counts about itself.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace deskpulse::http {

/// Why the server closed a connection that its peer would have kept; a closed set of labels.
enum class CloseReason : std::uint8_t {
  header_timeout,  ///< no whole request in time, from the connection or from its first byte
  idle_timeout,    ///< kept, and nothing was asked
  write_timeout,   ///< the peer took too little of a response, or of an event, in its time
  held_bytes,      ///< the body of an older response gave way to that of a newer one
  evicted,         ///< gave way to a new connection
  refused,         ///< a new one, and none of the others could be spared for long
  no_memory,       ///< for what it asked, nor for saying so
};
inline constexpr std::size_t kCloseReasons = 7;
std::string_view label_of(CloseReason reason);

/// A path that is no route counts as "other".
struct HttpCounts {
  struct Timing {
    std::uint64_t count = 0;
    double seconds = 0;  ///< from the request's last header to the response's last byte
  };
  std::map<std::pair<std::string, unsigned>, std::uint64_t> requests;  ///< by path and status code
  std::map<std::string, Timing> durations;                             ///< by path
  std::uint64_t connections = 0;        ///< open now, streams included
  std::uint64_t connections_limit = 0;  ///< max_connections, or what the process may open
  std::uint64_t streams = 0;            ///< streams of events, open now
  std::array<std::uint64_t, kCloseReasons> closed{};  ///< by CloseReason
  std::uint64_t accept_failures = 0;  ///< such as when the process is out of file descriptors
  std::uint64_t held_bytes = 0;       ///< bodies of the responses under way, each counted once
  std::uint64_t held_bytes_limit = 0;
  /// Of our own listener with TLS.
  struct Certificate {
    std::chrono::system_clock::time_point expiry;  ///< until when it is good
    std::uint64_t failures = 0;                    ///< times that changed files could not be used
  };
  std::optional<Certificate> certificate;

  std::uint64_t& closed_by(CloseReason reason) { return closed[static_cast<std::size_t>(reason)]; }
  std::uint64_t closed_by(CloseReason reason) const {
    return closed[static_cast<std::size_t>(reason)];
  }
};

}  // namespace deskpulse::http
