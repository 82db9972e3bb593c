#include "daemon/intake/intake.hpp"

#include <algorithm>
#include <cassert>

namespace deskpulse::intake {

using proto::Instant;
using proto::Reject;

Intake::Intake(const IntakeSettings& settings, const proto::IdHasher& hasher, EventSink& sink)
    : settings_(settings),
      hasher_(hasher),
      sink_(sink),
      duplicates_(settings.allowed_lateness, settings.remembered_ids),
      order_(settings.reorder_window, settings.buffered_bytes),
      clock_({.reorder_window = settings.reorder_window,
              .live_lag = settings.live_lag,
              .max_clock_skew = settings.max_clock_skew}) {
  assert(settings.buffered_events > 0);
}

Outcome Intake::accept(const proto::Event& event, Instant wall) {
  proto::Event prepared = event;
  const proto::CustomerKey id = prepare(prepared);
  return accept_prepared(prepared, id, wall);
}

proto::CustomerKey Intake::prepare(proto::Event& event) const {
  proto::CustomerKey id;
  // The slot of the id is asked for first: its way passes behind the other hash.
  if (!event.id.empty()) {
    id = hasher_.hash(event.shop, event.id);
    duplicates_.prefetch(id);
  }
  if (!event.customer.empty()) {
    event.customer_key = hasher_.hash(event.shop, event.customer);
    event.customer = {};
  }
  if (!event.order.empty()) {
    event.order_key = hasher_.hash(event.shop, event.order);
    event.order = {};
  }
  event.id = {};
  return id;
}

Outcome Intake::accept_prepared(const proto::Event& event, const proto::CustomerKey& id,
                                Instant wall) {
  const auto refuse = [&](Reject reason, Outcome outcome) {
    ++counters_.rejected[static_cast<std::size_t>(reason)];
    clock_.refused(wall);
    return outcome;
  };
  const Instant before = order_.watermark();
  if (clock_.is_future(event.ts, wall)) {
    // One that is sent again may have been taken, and counted, when the clock was another.
    if (clock_.is_in_doubt(before, wall)) miss_while_in_doubt(before + settings_.allowed_lateness);
    return refuse(Reject::future, Outcome::future);
  }
  if (event.ts < duplicates_.oldest(before)) {
    if (clock_.is_in_doubt(before, wall)) miss_while_in_doubt(before);
    return refuse(Reject::too_late, Outcome::too_late);
  }
  if (id != proto::CustomerKey{} && !duplicates_.insert(id, event.ts, before)) {
    ++counters_.duplicates;
    clock_.refused(wall);
    return Outcome::duplicate;
  }

  const bool in_doubt = event.ts < before && clock_.is_in_doubt(before, wall);
  if (journal_ != nullptr && in_doubt) journal_->in_doubt();
  if (journal_ != nullptr) journal_->accepted(event, id);
  clock_.event(event.ts, wall);
  return take(event, in_doubt);
}

// It is lost only because the clocks were set back.
void Intake::miss_while_in_doubt(Instant until) {
  if (gaps_.misses_events_of(until)) return;
  gap(GapKind::set_back);
  miss_until(until);
}

Outcome Intake::take(const proto::Event& event, bool in_doubt) {
  gaps_.heard(event.ts);
  // It is later, and none of the future: the clock was right, whatever it is set to later.
  if (missed_by_wall_ && event.ts > *missed_by_wall_) missed_by_wall_.reset();
  const bool unknown_type = event.type == proto::Type::unknown;
  const bool unknown_from =
      event.type == proto::Type::message && event.from == proto::From::unknown;
  const bool late = event.ts < order_.watermark();
  if (unknown_type || unknown_from) {
    const Reject reason = unknown_type ? Reject::unknown_type : Reject::unknown_from;
    ++counters_.rejected[static_cast<std::size_t>(reason)];
  } else {
    ++counters_.events[static_cast<std::size_t>(event.type)];
    if (late) {
      ++counters_.late;
      in_doubt ? sink_.apply_in_doubt(event) : sink_.apply(event);
    }
  }

  // First what is due before this event, so that what stays in the buffer, this event included, is
  // within one reorder window of the watermark.
  move_to(*clock_.newest_event() - settings_.reorder_window);
  if (unknown_type || unknown_from) return Outcome::ignored;
  if (late) return Outcome::late;
  place(event);
  return Outcome::in_order;
}

void Intake::place(const proto::Event& event) {
  while (event.ts > order_.watermark()) {
    const bool is_full = order_.size() >= settings_.buffered_events;
    if (!is_full && order_.push(event)) return;
    ++(is_full ? counters_.released_early : counters_.released_for_bytes);
    // One that has no room in an empty buffer either does not wait.
    const Instant target = order_.size() > 0 ? std::min(order_.oldest(), event.ts) : event.ts;
    if (journal_ != nullptr) journal_->advanced(target);
    move_to(target);
  }
  sink_.apply(event);
}

void Intake::tick(Instant wall) {
  const auto target = clock_.target(wall);
  if (!target || *target <= order_.watermark()) return;
  if (journal_ != nullptr) journal_->advanced(*target);
  move_to(*target);
}

proto::Millis Intake::allowed_lateness() const {
  const Instant oldest = duplicates_.oldest(order_.watermark());
  return oldest == Instant{} ? settings_.allowed_lateness : order_.watermark() - oldest;
}

Intake::Limits Intake::limits() const {
  return {{{"remembered_ids", duplicates_.remembered(), duplicates_.most(), duplicates_.exceeded()},
           {"buffered_events", order_.size(), settings_.buffered_events, counters_.released_early},
           {"buffered_bytes", order_.bytes_of_events(), order_.most_bytes(),
            counters_.released_for_bytes}}};
}

bool Intake::pass(Instant ts, Instant wall) {
  if (clock_.is_future(ts, wall)) return false;
  move_to(ts - settings_.reorder_window);
  return true;
}

void Intake::finish(std::optional<Instant> until) {
  const std::optional<Instant> newest = clock_.newest_event();
  if (newest || until) move_to(std::max(newest.value_or(Instant{}), until.value_or(Instant{})));
}

void Intake::move_to(Instant watermark) {
  if (watermark <= order_.watermark()) return;
  order_.release(
      watermark, [this](const proto::Event& event) { sink_.apply(event); },
      [this](const proto::Event& event) { sink_.announce(event); });
  sink_.advance(watermark);
}

void Intake::connected(proto::Millis heartbeat, Instant) {
  ++counters_.connects;
  clock_.connected(heartbeat);
}

void Intake::event(const proto::Event& event, Instant wall) { accept(event, wall); }

void Intake::rejected(const proto::Rejection& rejection) {
  const auto reason = static_cast<std::size_t>(rejection.reason);
  ++counters_.rejected[reason];
  counters_.rejected_field[reason] = rejection.field;
}

void Intake::heartbeat(std::optional<Instant> ts, Instant wall) {
  if (ts && clock_.is_future(*ts, wall)) return clock_.unbelievable(wall);
  clock_.heartbeat(ts, wall);
  // A source whose clock is ahead of ours must not mark windows that are still to come.
  if (ts) heard(std::min(*ts, clock_.latest(wall)));
}

void Intake::answered(Instant wall) {
  clock_.answered(wall);
  heard(*clock_.newest());
}

void Intake::heard(Instant ts) {
  if (journal_ != nullptr) journal_->heard(ts);
  gaps_.heard(ts);
}

void Intake::gap(GapKind kind) {
  if (journal_ != nullptr) journal_->gap(kind);
  open_gap(kind);
}

void Intake::begin_counters_anew() {
  counters_.events = {};
  counters_.late = counters_.duplicates = 0;
  sink_.begin_counters_anew();
}

void Intake::open_gap(GapKind kind) {
  // What was counted before, and shown, may not come again.
  if (is_lost_at_source(kind) || kind == GapKind::set_back) begin_counters_anew();
  gaps_.open(kind, clock_.newest());
}

void Intake::missed_until(std::optional<Instant> ts, Instant wall) {
  if (!gaps_.is_open()) return;
  // What is later than that was never to be taken. Where the source's clock is not known it may be
  // as far ahead of ours as is allowed.
  const Instant latest = clock_.latest(wall) + settings_.max_clock_skew;
  const bool is_by_source = ts && *ts <= latest;
  missed_by_wall_ = is_by_source ? std::nullopt : std::optional(latest);
  miss_until(is_by_source ? *ts : latest);
}

void Intake::miss_until(Instant until) {
  if (journal_ != nullptr) journal_->missed_until(until);
  gaps_.missed_until(until);
}

void Intake::clock_stepped(proto::Millis delta, Instant wall) {
  clock_.stepped(delta, wall);
  if (!missed_by_wall_) return;
  *missed_by_wall_ += delta;
  if (delta > proto::Millis{0}) miss_until(*missed_by_wall_);
}

void Intake::disconnected(Disconnect reason) {
  ++counters_.disconnects[static_cast<std::size_t>(reason)];
  clock_.disconnected();
}

}  // namespace deskpulse::intake
