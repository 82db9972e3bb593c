// A chat platform's end of the stream: what PROTOCOL.md asks of a server.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "proto/event.hpp"

namespace deskpulse::simulator {

/// The server cannot listen where it was told to; what() is a sentence for the person who told it.
class ListenError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Events that all exist already, to be sent as fast as a client reads: newline-delimited JSON.
struct Recording {
  std::string text;
  std::vector<std::size_t> starts;  ///< of line i; one more at the end: text.size()

  /// Lines without their ends; empty lines are left out.
  static Recording of_lines(std::string ndjson);
  std::size_t size() const { return starts.empty() ? 0 : starts.size() - 1; }
  std::string_view line(std::size_t i) const {
    return std::string_view(text).substr(starts[i], starts[i + 1] - starts[i] - 1);
  }
};

struct StreamServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 = any free one
  std::string token;       ///< not empty: clients must send it as "Authorization: Bearer ..."
  std::string epoch = "k1";
  std::size_t backlog = 200'000;  ///< events kept for clients that resume
  std::vector<std::string> past;  ///< events that are in the backlog from the start
  /// What every consumer that ever said hello has acknowledged is forgotten at once: the meanest
  /// that the protocol lets a server be.
  bool forget_acked = false;
  std::size_t batch = 16;  ///< at most so many events a frame
  proto::Millis heartbeat{5000};
  bool plain = false;  ///< events only: no hello, no positions, no heartbeats
  /// Up to which moment everything has been published; goes into heartbeats. Called on the
  /// server's thread. Without it, the wall clock.
  std::function<proto::Instant()> stream_time;
  /// Instead of what is published: every client gets all of this from the start, or from where it
  /// says it was, in big writes. To a client without a position the events happen now: it is told
  /// that the head is 0.
  std::shared_ptr<const Recording> flood;
};

/// Serves deskpulse.v1 to any number of clients from a thread of its own: each has its own place in
/// a bounded backlog of what was published, so that one who comes back goes on where it was, and
/// one who reads slower than the backlog moves is told so and dropped.
///
/// Every member may be called from any thread; commands take effect in the order they are given.
class StreamServer {
 public:
  /// Listens when it returns. Throws ListenError.
  explicit StreamServer(StreamServerOptions options);
  ~StreamServer();  ///< stop()
  StreamServer(const StreamServer&) = delete;
  StreamServer& operator=(const StreamServer&) = delete;

  std::uint16_t port() const;

  /// Appends to the stream. More at once than the backlog holds makes every client a slow one.
  /// Costs about 2 µs for an event and client, on the server's thread.
  void publish(std::vector<std::string> events);

  /// The network breaks: connections are dropped as they are, new ones too, until come_up().
  void go_down();
  void come_up();

  /// The platform forgets its positions: clients get what was published, then bye (restart), and
  /// find a new epoch with an empty backlog when they come back.
  void restart(std::string epoch);

  /// Clients get what was published, then bye (restart); whoever takes longer than 2 s is dropped.
  void stop();

  struct Statistics {
    std::size_t clients = 0;  ///< past their hello
    std::uint64_t sent = 0;   ///< events, to all clients together
    std::uint64_t acked = 0;  ///< highest seq that a client acknowledged in this epoch
    std::uint64_t head = 0;   ///< seq of the newest event
    std::string epoch;
  };
  Statistics statistics() const;

 private:
  class Hub;
  class Client;
  std::unique_ptr<Hub> hub_;
};

}  // namespace deskpulse::simulator
