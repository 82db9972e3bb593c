#include "daemon/http/file_limit.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>
#include <system_error>

namespace deskpulse::http {
namespace {

/// The feed's connection and its look-up of a name, a snapshot and its directory, the log, a
/// certificate that is read again, /proc while a page is written, and the connection at the door.
constexpr std::size_t kForTheRest = 24;

}  // namespace

std::size_t spare_file_descriptors() {
  constexpr std::size_t kPlenty = std::numeric_limits<std::size_t>::max();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kPlenty;
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  const auto open = error ? 0 : static_cast<rlim_t>(std::distance(begin(files), end(files)));
  return limit.rlim_cur > open ? static_cast<std::size_t>(limit.rlim_cur - open) : 0;
}

std::size_t connections_within(std::size_t spare, std::size_t wanted) {
  const std::size_t room = spare > kForTheRest ? spare - kForTheRest : 1;
  return std::clamp<std::size_t>(room, 1, std::max<std::size_t>(wanted, 1));
}

}  // namespace deskpulse::http
