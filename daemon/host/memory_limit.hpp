// How near the process is to the memory that it may use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace deskpulse {

/// Says when to stop growing: at the limit, until a twentieth of it is free again. Pure.
class MemoryLimit {
 public:
  /// No limit: never.
  explicit MemoryLimit(std::optional<std::uint64_t> most) : most_(most) {}

  /// True while nothing may grow.
  bool look(std::uint64_t resident);

  std::optional<std::uint64_t> most() const { return most_; }
  std::uint64_t used() const { return used_; }
  std::uint64_t exceeded() const { return exceeded_; }  ///< how often the limit was reached

 private:
  std::optional<std::uint64_t> most_;
  std::uint64_t used_ = 0;
  std::uint64_t exceeded_ = 0;
  bool holds_ = false;
};

/// What of the memory of a control group (`memory.max` of cgroup v2, its parents' included) the
/// daemon may take for itself: three quarters. The rest is for what a snapshot copies while it is
/// written, and for the system's own. None where there is no such limit, or none can be read.
/// `groups`: the process' line in /proc/self/cgroup; `root`: where the groups are, /sys/fs/cgroup.
std::optional<std::uint64_t> limit_of_control_group(const std::string& groups,
                                                    const std::string& root);
/// The same for this process.
std::optional<std::uint64_t> limit_of_control_group();

/// Bytes of this process in memory; 0 where that cannot be read.
std::uint64_t resident_bytes();

}  // namespace deskpulse
