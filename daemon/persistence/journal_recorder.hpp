// What the intake takes, handed on to the journal.
#pragma once

#include <optional>
#include <string_view>

#include "daemon/feed/feed.hpp"
#include "daemon/intake/gap_ledger.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/intake/intake_journal.hpp"
#include "daemon/store/journal_writer.hpp"

namespace deskpulse {

/// Between the intake, which knows nothing of files, and the journal, which knows nothing of feeds.
class JournalRecorder final : public intake::IntakeJournal {
 public:
  explicit JournalRecorder(store::JournalWriter& writer) : writer_(writer) {}

  void accepted(const proto::Event& event, const proto::CustomerKey& id) override {
    writer_.accepted(event, id);
  }
  void in_doubt() override { writer_.in_doubt(); }
  void advanced(proto::Instant watermark) override { writer_.advanced(watermark); }
  void heard(proto::Instant ts) override { writer_.heard(ts); }
  void gap(intake::GapKind kind) override;
  void missed_until(proto::Instant until) override { writer_.missed_until(until); }

 private:
  store::JournalWriter& writer_;
};

/// The words for gaps in a journal; stable.
std::string_view gap_kind_name(intake::GapKind kind);
std::optional<intake::GapKind> gap_kind_of(std::string_view name);

/// What the end of a batch says beside its records.
store::JournalMark journal_mark(const std::optional<feed::Cursor>& cursor,
                                const intake::IntakeCounters& counters);
feed::Cursor cursor_of(const store::JournalMark::Cursor& mark);
/// The counters of a mark, whatever order and whichever others the daemon had that wrote it; those
/// that it does not have stay 0.
intake::IntakeCounters counters_of(const store::JournalMark& mark);

}  // namespace deskpulse
