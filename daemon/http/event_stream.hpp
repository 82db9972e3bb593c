// Server-sent events: a response that goes on.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/http/routes.hpp"

namespace deskpulse::http {

/// One reader of `text/event-stream`. Only on the server's thread.
class EventStream {
 public:
  virtual ~EventStream() = default;
  /// Sends one event, already in the wire's form ("event: …\ndata: …\n\n") and shared with the
  /// other readers. While an earlier one is still being written the newest replaces whatever waits:
  /// never a queue. Does nothing once the stream has ended.
  virtual void send(std::shared_ptr<const std::string> event) = 0;
  /// The peer has gone, did not take an event within `write_timeout`, or the server stops. Drop it
  /// then.
  virtual bool is_ended() const = 0;
};

/// How a handler answers a request for a stream: by one of the two, once, on the server's thread,
/// before it returns or later. It may outlive the connection and the server.
struct StreamReply {
  /// Sends the head, 200 and `text/event-stream`, and gives the stream; never null. It has ended
  /// already when the request was a HEAD or the peer has gone meanwhile.
  std::function<std::shared_ptr<EventStream>()> accept;
  /// Sends a response like any other instead, such as a 404. The connection stays.
  Reply refuse;
};

}  // namespace deskpulse::http
