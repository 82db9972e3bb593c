#include "daemon/log/logging.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <future>
#include <string>

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

TEST(LogLine, CutsALongValueBetweenTwoCharacters) {
  std::string text = std::string(1'018, 'a') + "客服!";  // 1,025 bytes

  EXPECT_EQ(
      format_log_line(LogFormat::logfmt, kTime, LogLevel::info, "X.", {{"v", text}}),
      "ts=2023-11-14T22:13:20.007Z level=info msg=\"X.\" v=\"" + std::string(1'018, 'a') + "…\"");
  text.insert(0, "\n");
  EXPECT_EQ(format_log_line(LogFormat::json, kTime, LogLevel::info, "X.", {{"v", text}, {"n", 1}}),
            "{\"ts\":\"2023-11-14T22:13:20.007Z\",\"level\":\"info\",\"msg\":\"X.\",\"v\":\"\\n" +
                std::string(1'017, 'a') + "…\",\"n\":1}");
}

TEST(LogLine, ShowsAValueWholeThatJustFits) {
  for (const std::string& text : {std::string(1'022, 'a'), std::string(1'019, 'a') + "客"}) {
    EXPECT_TRUE(format_log_line(LogFormat::json, kTime, LogLevel::info, "X.", {{"v", text}})
                    .ends_with(",\"v\":\"" + text + "\"}"));
  }
}

TEST(LogLine, HasALongestLength) {
  const std::string hostile(100'000, '\x01');
  for (const LogFormat format : {LogFormat::logfmt, LogFormat::json}) {
    const std::string line = format_log_line(
        format, kTime, LogLevel::info, "X.",
        {{"a", hostile}, {"b", hostile}, {"c", hostile}, {"d", hostile}, {"e", hostile}, {"n", 1}});

    EXPECT_LT(line.size(), 4'096u);
    EXPECT_TRUE(line.ends_with(format == LogFormat::json ? ",\"n\":1}" : " n=1")) << line;
  }
}

/// A pipe of 4 KiB whose reader stands still until it is asked to read.
class Pipe {
 public:
  Pipe() {
    EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
    ::fcntl(ends_[1], F_SETPIPE_SZ, 4'096);
  }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return ends_[1]; }
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }
  /// All that comes until `end` has, or until the writer is closed.
  std::string read_until(const std::string& end = "\x1") {
    std::string text;
    std::array<char, 4'096> part;
    while (text.find(end) == std::string::npos) {
      const ssize_t got = ::read(ends_[0], part.data(), part.size());
      if (got <= 0) break;
      text.append(part.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

/// Some 1,100 bytes each.
void log_lines(int count) {
  const std::string detail(1'000, 'd');
  for (int i = 0; i < count; ++i)
    log(LogLevel::info, "A line.", {{"number", i}, {"detail", detail}});
}

TEST(LogThread, LosesNothingWhileTheReaderReads) {
  Pipe pipe;
  std::future<std::string> read;
  {
    LogThread thread(pipe.writer());
    read = std::async(std::launch::async, [&] { return pipe.read_until(); });
    log_lines(200);
    thread.say("deskpulsed: the last words");
  }
  pipe.close_writer();

  const std::string text = read.get();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 201);
  EXPECT_NE(text.find("number=0 "), std::string::npos);
  EXPECT_TRUE(text.ends_with("\ndeskpulsed: the last words\n")) << text.substr(text.size() - 100);
}

TEST(LogThread, AReaderThatStandsStillHoldsUpNobodyAndIsToldWhatItMissed) {
  Pipe pipe;
  LogThread thread(pipe.writer());
  const std::uint64_t before = log_lines_dropped();
  log_lines(10);
  EXPECT_FALSE(thread.drain());  // so the thread stands in a write, too
  log_lines(3'000);

  const std::uint64_t missed = log_lines_dropped() - before;
  EXPECT_GE(missed, 3'000u - 1'024);
  EXPECT_LE(missed, 3'010u - 1'024);

  const std::string text = pipe.read_until("number=2999 ");
  EXPECT_NE(text.find("number=0 "), std::string::npos);
  EXPECT_NE(text.find("level=warn msg=\"Log lines were dropped, nobody took them.\" count=" +
                      std::to_string(missed) + "\n"),
            std::string::npos);
  EXPECT_EQ(log_lines_dropped() - before, missed);
}

TEST(LogThread, AReaderThatIsGoneCostsItsLines) {
  Pipe pipe;
  pipe.close_reader();
  std::signal(SIGPIPE, SIG_IGN);
  const std::uint64_t before = log_lines_dropped();
  {
    LogThread thread(pipe.writer());
    log_lines(3);
  }
  EXPECT_EQ(log_lines_dropped() - before, 3u);
}

TEST(LogThread, CutsALongLineBetweenTwoCharacters) {
  Pipe pipe;
  {
    LogThread thread(pipe.writer());
    thread.say(std::string(4'091, 's') + "客服");
  }
  pipe.close_writer();

  EXPECT_EQ(pipe.read_until(), std::string(4'091, 's') + "…\n");
}

TEST(LogThread, EndsThoughTheReaderStandsStill) {
  // The thread is left to itself, so the pipe stays as well.
  static Pipe& pipe = *new Pipe;
  {
    LogThread thread(pipe.writer());
    log_lines(100);
    EXPECT_FALSE(thread.drain());
  }
  log_lines(1);  // and nobody waits afterwards either
}

}  // namespace
}  // namespace deskpulse
