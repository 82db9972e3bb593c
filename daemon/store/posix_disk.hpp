// A directory of this machine as the store's disk.
#pragma once

#include "daemon/store/disk.hpp"

namespace deskpulse::store {

/// Everything goes through the descriptor of the directory, so whoever renames or replaces its path
/// underway changes nothing for us; StateDirectory notices that. No call follows a symbolic link. A
/// call that a signal interrupts is made again, but not for ever. May be used in a process forked
/// from the one that made it.
class PosixDisk : public Disk {
 public:
  /// Takes over an open directory, and closes it at the end.
  explicit PosixDisk(int directory) : directory_(directory) {}
  ~PosixDisk() override;
  PosixDisk(const PosixDisk&) = delete;
  PosixDisk& operator=(const PosixDisk&) = delete;

  std::error_code create(const char* name, File& file) override;
  std::error_code write(File file, std::span<const std::byte> bytes) override;
  /// no_such_file_or_directory for a file that somebody has removed meanwhile: nothing is safe in
  /// it.
  std::error_code sync(File file) override;
  std::error_code close(File file) override;
  std::error_code rename(const char* from, const char* to) override;
  std::error_code remove(const char* name) override;
  std::error_code sync_directory() override;
  std::error_code open(const char* name, File& file) override;
  std::error_code read(File file, std::span<std::byte> to, std::size_t& got) override;
  std::error_code size(File file, std::uint64_t& bytes) override;
  std::error_code list(std::vector<std::string>& names) override;

 private:
  int directory_;
};

}  // namespace deskpulse::store
