// What a daemon begins with: the state of the last run, or an empty one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "daemon/feed/feed.hpp"
#include "daemon/monitor/monitor.hpp"
#include "daemon/store/journal_reader.hpp"
#include "daemon/store/snapshot_store.hpp"

namespace deskpulse {

struct Recovered {
  std::unique_ptr<Monitor> monitor;
  /// Where the stream is to go on; absent where the state has no position, or there is no state.
  std::optional<feed::Cursor> cursor;
  /// The snapshot that was taken; absent: there was none to go on from.
  std::optional<store::SnapshotInfo> snapshot;
  std::optional<feed::Cursor> snapshot_cursor;
  /// The last batch of the journal whose events are in it.
  std::uint64_t journal_batch = 0;
  std::vector<store::RefusedSnapshot> refused;  ///< the newer first
  /// See store::LoadResult. There is no monitor then.
  bool must_not_start = false;
  /// There was a state, and it is of too late a time: it was set aside, and this one is empty.
  bool was_set_aside = false;
};

/// A monitor that has seen nothing, with the settings of this run. Called once for each snapshot
/// that is tried: what a damaged one has left behind is thrown away with its monitor.
using MakeMonitor = std::function<std::unique_ptr<Monitor>()>;

/// Goes on from the newest snapshot that is whole.
Recovered recover(store::SnapshotStore& store, const MakeMonitor& make_monitor);

/// The stream that the daemon will follow.
struct Stream {
  bool has_positions = true;
  feed::Source source;
};

/// Adds what the journal says that happened since. Where batches are missing in it, a stream with
/// positions goes on before them, for it has their events still, also where none is known yet;
/// without positions, or where they were of another source, it is a gap, and what comes behind is
/// taken, but for what a run wrote that had gone on before such a hole by its positions: that would
/// count twice. Lines that say nothing known are a gap on any stream.
store::JournalReadResult recover_journal(store::Disk& disk, const store::KeyFingerprint& key,
                                         const Stream& stream, Recovered& recovered);

/// Whether the state is so far ahead of the clock that it is not to be gone on from: the clock was
/// wrong in the last run, or is now.
bool is_from_the_future(const Recovered& recovered);

/// Gives the files of such a state other names, `set-aside-<its time in ms>-…`; they stay. Then
/// there is nothing to recover, and goes_on_behind() makes what is recovered so the next state.
std::error_code set_aside(store::Disk& disk, store::SnapshotStore& store,
                          const Recovered& recovered);
void goes_on_behind(const Recovered& set_aside, Recovered& next);

}  // namespace deskpulse
