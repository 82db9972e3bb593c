#include "daemon/persistence/recovery.hpp"

#include <string>
#include <utility>

#include "daemon/persistence/journal_recorder.hpp"
#include "daemon/store/set_aside.hpp"

namespace deskpulse {
namespace {

/// Takes a journal's records into a monitor.
class Applying final : public store::JournalRecords {
 public:
  Applying(Recovered& recovered, const Stream& stream)
      : recovered_(recovered), intake_(recovered.monitor->recovery()), stream_(stream) {}

  void accepted(const proto::Event& event, const proto::CustomerKey& id) override {
    intake_.accepted(event, id);
  }
  void in_doubt() override { intake_.in_doubt(); }
  void advanced(proto::Instant watermark) override { intake_.advanced(watermark); }
  void heard(proto::Instant ts) override { intake_.heard(ts); }
  void gap(std::string_view kind) override {
    if (const auto known = gap_kind_of(kind)) gap(*known);
  }
  void gap(intake::GapKind kind) { intake_.gap(kind); }
  void missed_until(proto::Instant until) override { intake_.missed_until(until); }
  void ended(const store::JournalMark& mark) override {
    recovered_.cursor.reset();
    if (mark.cursor) recovered_.cursor = cursor_of(*mark.cursor);
    recovered_.monitor->recover_refusals(counters_of(mark));
  }
  bool missing(std::uint64_t from, std::uint64_t to) override {
    const auto& cursor = recovered_.cursor;
    const bool has_them = !cursor || cursor->source.is_same(stream_.source);
    if (stream_.has_positions && has_them) return false;
    // That run had gone on before an earlier hole: what it was sent again has been told.
    if (cursor && to - from >= store::kMoreThanASegment) return false;
    intake_.gap(intake::GapKind::disconnect);
    return true;
  }

 private:
  Recovered& recovered_;
  intake::IntakeJournal& intake_;
  const Stream stream_;
};

}  // namespace

Recovered recover(store::SnapshotStore& store, const MakeMonitor& make_monitor) {
  Recovered recovered;
  store::LoadResult result = store.load([&](image::Reader& reader, const store::SnapshotInfo&) {
    std::unique_ptr<Monitor> monitor = make_monitor();
    const std::uint64_t journal_batch = reader.number();
    Monitor::Restored restored = monitor->load(reader);
    if (!restored.ok || !reader.is_at_end()) return false;
    recovered.monitor = std::move(monitor);
    recovered.cursor = std::move(restored.cursor);
    recovered.journal_batch = journal_batch;
    return true;
  });
  recovered.snapshot = result.loaded;
  recovered.snapshot_cursor = recovered.cursor;
  recovered.refused = std::move(result.refused);
  recovered.must_not_start = result.must_not_start;
  if (recovered.snapshot) return recovered;
  // One may have been loaded to its end before its file turned out to be unreadable.
  recovered.cursor = recovered.snapshot_cursor = std::nullopt;
  recovered.journal_batch = 0;
  recovered.monitor = recovered.must_not_start ? nullptr : make_monitor();
  return recovered;
}

store::JournalReadResult recover_journal(store::Disk& disk, const store::KeyFingerprint& key,
                                         const Stream& stream, Recovered& recovered) {
  Applying applying(recovered, stream);
  store::JournalReadResult result =
      store::read_journal(disk, key, recovered.journal_batch, applying);
  // They may have been events, and where among the others they were cannot be said any more.
  if (result.strange_lines > 0) applying.gap(intake::GapKind::hole);
  return result;
}

bool is_from_the_future(const Recovered& recovered) {
  return recovered.monitor->ahead() > recovered.monitor->longest_ahead();
}

std::error_code set_aside(store::Disk& disk, store::SnapshotStore& store,
                          const Recovered& recovered) {
  const auto time = recovered.monitor->intake().watermark().time_since_epoch().count();
  const std::error_code error = store::set_aside(disk, "set-aside-" + std::to_string(time) + '-');
  store.look();
  return error;
}

void goes_on_behind(const Recovered& set_aside, Recovered& next) {
  next.was_set_aside = true;
  const intake::Intake& intake = set_aside.monitor->intake();
  next.monitor->began_anew(intake.clock().newest().value_or(intake.watermark()));
}

}  // namespace deskpulse
