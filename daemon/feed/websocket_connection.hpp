// One WebSocket connection, from the host's name to the last byte.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/feed/endpoint.hpp"
#include "daemon/feed/feed.hpp"
#include "proto/event.hpp"

namespace boost::asio {
class io_context;
}

namespace deskpulse::feed {

class NameResolver;

struct ConnectionSettings {
  Endpoint endpoint;
  std::string subprotocol;  ///< asked for, and to be agreed to; empty = none
  std::string token;        ///< sent as a bearer token; empty = none
  std::string ca_file;      ///< empty = the system's
  bool permessage_deflate = false;
  std::size_t max_message_bytes = 16 << 20;
  proto::Millis handshake{10'000};  ///< until MessageHandler has called settled()
  proto::Millis message{10'000};    ///< one message, from its first byte to its last
  proto::Millis close{2'000};       ///< then the connection is dropped
};

/// Whose the messages are. Called on the thread of the io_context, from within run().
class MessageHandler {
 public:
  enum class Next : std::uint8_t {
    go_on,
    /// Only for a text that is unchecked: it comes again, checked, unless it ends the connection.
    check_first,
    end,  ///< the connection is to be closed, as ending() says
  };
  enum class Utf8 : std::uint8_t { checked, unchecked };

  virtual ~MessageHandler() = default;
  /// The WebSocket is open: it can be written to.
  virtual void opened() = 0;
  /// A whole message, good during the call; behind an unchecked text WebsocketConnection::kPadding
  /// more bytes can be read.
  virtual Next text(std::string_view message, Utf8 utf8) = 0;
  virtual Next binary(std::string_view message) = 0;
  /// Instead of a message that there is no memory for: it has been read to its end and is lost.
  virtual Next lost() { return Next::go_on; }
  virtual void pong() {}
  /// What write() was given is on its way; it takes more.
  virtual void written() {}

  /// Asked after Next::end.
  virtual Ending ending() = 0;
};

/// Made for one connection and never used again. It knows nothing of what the messages mean: the
/// feed and the echo client of tests/end_to_end use the same. Runs on the given io_context, which
/// one thread runs; every method is to be called on that thread.
///
/// Every wait has a deadline, and the first reason to end stays the reason: a peer can make it end
/// early, never hang. Memory: 256 KiB, and one message that is not a plain text frame of less.
/// After each few hundred messages it lets other work of the io_context through.
class WebsocketConnection {
 public:
  /// `io` and `names` must outlive the connection and run(), `handler` either of them.
  WebsocketConnection(boost::asio::io_context& io, NameResolver& names, ConnectionSettings settings,
                      MessageHandler& handler);
  /// Drops the connection, without a word to the peer or the handler.
  ~WebsocketConnection();
  WebsocketConnection(const WebsocketConnection&) = delete;
  WebsocketConnection& operator=(const WebsocketConnection&) = delete;

  /// Connects, and reads until the connection is over; `stopped` after close().
  boost::asio::awaitable<End> run();

  /// The handshake is done, for the handler too. From now on heard() is to be called at least once
  /// in `silence_limit`, else the connection ends by silence.
  void settled(proto::Millis silence_limit);
  void heard();
  /// From now on a ping each such while.
  void ping_every(proto::Millis interval);

  enum class Kind : std::uint8_t { text, binary };
  /// One message at a time: false, and nothing done, while one is being written or the WebSocket is
  /// not open. A failure shows as the end of run().
  [[nodiscard]] bool write(std::string message, Kind kind = Kind::text);

  /// Begins to end: says goodbye where there is somebody to say it to, for as long as
  /// ConnectionSettings::close.
  void close();

  /// From settled() to the last heard(); 0 where it never got so far.
  proto::Millis healthy() const;

  static constexpr std::size_t kPadding = 64;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace deskpulse::feed
