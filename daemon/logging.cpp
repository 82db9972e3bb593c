#include "daemon/logging.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace deskpulse {
namespace {

using config::LogFormat;
using config::LogLevel;

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

/// JSON's escapes, which logfmt readers know as well. Bytes beyond ASCII pass as they are.
void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      line += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      line += c;
    }
  }
  line += '"';
}

bool needs_quotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' ||
                  c == 0x7f;
         });
}

void append_field(std::string& line, LogFormat format, std::string_view key,
                  const std::variant<std::string_view, std::int64_t>& value) {
  const bool json = format == LogFormat::json;
  if (json) {
    line += line.empty() ? "{" : ",";
    append_quoted(line, key);
    line += ':';
  } else {
    if (!line.empty()) line += ' ';
    line += key;
    line += '=';
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    line += std::to_string(*number);
    return;
  }
  const std::string_view text = std::get<std::string_view>(value);
  if (json || needs_quotes(text))
    append_quoted(line, text);
  else
    line += text;
}

std::atomic<LogLevel> least_level{LogLevel::info};
std::atomic<LogFormat> current_format{LogFormat::logfmt};
std::atomic<std::uint64_t> dropped{0};

/// Waits for the reader as long as it takes. False when the line cannot be written.
bool write_whole(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // somebody else who has this file made it so
      pollfd room{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

std::string line_of_now(LogLevel level, std::string_view message,
                        std::initializer_list<LogField> fields) {
  return format_log_line(current_format, std::chrono::system_clock::now(), level, message, fields) +
         '\n';
}

}  // namespace

/// Lines on their way to a descriptor. It outlives its LogThread where the thread waits for ever.
struct LogQueue {
  explicit LogQueue(int to) : descriptor(to) {}

  void push(std::string line) {
    const std::lock_guard lock(mutex);
    bytes += line.size();
    lines.push_back(std::move(line));
    for (; bytes > kMostBytes; lines.pop_front()) {
      bytes -= lines.front().size();
      ++dropped;
      ++not_said;
    }
    changed.notify_all();
  }

  static constexpr std::size_t kMostBytes = 1 << 20;
  const int descriptor;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> lines;
  std::size_t bytes = 0;       ///< of the lines
  std::uint64_t not_said = 0;  ///< of those that were dropped
  std::uint64_t taken = 0;     ///< how many are through
  bool is_idle = true;         ///< all are
  bool is_ending = false;
};

namespace {

std::mutex target_mutex;
std::shared_ptr<LogQueue> target;  ///< null: whoever logs writes

void hand_over(std::string line) {
  const std::lock_guard lock(target_mutex);
  if (target != nullptr)
    target->push(std::move(line));
  else if (!write_whole(STDERR_FILENO, line))
    ++dropped;
}

void write_lines(LogQueue& queue) {
  ::pthread_setname_np(::pthread_self(), "log");
  std::unique_lock lock(queue.mutex);
  for (;;) {
    queue.is_idle = queue.lines.empty();
    queue.changed.notify_all();
    queue.changed.wait(lock, [&] { return !queue.lines.empty() || queue.is_ending; });
    if (queue.lines.empty()) return;
    queue.is_idle = false;
    std::string text = std::move(queue.lines.front());
    queue.lines.pop_front();
    queue.bytes -= text.size();
    const std::uint64_t left_out = std::exchange(queue.not_said, 0);
    lock.unlock();
    if (left_out > 0)
      text.insert(0, line_of_now(LogLevel::warn, "Log lines were dropped, nobody took them.",
                                 {{"count", static_cast<std::int64_t>(left_out)}}));
    if (!write_whole(queue.descriptor, text)) ++dropped;
    lock.lock();
    ++queue.taken;
  }
}

}  // namespace

LogThread::LogThread(int descriptor)
    : queue_(std::make_shared<LogQueue>(descriptor)),
      thread_([queue = queue_] { write_lines(*queue); }) {
  const std::lock_guard lock(target_mutex);
  target = queue_;
}

LogThread::~LogThread() {
  if (!drain()) {
    thread_.detach();
    return;
  }
  {
    const std::lock_guard lock(target_mutex);
    target = nullptr;
  }
  {
    const std::lock_guard lock(queue_->mutex);
    queue_->is_ending = true;
    queue_->changed.notify_all();
  }
  thread_.join();
}

void LogThread::say(std::string_view line) { queue_->push(std::string(line) + '\n'); }

bool LogThread::drain() {
  using Steady = std::chrono::steady_clock;
  constexpr std::chrono::seconds kForOneLine{1};
  constexpr std::chrono::seconds kForAll{5};
  const auto deadline = Steady::now() + kForAll;
  std::unique_lock lock(queue_->mutex);
  const auto is_through = [this] { return queue_->is_idle && queue_->lines.empty(); };
  while (!is_through()) {
    const std::uint64_t taken = queue_->taken;
    const bool goes_on =
        queue_->changed.wait_until(lock, std::min(deadline, Steady::now() + kForOneLine),
                                   [&] { return is_through() || queue_->taken != taken; });
    if (!goes_on || (Steady::now() >= deadline && !is_through())) return false;
  }
  return true;
}

std::uint64_t log_lines_dropped() { return dropped; }

void set_up_logging(LogLevel level, LogFormat format) {
  least_level = level;
  current_format = format;
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < least_level) return;
  hand_over(line_of_now(level, message, fields));
}

std::string format_log_line(LogFormat format, std::chrono::system_clock::time_point time,
                            LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const std::string stamp = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds.count()),
                                        (since_epoch - seconds).count());
  std::string line;
  append_field(line, format, "ts", stamp);
  append_field(line, format, "level", level_name(level));
  // A sentence is always quoted, so that the lines line up.
  if (format == LogFormat::json) {
    append_field(line, format, "msg", message);
  } else {
    line += " msg=";
    append_quoted(line, message);
  }
  for (const LogField& field : fields) append_field(line, format, field.key, field.value);
  if (format == LogFormat::json) line += '}';
  return line;
}

}  // namespace deskpulse
