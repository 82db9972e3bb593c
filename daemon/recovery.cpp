#include "daemon/recovery.hpp"

#include <utility>

namespace deskpulse {

Recovered recover(store::SnapshotStore& store, const MakeMonitor& make_monitor) {
  Recovered recovered;
  store::LoadResult result = store.load([&](image::Reader& reader, const store::SnapshotInfo&) {
    std::unique_ptr<Monitor> monitor = make_monitor();
    Monitor::Restored restored = monitor->load(reader);
    if (!restored.ok || !reader.is_at_end()) return false;
    recovered.monitor = std::move(monitor);
    recovered.cursor = std::move(restored.cursor);
    return true;
  });
  recovered.snapshot = result.loaded;
  recovered.refused = std::move(result.refused);
  recovered.must_not_start = result.must_not_start;
  if (recovered.must_not_start) {
    recovered.monitor.reset();
  } else if (!recovered.snapshot) {
    recovered.monitor = make_monitor();
    recovered.cursor.reset();
  }
  return recovered;
}

}  // namespace deskpulse
