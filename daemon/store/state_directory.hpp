// The directory in which one daemon keeps its state.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "daemon/store/id_key.hpp"
#include "daemon/store/posix_disk.hpp"
#include "proto/id_hash.hpp"

namespace deskpulse::store {

/// Opens the directory, locks it for this daemon alone, and has the key of its ids. The lock is
/// the kernel's (flock): it ends with the process and with the processes forked from it, so never
/// by a file left behind. Lives as long as anything is read or written there.
class StateDirectory {
 public:
  /// Makes the directory (0700) where it is missing. Throws StateError for one that is a symbolic
  /// link, belongs to somebody else, can be entered by others, or is in use for longer than
  /// `patience`: the process that writes the last daemon's snapshot may be about to end.
  explicit StateDirectory(const std::string& path,
                          std::chrono::milliseconds patience = std::chrono::seconds{3});
  ~StateDirectory();
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  Disk& disk() { return disk_; }
  const proto::IdHasher::Key& key() const { return key_; }
  /// What a forked process must keep open to write here, and to hold the lock until it has.
  std::vector<int> descriptors() const { return {directory_, lock_}; }
  const std::string& path() const { return path_; }  ///< without a slash at its end

 private:
  std::string path_;
  int directory_;  ///< the disk's
  PosixDisk disk_;
  int lock_;
  proto::IdHasher::Key key_;
};

}  // namespace deskpulse::store
