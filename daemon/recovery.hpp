// What a daemon begins with: the state of the last run, or an empty one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/feed/feed.hpp"
#include "daemon/monitor.hpp"
#include "daemon/store/snapshot_store.hpp"

namespace deskpulse {

struct Recovered {
  std::unique_ptr<Monitor> monitor;
  /// Where the stream is to go on; absent where the state has no position, or there is no state.
  std::optional<feed::Cursor> cursor;
  /// The snapshot that was taken; absent: the state is empty.
  std::optional<store::SnapshotInfo> snapshot;
  std::vector<store::RefusedSnapshot> refused;  ///< the newer first
  /// See store::LoadResult. There is no monitor then.
  bool must_not_start = false;
};

/// A monitor that has seen nothing, with the settings of this run. Called once for each snapshot
/// that is tried: what a damaged one has left behind is thrown away with its monitor.
using MakeMonitor = std::function<std::unique_ptr<Monitor>()>;

/// Goes on from the newest snapshot that is whole.
Recovered recover(store::SnapshotStore& store, const MakeMonitor& make_monitor);

}  // namespace deskpulse
