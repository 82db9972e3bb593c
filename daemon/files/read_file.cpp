#include "daemon/files/read_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace deskpulse::files {
namespace {

class Descriptor {
 public:
  // O_NONBLOCK: a named pipe would wait for its writer here already.
  explicit Descriptor(const std::string& path)
      : number_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

bool is_null_device(const struct stat& file) {
  return S_ISCHR(file.st_mode) && file.st_rdev == makedev(1, 3);
}

/// One without a name, as a shell makes it. Its writer is there already, or has gone.
bool is_pipe_of_a_shell(int descriptor, const struct stat& file) {
  struct statfs system {};
  return S_ISFIFO(file.st_mode) && ::fstatfs(descriptor, &system) == 0 &&
         system.f_type == PIPEFS_MAGIC;
}

/// What it is, unless it is to be read.
std::string refusal(int descriptor, Pipes pipes) {
  struct stat file {};
  if (::fstat(descriptor, &file) != 0) return std::strerror(errno);
  if (S_ISREG(file.st_mode) || is_null_device(file)) return {};
  if (S_ISDIR(file.st_mode)) return std::strerror(EISDIR);
  if (!S_ISFIFO(file.st_mode)) return "it is a device, no regular file";
  if (!is_pipe_of_a_shell(descriptor, file)) return "it is a named pipe, no regular file";
  if (pipes == Pipes::refused) return "it is a pipe, which can be read once only";
  // From here on it is the writer's end that says when it is over.
  if (::fcntl(descriptor, F_SETFL, O_RDONLY) != 0) return std::strerror(errno);
  return {};
}

}  // namespace

Contents read_file(const std::string& path, Pipes pipes) {
  const Descriptor file(path);
  if (file.number() < 0) return {{}, std::strerror(errno)};
  if (std::string refused = refusal(file.number(), pipes); !refused.empty())
    return {{}, std::move(refused)};
  Contents contents;
  std::array<char, 16 * 1024> chunk;
  for (;;) {
    const ssize_t size = ::read(file.number(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return {{}, std::strerror(errno)};
    if (size == 0) return contents;
    // Told by what is read: a file may grow meanwhile, and one of /proc has no size.
    if (contents.text.size() + static_cast<std::size_t>(size) > kMaxBytes)
      return {{}, "it is larger than 16 MiB"};
    contents.text.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace deskpulse::files
