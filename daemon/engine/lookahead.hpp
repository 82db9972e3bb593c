// Fetches what an event will need before it comes.
#pragma once

#include <array>
#include <cstdint>

#include "daemon/engine/conversation_table.hpp"
#include "daemon/engine/roster.hpp"
#include "daemon/memory/prefetch.hpp"

namespace deskpulse::engine {

/// On a large table an event waits for memory four times over, each time for an address that the
/// last one brought: the table's slot, the record, its agent, the agent's numbers. Events announced
/// some dozen ahead go through these steps side by side instead, a step each time six more are
/// announced. Only asks the processor to fetch: it changes nothing, and a wrong announcement costs
/// nothing else.
class Lookahead {
 public:
  void expect(ConversationTable& table, Roster& roster, const WindowClock& clock,
              const proto::CustomerKey& key) {
    table.prefetch_slot(key);
    Announced& second = ring_[(next_ - kStep) % ring_.size()];
    second.record = table.probable(second.key);
    if (second.record != kNone) memory::prefetch(&table[second.record]);
    Announced& third = ring_[(next_ - 2 * kStep) % ring_.size()];
    if (third.record != kNone) {
      third.agent = table[third.record].agent;
      roster.agent_at(third.agent).prefetch();
    }
    const Announced& fourth = ring_[(next_ - 3 * kStep) % ring_.size()];
    if (fourth.agent != kNone) roster.agent_at(fourth.agent).tally.prefetch(clock);
    ring_[next_++ % ring_.size()] = {key, kNone, kNone};
  }

 private:
  static constexpr std::uint32_t kStep = 6;
  struct Announced {
    proto::CustomerKey key;
    std::uint32_t record = kNone;
    std::uint32_t agent = kNone;
  };
  std::array<Announced, 32> ring_;
  std::uint32_t next_ = 0;
};

}  // namespace deskpulse::engine
