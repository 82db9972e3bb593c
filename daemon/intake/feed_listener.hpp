// What a source of events tells, and to whom.
#pragma once

#include <optional>

#include "daemon/intake/disconnect.hpp"
#include "daemon/intake/gap_ledger.hpp"
#include "proto/event.hpp"
#include "proto/rejection.hpp"

namespace deskpulse::intake {

/// What a source tells. All calls come from one thread, never from inside start() or stop(), with
/// `wall` the wall clock of the moment. The order: connected, then any of event, rejected,
/// heartbeat, gap, then disconnected; disconnected also comes for an attempt that failed before
/// connected.
class FeedListener {
 public:
  virtual ~FeedListener() = default;
  /// The stream runs. `heartbeat`: the source is heard at least this often, also when idle.
  virtual void connected(proto::Millis heartbeat, proto::Instant wall) = 0;
  /// Views are good during the call.
  virtual void event(const proto::Event& event, proto::Instant wall) = 0;
  /// Something that could not be read; `field` is a static string.
  virtual void rejected(const proto::Rejection& rejection) = 0;
  /// The source lives. `ts` is its clock, absent when it still has events for us (then a heartbeat
  /// does not mean that we have caught up).
  virtual void heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) = 0;
  /// The source answered a question of ours: it lives, and what it had sent until then has been
  /// delivered. What its clock says is not known.
  virtual void answered(proto::Instant wall) { heartbeat(wall, wall); }
  /// Events are missing between what came before and what comes next. Comes after connected() when
  /// the break is found at the resume, after disconnected() when nothing can be resumed.
  virtual void gap(GapKind kind) = 0;
  /// Where events are missing that nothing has come behind yet: they are no newer than this moment.
  /// `ts` is the source's clock, absent where it did not say. Comes after every gap() that is found
  /// while connected, and once after each connected() and its gap().
  virtual void missed_until(std::optional<proto::Instant> ts, proto::Instant wall) {
    static_cast<void>(ts);
    static_cast<void>(wall);
  }
  /// What the source had when the connection became ready has been delivered. Once at most after
  /// each connected(); never by a source that does not say how much it has.
  virtual void caught_up() {}
  virtual void disconnected(Disconnect reason) = 0;
};

}  // namespace deskpulse::intake
