#include "daemon/intake/live_clock.hpp"

#include <algorithm>

namespace deskpulse::intake {

namespace {

/// The inverse of the rate at which the source's clock may seem to fall behind ours: ten times what
/// clocks do.
constexpr int kDriftIn = 1'000;

/// A source may promise to speak every ten minutes. The watermark stands still `live_lag` after it
/// has spoken, whatever it promised, and that is not to be shown as live for so long.
constexpr proto::Millis kLongestTrust{10'000};

}  // namespace

void LiveClock::connected(proto::Millis heartbeat) {
  connected_ = true;
  ever_connected_ = true;
  was_caught_up_ = false;
  is_believed_ = true;
  heartbeat_ = heartbeat;
  heard_at_.reset();
  newest_here_.reset();
}

void LiveClock::event(proto::Instant ts, proto::Instant wall) {
  // An event that is behind others says nothing about the clock.
  if (!newest_event_ || ts >= *newest_event_) {
    // Our clock was set back, and has come to where it was: so was the source's, if it says so.
    if (ahead_ && *ahead_ > proto::Millis{0} && wall >= *newest_)
      ahead_ = std::min(*ahead_, std::max(ts - wall, proto::Millis{0}));
    newest_event_ = ts;
    lead_ = lead_of(ts, wall);
    const proto::Millis ahead = std::min(ts - wall, proto::Millis{0});
    const proto::Millis slack = std::max(wall - ahead_at_, proto::Millis{0}) / kDriftIn;
    ahead_ = ahead_ ? std::max(ahead, *ahead_ - slack) : ahead;
    ahead_at_ = wall;
  }
  event_at_ = wall;
  heard(ts, wall);
}

void LiveClock::refused(proto::Instant wall) {
  event_at_ = wall;
  heard(std::nullopt, wall);
}

void LiveClock::heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) {
  if (ts) {
    is_believed_ = true;
    lead_ = lead_of(*ts, wall);
    // A source whose clock is ahead of ours must not look caught up for longer than it is heard.
    ts = std::min(*ts, latest(wall));
    ahead_ = *ts - wall;
    ahead_at_ = wall;
  }
  heard(ts, wall);
}

void LiveClock::unbelievable(proto::Instant wall) {
  is_believed_ = false;
  heard(std::nullopt, wall);
}

void LiveClock::answered(proto::Instant wall) {
  // Our clock for a source's that was never heard: there is nothing that it could be too early for.
  heard(std::min(wall, source_time(wall).value_or(wall)), wall);
}

void LiveClock::stepped(proto::Millis delta, proto::Instant wall) {
  if (ahead_) *ahead_ -= delta;
  lead_ = std::max(lead_ - std::max(delta, proto::Millis{0}), proto::Millis{0});
  ahead_at_ += delta;
  if (event_at_) *event_at_ += delta;
  if (heard_at_) *heard_at_ += delta;
  was_caught_up_ = was_caught_up_ && is_caught_up(wall);
}

proto::Millis LiveClock::lead_of(proto::Instant ts, proto::Instant wall) const {
  return std::clamp(ts - wall, proto::Millis{0}, settings_.max_clock_skew);
}

void LiveClock::heard(std::optional<proto::Instant> ts, proto::Instant wall) {
  if (ts) {
    newest_ = std::max(*ts, newest_.value_or(*ts));
    newest_here_ = std::max(*ts, newest_here_.value_or(*ts));
  }
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
  return connected_ && is_believed_ && newest_here_ && wall - *newest_here_ < settings_.live_lag;
}

std::optional<proto::Instant> LiveClock::source_time(proto::Instant wall) const {
  if (!ahead_) return std::nullopt;
  return wall + *ahead_;
}

proto::Instant LiveClock::latest(proto::Instant wall) const {
  return std::max(wall, source_time(wall).value_or(wall));
}

proto::Millis LiveClock::ahead(proto::Instant watermark, proto::Instant wall) const {
  return std::max(watermark - std::max(latest(wall), wall + lead_), proto::Millis{0});
}

bool LiveClock::is_stale(proto::Instant wall) const {
  // Behind the source by that much, the wall clock makes the watermark stand still.
  if (ahead_ && *ahead_ >= settings_.live_lag) return true;
  return !connected_ || !heard_at_ || !was_caught_up_ || is_silent(wall);
}

bool LiveClock::is_silent(proto::Instant wall) const {
  return heard_at_ && wall - *heard_at_ > std::min(heartbeat_, kLongestTrust) + settings_.live_lag;
}

std::optional<proto::Instant> LiveClock::target(proto::Instant wall) const {
  std::optional<proto::Instant> target;
  if (newest_event_) target = *newest_event_ - settings_.reorder_window;
  const bool silent = !event_at_ || wall - *event_at_ >= settings_.silent_after;
  if (silent && is_caught_up(wall)) {
    const proto::Instant source = std::min(wall, source_time(wall).value_or(wall));
    target = std::max(target.value_or(proto::Instant::min()), source - settings_.reorder_window);
  }
  return target;
}

std::optional<proto::Millis> LiveClock::lag(proto::Instant wall) const {
  if (!newest_) return std::nullopt;
  return std::max(proto::Millis{0}, wall - *newest_);
}

}  // namespace deskpulse::intake
