#include "daemon/feed/live_clock.hpp"

#include <algorithm>

namespace deskpulse::feed {

void LiveClock::connected(proto::Millis heartbeat) {
  connected_ = true;
  ever_connected_ = true;
  was_caught_up_ = false;
  heartbeat_ = heartbeat;
  heard_at_.reset();
}

void LiveClock::event(proto::Instant ts, proto::Instant wall) {
  newest_event_ = std::max(ts, newest_event_.value_or(ts));
  event_at_ = wall;
  heard(ts, wall);
}

void LiveClock::refused(proto::Instant wall) {
  event_at_ = wall;
  heard(std::nullopt, wall);
}

void LiveClock::heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) {
  // A source whose clock is ahead of ours must not look caught up for longer than it is heard.
  heard(ts ? std::optional(std::min(*ts, wall)) : std::nullopt, wall);
}

void LiveClock::heard(std::optional<proto::Instant> ts, proto::Instant wall) {
  if (ts) newest_ = std::max(*ts, newest_.value_or(*ts));
  heard_at_ = wall;
  was_caught_up_ = is_caught_up(wall);
}

void LiveClock::recover(proto::Instant ts, bool is_event) {
  if (is_event) newest_event_ = std::max(ts, newest_event_.value_or(ts));
  newest_ = std::max(ts, newest_.value_or(ts));
}

void LiveClock::save(image::Writer& writer) const {
  for (const std::optional<proto::Instant>& at : {newest_event_, newest_}) {
    writer.flag(at.has_value());
    if (at) writer.instant(*at);
  }
}

bool LiveClock::load(image::Reader& reader) {
  for (std::optional<proto::Instant>* const at : {&newest_event_, &newest_})
    if (reader.flag()) *at = reader.instant();
  if (newest_event_ && (!newest_ || *newest_ < *newest_event_)) reader.fail();
  return reader.ok();
}

bool LiveClock::is_caught_up(proto::Instant wall) const {
  return connected_ && heard_at_ && newest_ && wall - *newest_ < settings_.live_lag;
}

bool LiveClock::is_stale(proto::Instant wall) const {
  return !connected_ || !heard_at_ || !was_caught_up_ || is_silent(wall);
}

bool LiveClock::is_silent(proto::Instant wall) const {
  return heard_at_ && wall - *heard_at_ > heartbeat_ + settings_.live_lag;
}

std::optional<proto::Instant> LiveClock::target(proto::Instant wall) const {
  std::optional<proto::Instant> target;
  if (newest_event_) target = *newest_event_ - settings_.reorder_window;
  const bool silent = !event_at_ || wall - *event_at_ >= settings_.silent_after;
  if (silent && is_caught_up(wall)) {
    target = std::max(target.value_or(proto::Instant::min()), wall - settings_.reorder_window);
  }
  return target;
}

std::optional<proto::Millis> LiveClock::lag(proto::Instant wall) const {
  if (!newest_) return std::nullopt;
  return std::max(proto::Millis{0}, wall - *newest_);
}

}  // namespace deskpulse::feed
