// Log lines on standard error: a fixed sentence, then key=value.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/config/config.hpp"

namespace deskpulse {

class LogQueue;

struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t> value;
};

/// Lines below `level` are not written from now on. Before the first call: info, logfmt.
void set_up_logging(config::LogLevel level, config::LogFormat format);

/// Writes one line: `message` is a fixed sentence, everything that varies is a field. Customer ids,
/// message texts and secrets must not come here. May be called from any thread, but not in a
/// forked child. While there is a LogThread it waits for nobody; otherwise for whoever reads.
///     log(LogLevel::info, "Feed connected.", {{"host", host}, {"attempt", 3}});
void log(config::LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {});

/// While it lives, lines are written by a thread of its own: a reader that stands still, a full
/// pipe or a disk that hangs, holds up nobody who logs. What the reader has not taken waits, 1,024
/// lines of 4 KiB at most; beyond that the oldest are dropped and counted, and a line says so where
/// they would have been. What waits is lost with a process that is killed or crashes. One at a
/// time. Queue and thread are spdlog's (async_logger, overrun_oldest).
class LogThread {
 public:
  /// Throws std::system_error when the system has no thread for it.
  explicit LogThread(int descriptor = STDERR_FILENO);
  /// As drain(). Where the reader stands still the thread is left to itself, and what is logged
  /// from then on waits for it; otherwise that is written by whoever logs, as before.
  ~LogThread();
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;

  /// A line as it is, without its end: for what is said to whoever started the program. Cut as a
  /// value of a field is, where it is longer than 4 KiB.
  void say(std::string_view line);
  /// Waits until all has been written that was logged before: while the reader takes a line a
  /// second, and for five seconds at most. False when it was not.
  bool drain();

 private:
  std::unique_ptr<LogQueue> queue_;
};

/// Lines that were never written, since the process began: see LogThread; or the write failed, or
/// there was no memory for one that waits.
std::uint64_t log_lines_dropped();

/// The line without its end, as written for an event at `time`: in logfmt
///     ts=2023-11-14T22:13:20.123Z level=info msg="Feed connected." host=a.example attempt=3
/// or as one JSON object with the same keys. Whatever a value holds, it stays one line of 4 KiB at
/// most, its end included: a value of more than 1 KiB, as it is written, ends between two
/// characters of UTF-8 and with an ellipsis; and a field that the line has no room for is left out.
std::string format_log_line(config::LogFormat format, std::chrono::system_clock::time_point time,
                            config::LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields);

}  // namespace deskpulse
