// Turns wall time, events and heartbeats into the watermark of a live feed (spec 3).
#pragma once

#include <optional>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "proto/event.hpp"

namespace deskpulse::feed {

struct LiveClockSettings {
  proto::Millis reorder_window{1'000};
  proto::Millis live_lag{5'000};
  proto::Millis silent_after{1'000};  ///< R5
};

/// The live watermark. It follows the events; where the feed is connected, caught up and silent it
/// follows the wall clock instead, so that waits grow with no events at all; else it stands still.
///
/// *Caught up*: heard since the connection was made, and the newest event or heartbeat is less than
/// `live_lag` behind the wall clock. *Stale*: not connected, or nothing heard for longer than the
/// heartbeat interval + `live_lag`, or not caught up when last heard.
///
/// Reads no clock: `wall` is an argument everywhere. A wall clock that is set back makes nothing go
/// back; one that is set forward makes the feed stale until it is heard again. O(1), no allocation.
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
  /// By this clock: not before a load().
  bool was_ever_connected() const { return ever_connected_; }
  bool is_caught_up(proto::Instant wall) const;
  bool is_stale(proto::Instant wall) const;
  /// Heard since the connection was made, but not for the heartbeat interval + `live_lag`.
  bool is_silent(proto::Instant wall) const;
  /// How far the newest event or heartbeat is behind the wall clock, at least 0.
  std::optional<proto::Millis> lag(proto::Instant wall) const;
  std::optional<proto::Instant> newest_event() const { return newest_event_; }
  /// The newest event or heartbeat.
  std::optional<proto::Instant> newest() const { return newest_; }

 private:
  /// `ts` absent: a sign of life that says nothing about how far the source is.
  void heard(std::optional<proto::Instant> ts, proto::Instant wall);

  LiveClockSettings settings_;
  bool connected_ = false;
  bool ever_connected_ = false;
  bool was_caught_up_ = false;  ///< when last heard
  proto::Millis heartbeat_{};
  std::optional<proto::Instant> newest_event_;
  std::optional<proto::Instant> newest_;
  std::optional<proto::Instant> event_at_;  ///< wall time of the last event
  std::optional<proto::Instant> heard_at_;  ///< wall time; absent: not since connected
};

}  // namespace deskpulse::feed
