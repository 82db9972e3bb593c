// Fetches what an event will need before it comes.
#pragma once

#include <array>
#include <cstdint>

#include "daemon/engine/conversation_table.hpp"
#include "daemon/engine/roster.hpp"

namespace deskpulse::engine {

/// On a large table an event waits for memory three times over, each time for an address that the
/// last one brought: the table's slot, the record, its agent's numbers. Events announced some dozen
/// ahead go through these steps side by side instead, a step each time eight more are announced.
/// Only asks the processor to fetch: it changes nothing, and a wrong announcement costs nothing
/// else.
class Lookahead {
 public:
  void expect(ConversationTable& table, Roster& roster, const WindowClock& clock,
              const proto::CustomerKey& key) {
    table.prefetch_slot(key);
    Announced& second = ring_[(next_ - kStep) % ring_.size()];
    second.record = table.probable(second.key);
    if (second.record != kNone) prefetch_record(&table[second.record]);
    const Announced& third = ring_[(next_ - 2 * kStep) % ring_.size()];
    if (third.record != kNone) {
      const Agent& agent = roster.agent_at(table[third.record].agent);
      __builtin_prefetch(&agent, 1);
      agent.tally.prefetch(clock);
    }
    ring_[next_++ % ring_.size()] = {key, kNone};
  }

 private:
  static constexpr std::uint32_t kStep = 8;
  struct Announced {
    proto::CustomerKey key;
    std::uint32_t record = kNone;
  };
  std::array<Announced, 32> ring_;
  std::uint32_t next_ = 0;
};

}  // namespace deskpulse::engine
