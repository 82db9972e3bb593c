#include "daemon/log/logging.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <exception>
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

// A pipe takes a line of this length, with its end, in one piece: no other process that writes
// there comes between.
constexpr std::size_t kLongestLine = PIPE_BUF;
constexpr std::size_t kLongestValue = 1'024;  ///< as it is written
constexpr std::string_view kCut = "…";        ///< where the rest is missing

/// Not inside of one, in UTF-8.
bool begins_a_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

/// JSON's escapes, which logfmt readers know as well. Bytes beyond ASCII pass as they are.
void append_quoted(std::string& line, std::string_view text) {
  const std::size_t most = line.size() + kLongestValue - 1;  // before the last quote
  line += '"';
  std::size_t cut = line.size();  // behind the last character that leaves room for the mark
  for (const char c : text) {
    if (begins_a_character(c) && line.size() + kCut.size() <= most) cut = line.size();
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
    if (line.size() > most) {
      line.resize(cut);
      line += kCut;
      break;
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
  if (json || needs_quotes(text) || text.size() > kLongestValue)
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

bool write_line(int descriptor, std::string line) {
  line += '\n';
  return write_whole(descriptor, line);
}

std::string line_of_now(LogLevel level, std::string_view message,
                        std::initializer_list<LogField> fields) {
  return format_log_line(current_format, std::chrono::system_clock::now(), level, message, fields);
}

using Pool = spdlog::details::thread_pool;

/// Writes whole lines to a descriptor, on the pool's thread and as long as the reader takes.
class LineSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  LineSink(int descriptor, Pool& pool) : descriptor_(descriptor), pool_(pool) {
    set_pattern_("%v");
  }

  /// Waits until so many lines have left the queue, and those that were not dropped are written:
  /// while the reader takes one in `for_one`, and for `for_all` at most. False when they have not.
  bool wait_for(std::uint64_t lines, std::chrono::milliseconds for_one,
                std::chrono::milliseconds for_all) {
    using Steady = std::chrono::steady_clock;
    const auto deadline = Steady::now() + for_all;
    std::unique_lock lock(taken_mutex_);
    const auto are_through = [&] { return taken_ + pool_.overrun_counter() >= lines; };
    while (!are_through()) {
      const std::uint64_t taken = taken_;
      const bool goes_on = changed_.wait_until(lock, std::min(deadline, Steady::now() + for_one),
                                               [&] { return are_through() || taken_ != taken; });
      if (!goes_on || (Steady::now() >= deadline && !are_through())) return false;
    }
    return true;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    bool is_written = false;
    try {
      say_what_was_dropped();
      spdlog::memory_buf_t line;
      formatter_->format(message, line);
      is_written = write_whole(descriptor_, {line.data(), line.size()});
    } catch (const std::exception&) {  // no memory; counted below
    }
    if (!is_written) ++dropped;
    const std::lock_guard lock(taken_mutex_);
    ++taken_;
    changed_.notify_all();
  }
  void flush_() override {}

 private:
  /// Those were older than the line that comes next; or dropped since that one was taken, a moment
  /// ago.
  void say_what_was_dropped() {
    const std::size_t overrun = pool_.overrun_counter();
    if (overrun == said_) return;
    write_line(descriptor_, line_of_now(LogLevel::warn, "Log lines were dropped, nobody took them.",
                                        {{"count", static_cast<std::int64_t>(overrun - said_)}}));
    said_ = overrun;
  }

  const int descriptor_;
  Pool& pool_;
  std::size_t said_ = 0;    ///< of the pool's overruns
  std::mutex taken_mutex_;  ///< of what follows
  std::condition_variable changed_;
  std::uint64_t taken_ = 0;
};

}  // namespace

/// Lines on their way to a descriptor: spdlog's queue and thread. It outlives its LogThread where
/// the thread waits for ever.
class LogQueue {
 public:
  explicit LogQueue(int descriptor)
      : pool_(std::make_shared<Pool>(kMostLines, 1,
                                     [] { ::pthread_setname_np(::pthread_self(), "log"); })),
        sink_(std::make_shared<LineSink>(descriptor, *pool_)),
        logger_(std::make_shared<spdlog::async_logger>(
            "", sink_, pool_, spdlog::async_overflow_policy::overrun_oldest)) {
    // It is called inside of push() only: there is no memory for the line.
    logger_->set_error_handler([this](const std::string&) {
      --pushed_;
      ++dropped;
    });
  }

  void push(std::string_view line) {
    const std::lock_guard lock(mutex_);
    ++pushed_;
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
    const std::size_t overrun = pool_->overrun_counter();
    dropped += overrun - std::exchange(overrun_, overrun);
  }

  bool drain() {
    std::uint64_t pushed = 0;
    {
      const std::lock_guard lock(mutex_);
      pushed = pushed_;
    }
    return sink_->wait_for(pushed, std::chrono::seconds(1), std::chrono::seconds(5));
  }

 private:
  static constexpr std::size_t kMostLines = 1'024;

  const std::shared_ptr<Pool> pool_;
  const std::shared_ptr<LineSink> sink_;
  const std::shared_ptr<spdlog::async_logger> logger_;
  std::mutex mutex_;  ///< of what follows; nobody writes while it is held
  std::uint64_t pushed_ = 0;
  std::size_t overrun_ = 0;  ///< of them, and counted in `dropped`
};

namespace {

std::mutex target_mutex;
LogQueue* target = nullptr;  ///< null: whoever logs writes

void hand_over(std::string line) {
  const std::lock_guard lock(target_mutex);
  if (target != nullptr)
    target->push(line);
  else if (!write_line(STDERR_FILENO, std::move(line)))
    ++dropped;
}

}  // namespace

LogThread::LogThread(int descriptor) : queue_(std::make_unique<LogQueue>(descriptor)) {
  const std::lock_guard lock(target_mutex);
  target = queue_.get();
}

LogThread::~LogThread() {
  if (!drain()) {
    // spdlog's pool would wait for its thread, and that for the reader.
    static_cast<void>(queue_.release());
    return;
  }
  const std::lock_guard lock(target_mutex);
  target = nullptr;
}

void LogThread::say(std::string_view line) {
  constexpr std::size_t kMost = kLongestLine - 1;  // before its end
  if (line.size() <= kMost) return queue_->push(line);
  std::size_t cut = kMost - kCut.size();
  while (cut > 0 && !begins_a_character(line[cut])) --cut;
  queue_->push(std::string(line.substr(0, cut)).append(kCut));
}

bool LogThread::drain() { return queue_->drain(); }

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
  for (const LogField& field : fields) {
    const std::size_t before = line.size();
    append_field(line, format, field.key, field.value);
    if (line.size() + std::string_view("}\n").size() > kLongestLine) line.resize(before);
  }
  if (format == LogFormat::json) line += '}';
  return line;
}

}  // namespace deskpulse
