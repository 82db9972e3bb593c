#include "daemon/engine/tally.hpp"

#include <cassert>

namespace deskpulse::engine {
namespace {

void subtract(ScopeNumbers& from, const ScopeNumbers& what) {
  for (std::size_t i = 0; i < from.messages.size(); ++i) from.messages[i] -= what.messages[i];
  from.consulting_customers -= what.consulting_customers;
  from.slow_turns -= what.slow_turns;
  from.slow_customers -= what.slow_customers;
  from.unanswered_customers -= what.unanswered_customers;
  from.answered_turns -= what.answered_turns;
  from.first_responses -= what.first_responses;
  from.judged_turns -= what.judged_turns;
  from.timely_turns -= what.timely_turns;
  from.response_time_sum_ms -= what.response_time_sum_ms;
  from.first_response_time_sum_ms -= what.first_response_time_sum_ms;
}

/// Calls `visit(slot)` for each bit.
template <class Visit>
void each_slot(std::uint64_t bits, Visit visit) {
  for (; bits != 0; bits &= bits - 1) visit(static_cast<std::size_t>(std::countr_zero(bits)));
}

constexpr std::uint64_t kAllSlots = (std::uint64_t{1} << kBucketsPerWindow) - 1;

/// The slots that come into use when a ring goes from bucket `from` to bucket `to`.
std::uint64_t slots_between(std::int64_t from, std::int64_t to) {
  if (to - from >= kBucketsPerWindow) return kAllSlots;
  const int count = static_cast<int>(to - from);
  const int first = static_cast<int>((from + 1) % kBucketsPerWindow);
  const std::uint64_t run = (std::uint64_t{1} << count) - 1;
  const std::uint64_t wrapped = run << first;
  const int over = first + count - kBucketsPerWindow;  // how many wrap round to slot 0
  return (wrapped & kAllSlots) | (over > 0 ? run >> (count - over) : 0);
}

}  // namespace

void Tally::allocate(const WindowClock& clock) {
  rings_ = std::make_unique<Ring[]>(static_cast<std::size_t>(clock.windows()));
  for (int i = 0; i < clock.windows(); ++i)
    rings_[static_cast<std::size_t>(i)].number = clock.window(i).number;
}

void Tally::leave(Ring& ring, std::uint64_t leaving) {
  leaving &= ring.occupied;
  if (leaving == 0) return;
  bool maximum_left = false;
  const auto holds = [](auto value, auto maximum) { return value > 0 && value == maximum; };
  each_slot(leaving, [&](std::size_t slot) {
    ScopeNumbers& bucket = ring.buckets[slot];
    subtract(ring.sum, bucket);
    maximum_left |= holds(bucket.response_time_max_ms, ring.sum.response_time_max_ms) ||
                    holds(bucket.peak_conversations, ring.sum.peak_conversations);
    bucket = ScopeNumbers{};
  });
  ring.occupied &= ~leaving;
  if (!maximum_left) return;
  ring.sum.response_time_max_ms = 0;
  ring.sum.peak_conversations = 0;
  each_slot(ring.occupied, [&](std::size_t slot) {
    const ScopeNumbers& bucket = ring.buckets[slot];
    ring.sum.response_time_max_ms =
        std::max(ring.sum.response_time_max_ms, bucket.response_time_max_ms);
    ring.sum.peak_conversations = std::max(ring.sum.peak_conversations, bucket.peak_conversations);
  });
}

void Tally::roll_to(const WindowClock& clock) {
  tick_ = clock.tick();
  if (day_ != clock.day().number) {
    day_ = clock.day().number;
    today_ = ScopeNumbers{};
    today_.peak_conversations = level_;  // carried over the cut: nothing changed it since
  }
  if (!rings_) return;
  for (int i = 0; i < clock.windows(); ++i) {
    Ring& ring = rings_[static_cast<std::size_t>(i)];
    const std::int64_t number = clock.window(i).number;
    if (ring.number == number) continue;
    leave(ring, slots_between(ring.number, number));
    ring.number = number;
  }
}

void Tally::note_peak(const WindowClock& clock, std::uint32_t level) {
  place(clock, clock.now(),
        [level](ScopeNumbers& n) { n.peak_conversations = std::max(n.peak_conversations, level); });
}

void Tally::raise_level(const WindowClock& clock) {
  roll(clock);
  note_peak(clock, ++level_);
}

void Tally::lower_level(const WindowClock& clock) {
  assert(level_ > 0);
  roll(clock);
  note_peak(clock, level_--);
}

void Tally::read(const WindowClock& clock, ScopeNumbers* scopes) {
  roll(clock);
  const int windows = clock.windows();
  for (int i = 0; i < windows; ++i) {
    scopes[i] = rings_ ? rings_[static_cast<std::size_t>(i)].sum : ScopeNumbers{};
    // Without a change in the window, the level is what it was all through it.
    scopes[i].peak_conversations = std::max(scopes[i].peak_conversations, level_);
  }
  scopes[windows] = today_;
}

std::size_t Tally::bytes_used(const WindowClock& clock) const {
  return sizeof *this + (rings_ ? sizeof(Ring) * static_cast<std::size_t>(clock.windows()) : 0);
}

}  // namespace deskpulse::engine
