#include "daemon/feed/replay.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "proto/watermark_line.hpp"
#include "tests/unit/intake/recording_sink.hpp"

namespace deskpulse::feed {
namespace {

using proto::Reject;

std::string line(std::int64_t ts) {
  return R"({"type":"message","id":"e)" + std::to_string(ts) + R"(","ts":)" + std::to_string(ts) +
         R"(,"shop":"s","customer":"c","from":"customer","agent":"amy","text":"在吗"})";
}

std::string time_line(std::int64_t watermark) {
  std::string text;
  proto::append_watermark_line(text, intake::at(watermark), proto::Millis{1'000});
  text.pop_back();
  return text;
}

class ReplayTest : public testing::Test {
 protected:
  void run_with(const intake::IntakeSettings& settings, const std::string& text) {
    intake::Intake other{settings, proto::IdHasher{}, sink};
    run(text, {}, other);
  }
  ReplayResult run(const std::string& text, const ReplaySettings& settings = {}) {
    return run(text, settings, intake);
  }
  ReplayResult run(const std::string& text, const ReplaySettings& settings, intake::Intake& to) {
    std::FILE* const file = std::tmpfile();
    std::fwrite(text.data(), 1, text.size(), file);
    std::rewind(file);
    const ReplayResult result = replay(
        fileno(file), to, [] { return intake::at(900'000'000); }, settings,
        [this](std::uint64_t number, const proto::Rejection& rejection) {
          refused.emplace_back(number, rejection.reason);
        });
    std::fclose(file);
    to.finish(result.watermark);
    return result;
  }

  intake::RecordingSink sink;
  intake::Intake intake{{}, proto::IdHasher{}, sink};
  std::vector<std::pair<std::uint64_t, Reject>> refused;
};

TEST_F(ReplayTest, EveryLineIsAnEvent) {
  const ReplayResult result = run(line(2'000) + "\n" + line(1'000) + "\n");

  EXPECT_EQ(sink.times(), (std::vector<std::int64_t>{1'000, 2'000}));
  EXPECT_EQ(result.lines, 2u);
  EXPECT_FALSE(result.error);
}

TEST_F(ReplayTest, CommentsAndBlankLinesAreSkippedAndLineEndsMayBeCrLfOrMissing) {
  const ReplayResult result = run("# a story\r\n\r\n" + line(1'000) + "\r\n  \t\n\n" + line(2'000));

  EXPECT_EQ(sink.applied.size(), 2u);
  EXPECT_EQ(result.lines, 2u);
  EXPECT_TRUE(refused.empty());
}

TEST_F(ReplayTest, AJournalsLinesAboutTimeMoveItAndAreNoEvents) {
  const ReplayResult result = run(line(1'000) + "\n" + time_line(4'000) + "\n" + line(3'900) +
                                  "\n" + line(4'500) + "\n" + time_line(6'000) + "\n");

  EXPECT_EQ(result.lines, 3u);
  EXPECT_EQ(result.watermark, intake::at(6'000));
  EXPECT_EQ(intake.watermark(), intake::at(6'000));
  EXPECT_EQ(intake.counters().late, 1u);  // time had reached 4,000
  EXPECT_EQ(sink.times(), (std::vector<std::int64_t>{1'000, 3'900, 4'500}));
  for (const std::uint64_t rejected : intake.counters().rejected) EXPECT_EQ(rejected, 0u);
}

TEST_F(ReplayTest, AJournalsLinesAboutTimeLeaveALongerReorderWindowItsTime) {
  intake::IntakeSettings longer;
  longer.reorder_window = proto::Millis{3'000};
  run_with(longer, time_line(4'000) + "\n" + line(3'000) + "\n" + line(2'500) + "\n");

  EXPECT_EQ(sink.times(), (std::vector<std::int64_t>{2'500, 3'000}));
}

TEST_F(ReplayTest, ALineAboutATimeToComeMovesNothing) {
  const ReplayResult result = run(line(1'000) + "\n" + time_line(999'000'000) + "\n");

  EXPECT_EQ(result.watermark, std::nullopt);
  EXPECT_EQ(intake.watermark(), intake::at(1'000));
}

TEST_F(ReplayTest, ALineThatCannotBeReadIsCountedAndTheRestGoesOn) {
  run(line(1'000) + "\nnonsense\n" + line(2'000) + "\n");

  EXPECT_EQ(sink.applied.size(), 2u);
  EXPECT_EQ(refused, (std::vector<std::pair<std::uint64_t, Reject>>{{2, Reject::not_json}}));
  EXPECT_EQ(intake.counters().rejected[static_cast<std::size_t>(Reject::not_json)], 1u);
}

TEST_F(ReplayTest, DuplicatesAndRefusedLinesAreTheSameHoweverNearTheyAre) {
  std::string text;
  for (std::int64_t ts = 1; ts <= 40; ++ts) {
    text += line(ts) + "\n";
    for (std::int64_t i = 0; i < ts % 7; ++i) text += "nonsense\n";
    for (std::int64_t i = 0; i < ts % 5; ++i) text += line(ts) + "\n";
  }
  run(text);

  EXPECT_EQ(sink.applied.size(), 40u);
  EXPECT_EQ(intake.counters().duplicates, 80u);
  EXPECT_EQ(refused.size(), 120u);
}

TEST_F(ReplayTest, ALineOverTheLimitIsTooLargeHoweverLongItIs) {
  const std::string longer(300, 'x');
  const std::string endless(5 << 20, 'x');
  run(longer + "\n" + line(1'000) + "\n" + endless + "\n" + line(2'000) + "\n" + endless,
      {.max_line_bytes = 200});

  EXPECT_EQ(sink.applied.size(), 2u);
  EXPECT_EQ(refused, (std::vector<std::pair<std::uint64_t, Reject>>{
                         {1, Reject::too_large}, {3, Reject::too_large}, {5, Reject::too_large}}));
}

TEST_F(ReplayTest, LinesThatStraddleTheReadsAreWhole) {
  std::string text;
  for (std::int64_t ts = 1; ts <= 30'000; ++ts) text += line(ts) + "\n";
  ASSERT_GT(text.size(), 3u << 20);
  run(text);

  EXPECT_EQ(sink.applied.size(), 30'000u);
  EXPECT_TRUE(refused.empty());
}

TEST_F(ReplayTest, APipeThatGivesAFewBytesAtATimeIsReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string text = line(1'000) + "\n" + line(2'000);
  ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(ends[1]);
  replay(ends[0], intake, [] { return intake::at(900'000'000); });
  close(ends[0]);
  intake.finish();

  EXPECT_EQ(sink.applied.size(), 2u);
}

TEST_F(ReplayTest, WhatComesThroughAPipeLaterIsJudgedByTheClockOfThen) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string first = line(1'000'000) + "\n";
  const std::string second = line(1'600'000) + "\n";
  ASSERT_EQ(write(ends[1], first.data(), first.size()), static_cast<ssize_t>(first.size()));
  proto::Instant now = intake::at(1'000'000);
  const auto ten_minutes_later = [&] {
    const proto::Instant read_at = now;
    if (now == intake::at(1'000'000)) {
      EXPECT_EQ(write(ends[1], second.data(), second.size()), static_cast<ssize_t>(second.size()));
      close(ends[1]);
    }
    now = intake::at(1'600'000);
    return read_at;
  };

  replay(ends[0], intake, ten_minutes_later);
  close(ends[0]);
  intake.finish();

  EXPECT_EQ(sink.times(), (std::vector<std::int64_t>{1'000'000, 1'600'000}));
}

TEST_F(ReplayTest, ADescriptorThatCannotBeReadIsAnError) {
  const ReplayResult result = replay(-1, intake, [] { return intake::at(900'000'000); });

  EXPECT_EQ(result.error, std::errc::bad_file_descriptor);
}

}  // namespace
}  // namespace deskpulse::feed
