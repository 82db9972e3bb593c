#include "daemon/logging.hpp"

#include <gtest/gtest.h>

namespace deskpulse {
namespace {

using config::LogFormat;
using config::LogLevel;

// 2023-11-14T22:13:20.007Z
constexpr std::chrono::system_clock::time_point kTime{std::chrono::milliseconds{1'700'000'000'007}};

TEST(LogLine, InLogfmtQuotesWhatNeedsIt) {
  EXPECT_EQ(format_log_line(LogFormat::logfmt, kTime, LogLevel::info, "Feed connected.",
                            {{"host", "a.example"}, {"attempt", 3}, {"detail", "not found"}}),
            "ts=2023-11-14T22:13:20.007Z level=info msg=\"Feed connected.\" host=a.example "
            "attempt=3 detail=\"not found\"");
}

TEST(LogLine, InJsonIsOneObject) {
  EXPECT_EQ(format_log_line(LogFormat::json, kTime, LogLevel::warn, "Feed disconnected.",
                            {{"reason", "bye"}, {"wait_ms", -1}}),
            "{\"ts\":\"2023-11-14T22:13:20.007Z\",\"level\":\"warn\",\"msg\":\"Feed "
            "disconnected.\",\"reason\":\"bye\",\"wait_ms\":-1}");
}

TEST(LogLine, StaysOneLineWhateverAValueHolds) {
  const std::string hostile("a\"b\\c\nd\te\x1b[31m\x7f=\0f", 18);

  EXPECT_EQ(format_log_line(LogFormat::logfmt, kTime, LogLevel::error, "X.", {{"v", hostile}}),
            "ts=2023-11-14T22:13:20.007Z level=error msg=\"X.\" "
            "v=\"a\\\"b\\\\c\\nd\\te\\u001b[31m\\u007f=\\u0000f\"");
  EXPECT_EQ(format_log_line(LogFormat::json, kTime, LogLevel::error, "X.", {{"v", hostile}}),
            "{\"ts\":\"2023-11-14T22:13:20.007Z\",\"level\":\"error\",\"msg\":\"X.\","
            "\"v\":\"a\\\"b\\\\c\\nd\\te\\u001b[31m\\u007f=\\u0000f\"}");
}

TEST(LogLine, ShowsAnEmptyValueAsQuotes) {
  EXPECT_EQ(format_log_line(LogFormat::logfmt, kTime, LogLevel::debug, "X.", {{"v", ""}}),
            "ts=2023-11-14T22:13:20.007Z level=debug msg=\"X.\" v=\"\"");
}

}  // namespace
}  // namespace deskpulse
