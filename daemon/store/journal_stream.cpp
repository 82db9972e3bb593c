#include "daemon/store/journal_stream.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "daemon/store/gunzip.hpp"
#include "daemon/store/journal_line.hpp"

namespace deskpulse::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPart = 256 << 10;
constexpr std::size_t kLongestBatch = 128 << 20;
constexpr std::string_view kBatch = "#batch ";

bool is_segment(const std::string& name) {
  return name.starts_with("journal-") && name.ends_with(".ndjson.gz");
}

std::vector<fs::path> files_of(const std::string& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path))
    if (is_segment(entry.path().filename().string())) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty())
    throw std::system_error(std::make_error_code(std::errc::no_such_file_or_directory));
  return files;
}

[[noreturn]] void fail() { throw std::system_error(errno, std::system_category()); }

/// A file, open for reading.
class Input {
 public:
  explicit Input(const fs::path& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)) {}
  ~Input() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  std::error_code read(std::span<std::byte> to, std::size_t& got) const {
    ssize_t result = -1;
    do result = ::read(descriptor_, to.data(), to.size());
    while (result < 0 && errno == EINTR);
    got = result < 0 ? 0 : static_cast<std::size_t>(result);
    return result < 0 ? std::error_code(errno, std::system_category()) : std::error_code{};
  }

 private:
  int descriptor_;
};

}  // namespace

/// What the thread does.
class JournalStream::Unpacking {
 public:
  Unpacking(int to, std::vector<std::string>& complaints) : to_(to), complaints_(complaints) {}

  void run(const std::vector<fs::path>& files) {
    for (const fs::path& file : files)
      if (!is_gone_) unpack(file);
    ::close(to_);
  }

 private:
  void unpack(const fs::path& path) {
    const Input input(path);
    if (!input.is_open()) {
      complaints_.push_back(path.string() + " cannot be opened: " +
                            std::error_code(errno, std::system_category()).message());
      return;
    }
    Gunzip gunzip(
        [&input](std::span<std::byte> to, std::size_t& got) { return input.read(to, got); });
    while (!is_gone_) {
      switch (unpack_member(gunzip)) {
        case Gunzip::State::end:
          return;
        case Gunzip::State::torn:
          complaints_.push_back(path.string() + " ends in the middle, as a crash leaves it");
          return;
        case Gunzip::State::unreadable:
          complaints_.push_back(path.string() + " cannot be read: " + gunzip.error().message());
          return;
        case Gunzip::State::more:
        case Gunzip::State::damaged:
          complaints_.push_back(path.string() + " is damaged; what is behind that is left out");
          return;
        case Gunzip::State::member:
          break;
      }
    }
  }

  /// `more`: longer than any batch.
  Gunzip::State unpack_member(Gunzip& gunzip) {
    text_.clear();
    for (;;) {
      const std::size_t before = text_.size();
      if (before >= kLongestBatch) return Gunzip::State::more;
      text_.resize(before + kPart);
      std::size_t got = 0;
      const Gunzip::State state =
          gunzip.read(std::as_writable_bytes(std::span(text_)).subspan(before), got);
      text_.resize(before + got);
      const bool is_batch = text_.starts_with(kBatch);
      if (!is_batch) send();
      if (state == Gunzip::State::more && !is_gone_) continue;
      if (state == Gunzip::State::member && is_batch) send_batch();
      return state;
    }
  }

  void send_batch() {
    const auto begin = parse_batch_begin(std::string_view(text_).substr(0, text_.find('\n')));
    // A batch whose first writing failed may be in two segments.
    if (begin && begin->number <= last_) return;
    if (begin) last_ = begin->number;
    send();
  }

  void send() {
    std::string_view rest = text_;
    while (!rest.empty() && !is_gone_) {
      const ssize_t sent = ::send(to_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      is_gone_ = sent < 0;
      rest.remove_prefix(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    }
    text_.clear();
  }

  int to_;
  std::vector<std::string>& complaints_;
  std::string text_;
  std::uint64_t last_ = 0;
  bool is_gone_ = false;  ///< whoever reads
};

bool JournalStream::is_journal(const std::string& path) {
  std::error_code ignored;
  return path.ends_with(".gz") || fs::is_directory(path, ignored);
}

JournalStream::JournalStream(const std::string& path) {
  std::vector<fs::path> files = files_of(path);
  // Before anything is promised; also that a single file can be read.
  if (files.size() == 1 && !Input(files.front()).is_open()) fail();
  for (const fs::path& file : files) {
    std::error_code ignored;
    const std::uintmax_t size = fs::file_size(file, ignored);
    if (!ignored) bytes_ += size;
  }
  // Not a pipe: when the reader goes, a send can be told to make an error and no signal.
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) fail();
  descriptor_ = pair[0];
  thread_ = std::thread(
      [this, to = pair[1], all = std::move(files)] { Unpacking(to, complaints_).run(all); });
}

JournalStream::~JournalStream() {
  ::shutdown(descriptor_, SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
  ::close(descriptor_);
}

const std::vector<std::string>& JournalStream::complaints() {
  if (thread_.joinable()) thread_.join();
  return complaints_;
}

}  // namespace deskpulse::store
