// The frames of a deskpulse.v1 session beside the events themselves: PROTOCOL.md, "The session".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "proto/event.hpp"
#include "proto/rejection.hpp"

namespace deskpulse::proto {

/// What a WebSocket handshake asks for and a server of this protocol grants.
inline constexpr std::string_view kSubprotocol = "deskpulse.v1";

/// Where a client wants to go on: behind `after`. Without an epoch only `after` 0 makes sense: all
/// that the server still has of its current epoch.
struct Position {
  std::string_view epoch;   ///< empty = whatever the current one is
  std::uint64_t after = 0;  ///< exclusive; the seq of the newest event already had
  friend bool operator==(const Position&, const Position&) = default;
};

/// Client: the first frame. No position: start live, with what comes from now on.
struct Hello {
  std::string_view consumer;  ///< who asks, for the server's log
  std::optional<Position> position;
  friend bool operator==(const Hello&, const Hello&) = default;
};

/// Client: everything up to and with `seq` is safe and need not be sent again.
struct Ack {
  std::uint64_t seq = 0;
  friend bool operator==(const Ack&, const Ack&) = default;
};

enum class Resume : std::uint8_t {
  ok,     ///< the next event is the one behind the position asked for
  gap,    ///< events behind the position are gone; it goes on at the floor
  reset,  ///< another epoch than asked for; it goes on at the floor of this one
  live,   ///< no position was asked for; it goes on behind the head
};

/// Server: the answer to hello.
struct Ready {
  std::string_view epoch;
  Resume resume = Resume::live;
  std::uint64_t floor =
      1;                   ///< seq of the oldest event still to be had; head + 1 when there is none
  std::uint64_t head = 0;  ///< seq of the newest event; 0 before the first
  Millis heartbeat{};      ///< an idle server sends a heartbeat at least this often
  std::optional<Instant> ts{};  ///< the server's clock: what was missed is not of a later time
  friend bool operator==(const Ready&, const Ready&) = default;
};

/// Server: events[i] has the position `seq` + i. A rejected event keeps its position, so the one
/// after it is no gap.
struct Events {
  std::uint64_t seq = 0;
  std::span<const Decoded<Event>> events;
};

/// Server: nothing new.
struct Heartbeat {
  std::uint64_t head = 0;
  Instant ts{};  ///< the server's clock
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

enum class ByeCode : std::uint8_t {
  slow,     ///< the client did not keep up
  restart,  ///< the server goes down and comes back
  auth,     ///< the token is not, or no longer, good
  too_old,  ///< this version of the protocol, or the position, is no longer served
  other,    ///< a code that this version does not know
};

/// Server: the last frame before it closes.
struct Bye {
  ByeCode code = ByeCode::other;
  bool resume = false;  ///< whether the position is good for the next hello
  friend bool operator==(const Bye&, const Bye&) = default;
};

/// What a client receives, and what a server receives. A frame whose `op` is not known is a
/// Rejection with Reject::unknown_op, to be counted and passed over.
using ServerFrame = std::variant<Ready, Events, Heartbeat, Bye>;
using ClientFrame = std::variant<Hello, Ack>;

/// Each appends one frame to `out`, without a line end. Texts must be valid UTF-8.
void append_frame(std::string& out, const Hello& hello);
void append_frame(std::string& out, const Ack& ack);
void append_frame(std::string& out, const Ready& ready);
void append_frame(std::string& out, const Heartbeat& heartbeat);
void append_frame(std::string& out, const Bye& bye);  ///< `other` goes out as "other"
/// `events` are events as append_event() makes them; the first has the position `seq`.
void append_events_frame(std::string& out, std::uint64_t seq,
                         std::span<const std::string_view> events);

std::string_view resume_name(Resume resume);
std::string_view bye_code_name(ByeCode code);

}  // namespace deskpulse::proto
