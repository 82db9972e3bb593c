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

  /// Creates nothing while something is not in place: nobody would find it, or could read it.
  Disk& disk() { return disk_; }
  const proto::IdHasher::Key& key() const { return key_; }
  /// What a forked process must keep open to write here, and to hold the lock until it has.
  std::vector<int> descriptors() const { return {directory_, lock_}; }
  const std::string& path() const { return path_; }  ///< without a slash at its end

  /// Whether the path still leads to the directory that is open, and lock and key are still in it:
  /// somebody may remove, replace or move any of them. Allocates nothing.
  bool is_in_place() const;
  /// Makes again what is not in place: directory and lock as at a start, the key as it was. What
  /// disk() and descriptors() gave goes on there; a file that is open stays where it is. Throws
  /// StateError, and changes nothing, where a start would refuse the directory, and where it has
  /// another key, which means another state.
  void put_in_place();

 private:
  class OwnDisk final : public PosixDisk {
   public:
    OwnDisk(int directory, const StateDirectory& state) : PosixDisk(directory), state_(state) {}
    std::error_code create(const char* name, File& file) override;

   private:
    const StateDirectory& state_;
  };

  std::string path_;
  // put_in_place() changes what the two numbers stand for, not the numbers.
  const int directory_;  ///< the disk's
  OwnDisk disk_;
  const int lock_;
  proto::IdHasher::Key key_;
};

}  // namespace deskpulse::store
