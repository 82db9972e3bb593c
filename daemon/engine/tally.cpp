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

void raise_maxima(ScopeNumbers& to, const ScopeNumbers& what) {
  to.response_time_max_ms = std::max(to.response_time_max_ms, what.response_time_max_ms);
  to.peak_conversations = std::max(to.peak_conversations, what.peak_conversations);
}

void add(ScopeNumbers& to, const ScopeNumbers& what) {
  for (std::size_t i = 0; i < to.messages.size(); ++i) to.messages[i] += what.messages[i];
  to.consulting_customers += what.consulting_customers;
  to.slow_turns += what.slow_turns;
  to.slow_customers += what.slow_customers;
  to.unanswered_customers += what.unanswered_customers;
  to.answered_turns += what.answered_turns;
  to.first_responses += what.first_responses;
  to.judged_turns += what.judged_turns;
  to.timely_turns += what.timely_turns;
  to.response_time_sum_ms += what.response_time_sum_ms;
  to.first_response_time_sum_ms += what.first_response_time_sum_ms;
  raise_maxima(to, what);
}

/// Calls `visit(slot)` for each bit.
template <class Visit>
void each_slot(std::uint64_t bits, Visit visit) {
  for (; bits != 0; bits &= bits - 1) visit(std::countr_zero(bits));
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
  const auto windows = static_cast<std::size_t>(clock.windows());
  rows_ = std::make_unique<ScopeNumbers[]>(windows * (2 + kBucketsPerWindow));
  for (Ring& ring : rings_) ring.occupied = 0;
}

void Tally::hand_over(const WindowClock& clock, int last) {
  if (gathering_ == 0) return;
  if (!rows_) allocate(clock);
  for (int i = 0; i <= last; ++i) {
    if (!is_gathering(i)) continue;
    Ring& ring = rings_[static_cast<std::size_t>(i)];
    ScopeNumbers& row = gathered(i, clock);
    ring.occupied |= std::uint64_t{1} << ring.slot;
    add(bucket(i, ring.slot, clock), row);
    add(sum(i), row);
    if (i + 1 < clock.windows()) {
      add(gathered(i + 1, clock), row);
      gathering_ |= 2U << i;
    }
    row = ScopeNumbers{};
    gathering_ &= ~(1U << i);
  }
}

void Tally::leave(int window, const WindowClock& clock, std::uint64_t leaving) {
  Ring& ring = rings_[static_cast<std::size_t>(window)];
  leaving &= ring.occupied;
  if (leaving == 0) return;
  ScopeNumbers& total = sum(window);
  const auto holds = [](auto value, auto maximum) { return value > 0 && value == maximum; };
  bool maximum_left = false;
  each_slot(leaving, [&](int slot) {
    ScopeNumbers& left = bucket(window, slot, clock);
    subtract(total, left);
    maximum_left |= holds(left.response_time_max_ms, total.response_time_max_ms) ||
                    holds(left.peak_conversations, total.peak_conversations);
    left = ScopeNumbers{};
  });
  ring.occupied &= ~leaving;
  if (!maximum_left) return;
  total.response_time_max_ms = 0;
  total.peak_conversations = 0;
  each_slot(ring.occupied, [&](int slot) { raise_maxima(total, bucket(window, slot, clock)); });
}

void Tally::roll_to(const WindowClock& clock) {
  tick_ = clock.tick();
  if (day_ != clock.day().number) {
    day_ = clock.day().number;
    today_ = ScopeNumbers{};
    today_.peak_conversations = level_;  // carried over the cut: nothing changed it since
  }
  // A gathering row belongs to the current buckets of all windows behind it. So it goes to them as
  // far as the last window that has a new bucket; to hand over early does no harm.
  int last = clock.windows() - 1;
  while (last >= 0 && rings_[static_cast<std::size_t>(last)].number == clock.window(last).number)
    --last;
  hand_over(clock, last);
  for (int i = 0; i <= last; ++i) {
    Ring& ring = rings_[static_cast<std::size_t>(i)];
    const WindowClock::Bucket& now = clock.window(i);
    if (ring.number == now.number) continue;
    if (rows_) leave(i, clock, slots_between(ring.number, now.number));
    ring.number = now.number;
    ring.slot = now.slot;
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
  ScopeNumbers not_handed_over;
  for (int i = 0; i < windows; ++i) {
    if (is_gathering(i)) add(not_handed_over, gathered(i, clock));
    scopes[i] = not_handed_over;
    if (rows_) add(scopes[i], sum(i));
    // Without a change in the window, the level is what it was all through it.
    scopes[i].peak_conversations = std::max(scopes[i].peak_conversations, level_);
  }
  scopes[windows] = today_;
}

}  // namespace deskpulse::engine
