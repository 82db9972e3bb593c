// Turns wall time, events and heartbeats into the watermark of a live feed (METRICS.md, Time; R45
// to R48).
#pragma once

#include <algorithm>
#include <optional>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "proto/event.hpp"

namespace deskpulse::intake {

struct LiveClockSettings {
  proto::Millis reorder_window{1'000};
  proto::Millis live_lag{5'000};
  proto::Millis silent_after{1'000};  ///< R5
  proto::Millis max_clock_skew{5'000};
};

/// The live watermark. It follows the events; where the feed is connected, caught up and silent it
/// follows the source's clock instead, so that waits grow with no events at all; else it stands
/// still.
///
/// *The source's clock*: the newest time that was heard of it, by an event or a heartbeat, and the
/// time that has passed since. It is kept as its distance from our wall clock, and is never ahead
/// of it when heard; so a wall clock that is ahead of the source's fires no deadline early.
/// Heartbeats set it; events, which may have been under way for a while, only put it forward, and
/// back by a thousandth of the time that passes, for a wall clock that runs too fast.
///
/// *Caught up*: the newest event or heartbeat since the connection was made is less than `live_lag`
/// behind the wall clock. What was heard before does not count: a server that says that it lives
/// before it sends what was missed would make the watermark run ahead of that. *Stale*: not
/// connected, or nothing heard for longer than the heartbeat interval (10 s of it at the most) +
/// `live_lag`, or not caught up when last heard.
///
/// A source whose clock is more than `max_clock_skew` ahead is not believed: what it says of that
/// time proves nothing (is_future()).
///
/// Reads no clock: `wall` is an argument everywhere. It proceeds as time does; where it is set,
/// that is to be said (stepped()). O(1), no allocation.
class LiveClock {
 public:
  explicit LiveClock(const LiveClockSettings& settings) : settings_(settings) {}

  void connected(proto::Millis heartbeat);
  void disconnected() { connected_ = false; }
  void event(proto::Instant ts, proto::Instant wall);
  /// An event came that is not taken (a duplicate, too late, future): the feed is not silent.
  void refused(proto::Instant wall);
  /// `ts` absent: the source lives, but still has events for us.
  void heartbeat(std::optional<proto::Instant> ts, proto::Instant wall);
  /// The source lives, and its clock is_future(): what else it says of the time is not believed
  /// before it says better, so the feed is stale.
  void unbelievable(proto::Instant wall);
  /// The source lives, and had nothing more for us; its clock is not said.
  void answered(proto::Instant wall);
  /// The wall clock was set by `delta`, and only that: no time has passed. Makes the feed stale
  /// until it is heard again, where it no longer is caught up.
  void stepped(proto::Millis delta, proto::Instant wall);

  /// The source once was at `ts`, by an event or not: known from a record, not heard now.
  void recover(proto::Instant ts, bool is_event);

  /// How far the source has got; nothing of the connection. Allocates nothing.
  void save(image::Writer& writer) const;
  /// Into a clock that is new. False: this is no image of a clock.
  bool load(image::Reader& reader);

  /// Where the watermark should be; absent before the first event or heartbeat. It may be behind an
  /// earlier answer, and then changes nothing.
  std::optional<proto::Instant> target(proto::Instant wall) const;

  bool is_connected() const { return connected_; }
  /// The interval that the source has told last.
  proto::Millis heartbeat() const { return heartbeat_; }
  /// By this clock: not before a load().
  bool was_ever_connected() const { return ever_connected_; }
  bool is_caught_up(proto::Instant wall) const;
  bool is_stale(proto::Instant wall) const;
  /// Heard since the connection was made, but not for the heartbeat interval, 10 s of it at the
  /// most, and `live_lag`.
  bool is_silent(proto::Instant wall) const;
  /// The latest time that a source may truthfully speak of: the wall clock's, or its own that was
  /// heard before the wall clock was set back.
  proto::Instant latest(proto::Instant wall) const;
  /// Whether `ts` is too far ahead for that.
  bool is_future(proto::Instant ts, proto::Instant wall) const {
    return ts > latest(wall) + settings_.max_clock_skew;
  }
  /// By how much `watermark` is ahead of both clocks, the wall's and the source's, at least 0: they
  /// were set back, or it is that of a run with a wrong clock. Beyond tolerance() the numbers are
  /// of no time that there is, and stale.
  proto::Millis ahead(proto::Instant watermark, proto::Instant wall) const;
  /// Whether `watermark` is ahead of the wall clock by more than tolerance(), and of the source's,
  /// unless it is that which was not heard since the wall clock was set back.
  bool is_in_doubt(proto::Instant watermark, proto::Instant wall) const {
    return watermark - (wall + lead_) > tolerance();
  }
  proto::Millis tolerance() const { return std::min(settings_.live_lag, settings_.max_clock_skew); }
  /// How far the newest event or heartbeat is behind the wall clock, at least 0.
  std::optional<proto::Millis> lag(proto::Instant wall) const;
  std::optional<proto::Instant> newest_event() const { return newest_event_; }
  /// The newest event or heartbeat.
  std::optional<proto::Instant> newest() const { return newest_; }

 private:
  /// Of the source, as far as it has been heard.
  std::optional<proto::Instant> source_time(proto::Instant wall) const;
  proto::Millis lead_of(proto::Instant ts, proto::Instant wall) const;
  /// `ts` absent: a sign of life that says nothing about how far the source is.
  void heard(std::optional<proto::Instant> ts, proto::Instant wall);

  LiveClockSettings settings_;
  bool connected_ = false;
  bool ever_connected_ = false;
  bool was_caught_up_ = false;  ///< when last heard
  bool is_believed_ = true;     ///< what the source says of the time, since connected
  proto::Millis heartbeat_{};
  std::optional<proto::Instant> newest_event_;
  std::optional<proto::Instant> newest_;
  std::optional<proto::Instant> newest_here_;  ///< the same, since connected
  /// The source's clock − the wall clock; above 0 only where that was set back. Absent: not heard.
  std::optional<proto::Millis> ahead_;
  /// By how much the source's clock was ahead when heard: 0 … `max_clock_skew`.
  proto::Millis lead_{};
  proto::Instant ahead_at_{};               ///< wall time at which an event last put it anywhere
  std::optional<proto::Instant> event_at_;  ///< wall time of the last event
  std::optional<proto::Instant> heard_at_;  ///< wall time; absent: not since connected
};

}  // namespace deskpulse::intake
