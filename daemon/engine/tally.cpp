#include "daemon/engine/tally.hpp"

#include <cassert>

#include "daemon/memory/prefetch.hpp"

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

void Tally::allocate() {
  rows_ = pool_->acquire();
  for (Ring& ring : rings_) ring.occupied = 0;
}

void Tally::take_over(unsigned windows, const WindowClock& clock, Instant at,
                      const ScopeNumbers& row) {
  for (; windows != 0; windows &= windows - 1) {
    const int i = std::countr_zero(windows);
    const WindowClock::Bucket& now = clock.window(i);
    const std::int64_t number = at.time_since_epoch() / now.width;
    if (number <= now.number - kBucketsPerWindow) {
      take_over(now.feeds, clock, at, row);
      continue;
    }
    const int slot = static_cast<int>(number % kBucketsPerWindow);
    rings_[static_cast<std::size_t>(i)].occupied |= std::uint64_t{1} << slot;
    add(bucket(i, slot, clock), row);
    add(sum(i), row);
  }
}

void Tally::leave(int window, const WindowClock& clock) {
  Ring& ring = rings_[static_cast<std::size_t>(window)];
  const WindowClock::Bucket& now = clock.window(window);
  const std::uint64_t leaving = ring.occupied & slots_between(ring.number, now.number);
  if (leaving == 0) return;
  ScopeNumbers& total = sum(window);
  const auto holds = [](auto value, auto maximum) { return value > 0 && value == maximum; };
  bool maximum_left = false;
  each_slot(leaving, [&](int slot) {
    ScopeNumbers& left = bucket(window, slot, clock);
    subtract(total, left);
    maximum_left |= holds(left.response_time_max_ms, total.response_time_max_ms) ||
                    holds(left.peak_conversations, total.peak_conversations);
    if (now.feeds != 0) {
      const int age = (ring.slot - slot + kBucketsPerWindow) % kBucketsPerWindow;
      take_over(now.feeds, clock, Instant{(ring.number - age) * now.width}, left);
    }
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
  // Those that are fed first, so that they are at the clock when they take over what comes.
  for (const int i : clock.fed_first()) {
    Ring& ring = rings_[static_cast<std::size_t>(i)];
    const WindowClock::Bucket& now = clock.window(i);
    if (ring.number == now.number) continue;
    if (rows_) leave(i, clock);
    ring.number = now.number;
    ring.slot = now.slot;
  }
}

void Tally::prefetch(const WindowClock& clock) const {
  if (rows_ == nullptr || clock.windows() == 0) return;
  const int first = clock.fed_first().back();
  const WindowClock::Bucket& now = clock.window(first);
  memory::prefetch(&rows_[first]);
  memory::prefetch(&bucket(first, now.slot, clock));
  const Ring& ring = rings_[static_cast<std::size_t>(first)];
  if (ring.number == now.number) return;
  const std::uint64_t leaving = ring.occupied & slots_between(ring.number, now.number);
  if (leaving == 0) return;
  memory::prefetch(&bucket(first, std::countr_zero(leaving), clock));
  if (now.feeds == 0) return;
  const int fed = std::countr_zero(now.feeds);
  memory::prefetch(&rows_[fed]);
  const WindowClock::Bucket& of_fed = clock.window(fed);
  const std::int64_t number = (now.number - kBucketsPerWindow) * now.width / of_fed.width;
  memory::prefetch(&bucket(fed, static_cast<int>(number % kBucketsPerWindow), clock));
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
  const std::span<const int> fed_first = clock.fed_first();
  for (auto i = fed_first.rbegin(); i != fed_first.rend(); ++i) {
    ScopeNumbers& scope = scopes[*i];
    scope = rows_ ? sum(*i) : ScopeNumbers{};
    if (const int feeder = clock.fed_by(*i); feeder >= 0) add(scope, scopes[feeder]);
    // Without a change in the window, the level is what it was all through it.
    scope.peak_conversations = std::max(scope.peak_conversations, level_);
  }
  scopes[clock.windows()] = today_;
}

}  // namespace deskpulse::engine
