#include "daemon/store/set_aside.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "daemon/store/journal_segments.hpp"
#include "daemon/store/snapshot_store.hpp"

namespace deskpulse::store {

std::error_code set_aside(Disk& disk, const std::string& prefix) {
  std::vector<std::string> there;
  if (const std::error_code error = disk.list(there)) return error;
  std::vector<std::uint64_t> segments;
  if (const std::error_code error = list_segments(disk, segments)) return error;
  std::vector<std::string> names;
  // The journal first: without its snapshot it could be taken for all there is.
  for (const std::uint64_t segment : segments) names.push_back(segment_name(segment));
  for (const char* const file : SnapshotStore::kFiles) {
    if (std::find(there.begin(), there.end(), file) != there.end()) names.emplace_back(file);
  }
  for (const std::string& name : names) {
    if (const std::error_code error = disk.rename(name.c_str(), (prefix + name).c_str()))
      return error;
  }
  return disk.sync_directory();
}

}  // namespace deskpulse::store
