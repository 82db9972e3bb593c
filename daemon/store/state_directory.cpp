#include "daemon/store/state_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <thread>

namespace deskpulse::store {
namespace {

constexpr const char* kLockFile = "lock";

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw StateError("the state directory " + path + " " + what);
}

[[noreturn]] void fail(const std::string& path, const std::string& doing) {
  throw StateError("cannot " + doing + " the state directory " + path + ": " +
                   std::strerror(errno));
}

/// A slash at the end would make the system follow a symbolic link.
std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void make(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) {
    const int error_of_mkdir = errno;
    if (error_of_mkdir == EEXIST) return;
    struct stat parent {};
    // Some file systems say so of themselves, though they are there.
    if (error_of_mkdir == ENOENT && ::stat(parent_of(path).c_str(), &parent) != 0) {
      refuse(path, "cannot be made, because " + parent_of(path) + " is not there: mkdir -p " +
                       parent_of(path));
    }
    errno = error_of_mkdir;
    fail(path, "make");
  }
  // Its name is safe before anything in it is.
  const int parent = ::open(parent_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool safe = parent >= 0 && ::fsync(parent) == 0;
  const int error = errno;
  if (parent >= 0) ::close(parent);
  errno = error;
  if (!safe) fail(path, "make");
}

std::string octal(mode_t mode) {
  std::array<char, 8> text;
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

/// What is wrong with a directory for state, and the command that mends it; empty when nothing is.
std::string complaint_about(const struct stat& status, const std::string& path) {
  if (status.st_uid != ::geteuid()) {
    const std::string we = std::to_string(::geteuid());
    return "belongs to user " + std::to_string(status.st_uid) + ", not to user " + we +
           ", who runs this: chown -R " + we + " " + path;
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return "is open to others (mode " + octal(status.st_mode) + "): chmod 700 " + path;
  }
  return {};
}

int open_directory(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int directory = ::open(path.c_str(), kFlags);
  if (directory < 0 && errno == ENOENT) {
    make(path);
    directory = ::open(path.c_str(), kFlags);
  }
  struct stat status {};
  if (directory < 0) {
    const int error = errno;
    if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
      refuse(path,
             "is a symbolic link, which somebody else could turn: name the directory itself as "
             "store.directory");
    }
    errno = error;
    fail(path, "open");
  }
  std::string complaint;
  if (::fstat(directory, &status) == 0) complaint = complaint_about(status, path);
  if (!complaint.empty()) {
    ::close(directory);
    refuse(path, complaint);
  }
  return directory;
}

/// "process 123", as the holder of the lock wrote it.
std::string holder(int lock) {
  std::array<char, 20> text{};
  const ssize_t got = ::pread(lock, text.data(), text.size() - 1, 0);
  long pid = 0;
  if (got <= 0 || std::from_chars(text.data(), text.data() + got, pid).ec != std::errc{}) return {};
  return " (process " + std::to_string(pid) + ")";
}

int lock_directory(int directory, const std::string& path, std::chrono::milliseconds patience) {
  const int lock =
      ::openat(directory, kLockFile, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  if (lock < 0) fail(path, "lock");
  constexpr std::chrono::milliseconds kPause{20};
  while (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if ((error == EWOULDBLOCK || error == EINTR) && patience > std::chrono::milliseconds{0}) {
      std::this_thread::sleep_for(kPause);
      patience -= kPause;
      continue;
    }
    const std::string who = error == EWOULDBLOCK ? holder(lock) : std::string();
    ::close(lock);
    errno = error;
    if (error != EWOULDBLOCK) fail(path, "lock");
    refuse(path, "is in use by another deskpulsed" + who +
                     ": stop that one, or give this one a directory of its own");
  }
  // For whoever is refused; the lock is held whether or not it can be written.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) == 0) static_cast<void>(::pwrite(lock, pid.data(), pid.size(), 0) == 0);
  return lock;
}

/// Whether a name still stands for what is open.
bool is_name_of(int at, const char* name, int open) {
  struct stat named {};
  struct stat opened {};
  return ::fstatat(at, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(open, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

bool is_there(int at, const char* name) {
  struct stat status {};
  return ::fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/// One more descriptor for the same; -1, which no call takes, where there is none to be had.
int another_of(int descriptor) { return ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0); }

/// A descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

/// From now on `number` stands for what `other` stands for, whoever uses it.
void stand_for(int number, const Descriptor& other, const std::string& path) {
  if (::dup3(other.number(), number, O_CLOEXEC) < 0) fail(path, "open");
}

}  // namespace

std::error_code StateDirectory::OwnDisk::create(const char* name, File& file) {
  if (!state_.is_in_place()) return std::make_error_code(std::errc::no_such_file_or_directory);
  return PosixDisk::create(name, file);
}

StateDirectory::StateDirectory(const std::string& path, std::chrono::milliseconds patience)
    : path_(without_slash(path)),
      directory_(open_directory(path_)),
      disk_(directory_, *this),
      lock_(lock_directory(directory_, path_, patience)) {
  try {
    PosixDisk disk(another_of(directory_));
    key_ = read_or_make_key(disk, path_);
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

bool StateDirectory::is_in_place() const {
  return is_name_of(AT_FDCWD, path_.c_str(), directory_) &&
         is_name_of(directory_, kLockFile, lock_) && is_there(directory_, kKeyFile);
}

void StateDirectory::put_in_place() {
  const Descriptor directory(open_directory(path_));
  std::optional<Descriptor> lock;
  if (!is_name_of(directory.number(), kLockFile, lock_))
    lock.emplace(lock_directory(directory.number(), path_, std::chrono::milliseconds{0}));
  PosixDisk disk(another_of(directory.number()));
  put_key(disk, path_, key_);
  stand_for(directory_, directory, path_);
  if (lock) stand_for(lock_, *lock, path_);
}

StateDirectory::~StateDirectory() { ::close(lock_); }

}  // namespace deskpulse::store
