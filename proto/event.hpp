// One act on the chat platform, as the stream of `proto/PROTOCOL.md` carries it.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace deskpulse::proto {

/// The time line of events: milliseconds since the Unix epoch, the platform's time of the act. It
/// has no now(), so nothing that works with events can read a clock.
struct EventClock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<EventClock, duration>;
  static constexpr bool is_steady = false;
};
using Instant = EventClock::time_point;
using Millis = std::chrono::milliseconds;

/// The last instant an event may carry: 9999-12-31T23:59:59.999Z. The first is 1.
inline constexpr Instant kLastInstant{Millis{253'402'300'799'999}};

enum class Type : std::uint8_t { message, assign, close, agent_status, rating, order, unknown };

/// Who wrote a message. `automatic` is the wire's "auto": a welcome line or an auto-reply.
enum class From : std::uint8_t { customer, human, assist, bot, automatic, system, note, unknown };
/// The senders that are counted; `unknown` changes no state and has no number.
inline constexpr int kFromCount = 7;

/// An unknown kind counts as `text` and is decoded as such.
enum class Kind : std::uint8_t { text, image, card, recall, read, reaction, typing, ad, event };

/// Silent kinds never open or end a turn and are no activity.
constexpr bool is_silent(Kind kind) { return kind >= Kind::recall; }

enum class Status : std::uint8_t { online, busy, offline };
enum class OrderStatus : std::uint8_t { created, paid, refunded, cancelled };

/// A customer, an order or an event inside one shop: keyed 128-bit hash of (shop, id). What the
/// daemon keeps instead of the id; {0, 0} is "none".
struct CustomerKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const CustomerKey&, const CustomerKey&) = default;
};

/// A plain value; which fields mean something follows from `type`. The views belong to whoever made
/// the event (decoder, order buffer) and are valid as long as that says. Message text is not here:
/// it does not leave the decoder.
struct Event {
  Type type = Type::unknown;
  From from = From::unknown;
  Kind kind = Kind::text;
  Status status = Status::online;
  OrderStatus order_status = OrderStatus::created;
  std::uint8_t score = 0;  ///< rating: 1…5
  Instant ts{};
  std::string_view id;  ///< unique within a shop; empty = cannot be recognised as a duplicate
  std::string_view shop;
  std::string_view customer;  ///< as on the wire; empty once `customer_key` stands for it
  CustomerKey customer_key;   ///< filled in by the feed's intake, before anything is kept
  std::string_view agent;     ///< empty = none named; for assign: back to the queue
  std::string_view from_agent;
  std::string_view topic;
  std::string_view name;   ///< agent_status: display name; empty = not said
  std::string_view group;  ///< agent_status: empty = not said
  std::optional<std::uint32_t> capacity;
  std::string_view order;      ///< as on the wire; empty once `order_key` stands for it
  CustomerKey order_key;       ///< as `customer_key`
  std::int64_t amount_e4 = 0;  ///< order: money in 1/10,000 of the currency's unit, exact
  std::uint32_t items = 0;
};

}  // namespace deskpulse::proto
