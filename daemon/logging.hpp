// Log lines on standard error: a fixed sentence, then key=value.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/config/config.hpp"

namespace deskpulse {

struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t> value;
};

/// Lines below `level` are not written from now on. Before the first call: info, logfmt.
void set_up_logging(config::LogLevel level, config::LogFormat format);

/// Writes one line: `message` is a fixed sentence, everything that varies is a field. Customer ids,
/// message texts and secrets must not come here. May be called from any thread.
///     log(LogLevel::info, "Feed connected.", {{"host", host}, {"attempt", 3}});
void log(config::LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {});

/// The line without its end, as written for an event at `time`: in logfmt
///     ts=2023-11-14T22:13:20.123Z level=info msg="Feed connected." host=a.example attempt=3
/// or as one JSON object with the same keys. Whatever a value holds, it stays one line.
std::string format_log_line(config::LogFormat format, std::chrono::system_clock::time_point time,
                            config::LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields);

}  // namespace deskpulse
