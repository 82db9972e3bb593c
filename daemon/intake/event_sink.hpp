// Where judged and ordered events go.
#pragma once

#include "proto/event.hpp"

namespace deskpulse::intake {

/// The engine, as the feed sees it. Calls come from the feed's thread, in the order of time:
/// events that are not late in the order (ts, arrival), each before advance() of a later time.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// `event` will be applied soon, some milliseconds of event time from now. Most events are
  /// announced, once; a sink may use the time to fetch from memory what it will need.
  virtual void announce(const proto::Event& event) { static_cast<void>(event); }
  /// `event` and its views are good during the call. `customer` is empty; `customer_key` stands for
  /// it. Its `ts` is behind the last advance() when the event is late.
  virtual void apply(const proto::Event& event) = 0;
  /// The same for a late event while the clocks say that it is earlier than the last advance(), so
  /// what the event makes overdue is to wait for the next.
  virtual void apply_in_doubt(const proto::Event& event) { apply(event); }
  /// See Intake.
  virtual void begin_counters_anew() {}
  /// Time is `watermark`; it never goes back.
  virtual void advance(proto::Instant watermark) = 0;
};

}  // namespace deskpulse::intake
