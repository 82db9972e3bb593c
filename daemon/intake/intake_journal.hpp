// What changes the state of an intake, one record after the other.
#pragma once

#include "daemon/intake/gap_ledger.hpp"
#include "proto/event.hpp"

namespace deskpulse::intake {

/// An intake tells its journal everything that moves its state and cannot be told from what came
/// before, in the order in which it happened and before it has an effect on the sink. The same
/// calls on Intake::recovery() of an intake that was loaded from an older image bring it, and the
/// engine behind it, to the same state: for that no record is judged anew against any clock.
/// Not in it: what was refused, and connections; see IntakeCounters.
class IntakeJournal {
 public:
  virtual ~IntakeJournal() = default;
  /// The event was taken. It is prepared (no clear ids, see Intake::prepare), may be late or of
  /// unknown type or sender; `id` is the hash of its id, {0, 0} without one. Views are good during
  /// the call.
  virtual void accepted(const proto::Event& event, const proto::CustomerKey& id) = 0;
  /// The next event that is accepted() is late, and in doubt: see EventSink.
  virtual void in_doubt() = 0;
  /// Time went on to `watermark` without an event: the clock moved it, or a full buffer.
  virtual void advanced(proto::Instant watermark) = 0;
  /// The source said that its clock, as far as we believe it, stands at `ts`; ends an open gap.
  virtual void heard(proto::Instant ts) = 0;
  /// Events are missing from here on, until the next accepted() or heard().
  virtual void gap(GapKind kind) = 0;
  /// What is missing may be as new as this.
  virtual void missed_until(proto::Instant until) = 0;
};

}  // namespace deskpulse::intake
