// Server-sent events: a response that goes on.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/serve/routes.hpp"

namespace deskpulse::serve {

/// One reader of `text/event-stream`. Only on the server's thread.
class EventStream {
 public:
  virtual ~EventStream() = default;
  /// Sends one event, already in the wire's form ("event: …\ndata: …\n\n") and shared with the
  /// other readers. While an earlier one is still being written the newest replaces whatever waits:
  /// never a queue.
  virtual void send(std::shared_ptr<const std::string> event) = 0;
  /// The peer has gone, was too slow for `write_deadline`, or the server stops. Drop it then.
  virtual bool is_ended() const = 0;
};

/// Called when a reader's request has been accepted and its response head is on the way.
using StreamHandler = std::function<void(const Request&, std::shared_ptr<EventStream>)>;

}  // namespace deskpulse::serve
