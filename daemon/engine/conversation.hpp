// What is remembered of one conversation (会话): the pair (shop, customer). METRICS.md, Words.
#pragma once

#include <cstdint>

#include "daemon/engine/packed_instant.hpp"
#include "daemon/engine/timer_wheel.hpp"
#include "proto/event.hpp"

namespace deskpulse::engine {

/// What one agent was to one customer: distinct customers are counted per (shop, agent) too.
struct Pair {
  std::uint32_t next = kNone;   ///< of the same conversation
  std::uint32_t agent = kNone;  ///< none yet
  PackedInstant last_wrote;     ///< the customer to this agent
  PackedInstant last_slow;
  std::uint16_t day = 0;  ///< business day that the flags speak of
  bool today_consulted : 1 = false;
  bool today_replied : 1 = false;
  bool today_bot_ended : 1 = false;
  bool today_slow : 1 = false;
  bool today_unanswered : 1 = false;
};
static_assert(sizeof(Pair) <= 24);

/// So many agents at most are kept for one customer.
inline constexpr std::size_t kMostPairs = 64;

/// Fixed size and no pointers: an image of it is a snapshot, and a million of them are 128 MB.
/// Two cache lines: an event of a conversation that nobody looked at lately costs two misses here.
struct alignas(64) Conversation {
  proto::CustomerKey key;
  /// When the wheel will speak of this record; never = not at all. Not after the next deadline,
  /// which is looked up anew when it comes. Stays with the record when its conversation is
  /// forgotten.
  PackedInstant armed_at;

  // The newest turn (the one opened last): open, or how it ended.
  PackedInstant opening;
  PackedInstant newest_question;  ///< the turn's newest customer message; never = none yet
  // Of all time.
  PackedInstant last_reply;   ///< greatest time of a valid reply
  PackedInstant agent_since;  ///< when `agent` became responsible
  PackedInstant agent_named;  ///< greatest time of an event that said who is responsible
  PackedInstant last_wrote;   ///< the customer's newest message: distinct consulting customers
  PackedInstant last_slow;    ///< newest slow turn that makes a slow customer
  // The session (接待).
  PackedInstant session_start;
  PackedInstant last_activity;

  std::uint16_t touched_day = 0;  ///< business day (modulo 2^16) of the last event or deadline
  std::uint16_t day = 0;          ///< business day that the `today_` flags speak of
  std::uint16_t slow_turns = 0;   ///< of the session
  std::uint8_t waiting_over = 0;  ///< how many of kWaitingOverSeconds the open turn has passed

  bool turn_open : 1 = false;
  bool turn_slow : 1 = false;
  bool turn_judged : 1 = false;
  bool turn_in_hours : 1 = false;
  bool newest_unanswered : 1 = false;  ///< the newest turn ended so
  bool newest_by_bot : 1 = false;      ///< the newest turn ended as a bot turn

  bool session_open : 1 = false;
  bool person_took_part : 1 = false;
  bool handed_over : 1 = false;
  bool bot_turn_ended : 1 = false;
  bool turn_answered : 1 = false;

  bool today_consulted : 1 = false;
  bool today_replied : 1 = false;
  bool today_slow : 1 = false;
  bool today_unanswered : 1 = false;  ///< counted in the shop's unanswered customers of today

  std::uint32_t shop = 0;
  std::uint32_t agent = 0;      ///< the responsible agent; the shop's queue when there is none
  std::uint32_t agent_tag = 0;  ///< tells agents beyond the limit apart (Named::tag)
  /// While the turn is open, its place in that agent's WaitHeap; after an unanswered end, the agent
  /// responsible then.
  std::uint32_t heap_place_or_ended_agent = 0;
  Pair first_pair;  ///< most customers meet one agent; further ones are linked behind it
};
static_assert(sizeof(Conversation) == 128);

}  // namespace deskpulse::engine
