// The seam between a source of events and what is done with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/feed/source.hpp"
#include "daemon/intake/disconnect.hpp"
#include "daemon/intake/feed_listener.hpp"
#include "proto/event.hpp"

namespace deskpulse::feed {

/// How a connection, or the attempt to make one, ended.
struct End {
  intake::Disconnect reason = intake::Disconnect::stopped;
  std::string detail;  ///< for the log, the error's own sentence; never content
};

/// How one is to be ended.
struct Ending {
  End end;
  std::uint16_t close_code = 1000;  ///< for the close frame: RFC 6455, 7.4.1
};

/// A place in a stream that can be resumed: everything up to and with `seq` has been delivered. It
/// means nothing in another source, whatever that calls its epoch.
struct Cursor {
  std::string epoch;
  std::uint64_t seq = 0;
  Source source{};

  /// Whether the numbers of both count the same events.
  bool has_numbers_of(const Cursor& other) const {
    return source.is_same(other.source) && epoch == other.epoch;
  }
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

/// A source of events that connects by itself, again and again, until it is stopped.
class Feed {
 public:
  virtual ~Feed() = default;
  /// Begins; `listener` must live until the feed is gone or has said disconnected(stopped).
  virtual void start(intake::FeedListener& listener) = 0;
  /// Begins to end, in bounded time. The last call to the listener is disconnected(stopped).
  virtual void stop() = 0;
  /// Where the source could go on after all events delivered so far; absent when it cannot.
  virtual std::optional<Cursor> cursor() const = 0;
};

}  // namespace deskpulse::feed
