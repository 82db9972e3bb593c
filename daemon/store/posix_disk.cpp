#include "daemon/store/posix_disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

namespace deskpulse::store {
namespace {

/// A call that is interrupted this often in a row is not interrupted by chance.
constexpr int kMostInterruptions = 100;

std::error_code last_error() { return {errno, std::system_category()}; }

/// Makes a call that answers -1 for an error, again when a signal interrupted it.
template <class Call>
auto uninterrupted(Call&& call) {
  auto result = call();
  for (int i = 0; result < 0 && errno == EINTR && i < kMostInterruptions; ++i) result = call();
  return result;
}

template <class Result>
std::error_code error_of(Result result) {
  return result < 0 ? last_error() : std::error_code{};
}

}  // namespace

PosixDisk::~PosixDisk() { ::close(directory_); }

std::error_code PosixDisk::create(const char* name, File& file) {
  // A new file, not the old one emptied: what somebody else made of the name is not written into.
  if (uninterrupted([&] { return ::unlinkat(directory_, name, 0); }) != 0 && errno != ENOENT)
    return last_error();
  file = uninterrupted([&] {
    return ::openat(directory_, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  });
  return error_of(file);
}

std::error_code PosixDisk::write(File file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = uninterrupted([&] { return ::write(file, bytes.data(), bytes.size()); });
    if (wrote < 0) return last_error();
    // Nothing written and no error is no state to wait in.
    if (wrote == 0) return std::make_error_code(std::errc::io_error);
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
  return {};
}

std::error_code PosixDisk::sync(File file) {
  if (uninterrupted([&] { return ::fsync(file); }) != 0) return last_error();
  struct stat status {};
  if (::fstat(file, &status) != 0) return last_error();
  if (status.st_nlink == 0) return std::make_error_code(std::errc::no_such_file_or_directory);
  return {};
}

std::error_code PosixDisk::close(File file) {
  // Linux has closed it also when it says EINTR; a second close could hit another thread's file.
  if (::close(file) == 0 || errno == EINTR) return {};
  return last_error();
}

std::error_code PosixDisk::rename(const char* from, const char* to) {
  return error_of(uninterrupted([&] { return ::renameat(directory_, from, directory_, to); }));
}

std::error_code PosixDisk::remove(const char* name) {
  return error_of(uninterrupted([&] { return ::unlinkat(directory_, name, 0); }));
}

std::error_code PosixDisk::sync_directory() {
  return error_of(uninterrupted([&] { return ::fsync(directory_); }));
}

std::error_code PosixDisk::open(const char* name, File& file) {
  // O_NONBLOCK: a pipe that somebody put there would wait for its writer.
  file = uninterrupted([&] {
    return ::openat(directory_, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  });
  if (file < 0) {
    return errno == ELOOP ? std::make_error_code(std::errc::operation_not_permitted) : last_error();
  }
  struct stat status {};
  std::error_code error = error_of(::fstat(file, &status));
  if (!error && (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
                 (status.st_mode & (S_IRWXG | S_IRWXO)) != 0))
    error = std::make_error_code(std::errc::operation_not_permitted);
  if (error) ::close(file);
  return error;
}

std::error_code PosixDisk::read(File file, std::span<std::byte> to, std::size_t& got) {
  const ssize_t result = uninterrupted([&] { return ::read(file, to.data(), to.size()); });
  got = result < 0 ? 0 : static_cast<std::size_t>(result);
  return error_of(result);
}

std::error_code PosixDisk::size(File file, std::uint64_t& bytes) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return last_error();
  bytes = static_cast<std::uint64_t>(status.st_size);
  return {};
}

std::error_code PosixDisk::list(std::vector<std::string>& names) {
  names.clear();
  // A descriptor of its own, because the stream takes it over, and its position with it.
  const int own =
      uninterrupted([&] { return ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (own < 0) return last_error();
  DIR* const stream = ::fdopendir(own);
  if (stream == nullptr) {
    const std::error_code error = last_error();
    ::close(own);
    return error;
  }
  errno = 0;
  while (const dirent* const entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const std::error_code error = errno != 0 ? last_error() : std::error_code{};
  ::closedir(stream);
  return error;
}

}  // namespace deskpulse::store
