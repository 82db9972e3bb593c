#include "daemon/logging.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <atomic>

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

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
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

/// spdlog gives the sink (thread-safe, one write a line); what a line looks like is ours.
spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("deskpulse", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%v");
    made.flush_on(spdlog::level::debug);
    return made;
  }();
  return instance;
}

std::atomic<LogFormat> current_format{LogFormat::logfmt};

}  // namespace

void set_up_logging(LogLevel level, LogFormat format) {
  logger().set_level(spdlog_level(level));
  current_format = format;
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!logger().should_log(spdlog_level(level))) return;
  const std::string line =
      format_log_line(current_format, std::chrono::system_clock::now(), level, message, fields);
  logger().log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
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
