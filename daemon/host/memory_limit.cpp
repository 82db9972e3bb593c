#include "daemon/host/memory_limit.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>

namespace deskpulse {
namespace {

std::optional<std::uint64_t> number_in(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (!(file >> number)) return std::nullopt;  // "max", or nothing at all
  return number;
}

std::string whole(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

bool MemoryLimit::look(std::uint64_t resident) {
  used_ = resident;
  if (!most_) return false;
  if (!holds_ && resident >= *most_) {
    holds_ = true;
    ++exceeded_;
  } else if (holds_ && resident < *most_ - *most_ / 20) {
    holds_ = false;
  }
  return holds_;
}

std::optional<std::uint64_t> limit_of_control_group(const std::string& groups,
                                                    const std::string& root) {
  constexpr std::string_view kUnified = "0::";
  std::istringstream lines(groups);
  std::optional<std::uint64_t> least;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kUnified)) continue;
    for (std::string group = line.substr(kUnified.size()); group.size() > 1;
         group.erase(group.rfind('/'))) {
      const auto limit = number_in(root + group + "/memory.max");
      if (limit) least = std::min(*limit, least.value_or(*limit));
    }
  }
  if (!least) return std::nullopt;
  return *least / 4 * 3;
}

std::optional<std::uint64_t> limit_of_control_group() {
  return limit_of_control_group(whole("/proc/self/cgroup"), "/sys/fs/cgroup");
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  if (!(file >> pages >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace deskpulse
