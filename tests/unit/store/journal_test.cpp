// The journal written and read back, over a disk that fails where a test says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>

#include "daemon/store/journal_reader.hpp"
#include "daemon/store/journal_writer.hpp"
#include "tests/unit/store/memory_disk.hpp"
#include "tests/unit/store/text_content.hpp"
#include "tests/unit/store/told_records.hpp"

namespace deskpulse::store {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string kFirst = segment_name(1);

proto::Instant at(std::int64_t millis) { return proto::Instant{proto::Millis{millis}}; }

/// A writer that has written when a call returns; a batch is one time mark, told by its number.
struct Writing {
  explicit Writing(Disk& disk, std::uint64_t next = 1, const JournalSettings& settings = {})
      : writer(disk, kTestKey, next, settings, JournalWriter::Work::inside) {}
  /// The batch's number.
  std::uint64_t batch() {
    const std::uint64_t number = ++told;
    writer.heard(at(static_cast<std::int64_t>(number)));
    return writer.cut({});
  }
  void batches(int count) {
    for (int i = 0; i < count; ++i) batch();
  }
  std::uint64_t told = 0;
  JournalWriter writer;
};

struct Read {
  explicit Read(Disk& disk, std::uint64_t after = 0, const KeyFingerprint& key = kTestKey)
      : result(read_journal(disk, key, after, records)) {}
  ToldRecords records;
  JournalReadResult result;
};

TEST(Journal, IsReadBackInItsOrder) {
  MemoryDisk disk;
  proto::Event event;
  event.type = proto::Type::close;
  event.ts = at(7);
  event.shop = "s";
  event.customer_key = {1, 2};
  Writing writing(disk);
  writing.writer.accepted(event, {3, 4});
  writing.writer.advanced(at(10));
  writing.writer.gap("disconnect");
  writing.writer.cut({.cursor = JournalMark::Cursor{5, "k"}, .counters = {{"a", 1}}});
  writing.writer.heard(at(11));
  writing.writer.cut({.cursor = JournalMark::Cursor{6, "k"}, .counters = {{"a", 2}}});

  const Read read(disk);

  EXPECT_THAT(
      read.records.told,
      ElementsAre(R"(accepted {"type":"close","id":"00000000000000030000000000000004","ts":7,)"
                  R"("shop":"s","customer":"00000000000000010000000000000002"})",
                  "advanced 10", "gap disconnect", "heard 11"));
  EXPECT_EQ(read.records.mark, (JournalMark{JournalMark::Cursor{6, "k"}, {{"a", 2}}}));
  EXPECT_EQ(read.result.batches, 2U);
  EXPECT_EQ(read.result.events, 1U);
  EXPECT_EQ(read.result.next, 3U);
  EXPECT_THAT(read.result.refused, IsEmpty());
  EXPECT_EQ(disk.open_files, 1U);  // the segment being written
}

TEST(Journal, OfNothingIsNothing) {
  MemoryDisk disk;

  const Read read(disk, 41);

  EXPECT_THAT(read.records.told, IsEmpty());
  EXPECT_EQ(read.result.next, 42U);
}

TEST(Journal, IsReadBehindASnapshot) {
  MemoryDisk disk;
  Writing writing(disk);
  writing.batches(4);

  EXPECT_THAT(Read(disk, 2).records.told, ElementsAre("heard 3", "heard 4"));
  EXPECT_THAT(Read(disk, 4).records.told, IsEmpty());
  EXPECT_EQ(Read(disk, 4).result.next, 5U);
}

TEST(Journal, ABatchEndsWhenItsTimeHasComeOrItIsLong) {
  MemoryDisk disk;
  JournalSettings settings;
  settings.flush_bytes = 1'000;
  Writing writing(disk, 1, settings);
  const auto start = std::chrono::steady_clock::time_point{1h};
  writing.writer.heard(at(1));
  writing.writer.tick(start, {});
  writing.writer.tick(start + 1h, {});  // nothing to write
  EXPECT_EQ(writing.writer.counters().batches, 1U);

  writing.writer.heard(at(2));
  EXPECT_FALSE(writing.writer.is_due(start + 199ms));
  EXPECT_TRUE(writing.writer.is_due(start + 200ms));
  for (int i = 0; i < 100; ++i) writing.writer.heard(at(1'763'712'005'000));
  EXPECT_TRUE(writing.writer.is_due(start));
  writing.writer.tick(start, {});

  EXPECT_EQ(writing.writer.counters().batches, 2U);
  EXPECT_EQ(writing.writer.cut({}), 2U);
}

TEST(Journal, IsSafeInTheOrderOfItsWriting) {
  MemoryDisk disk;
  Writing writing(disk);
  writing.batches(2);

  EXPECT_THAT(disk.calls,
              ElementsAre("create " + kFirst, "write", "sync", "sync_directory", "write", "sync"));
}

TEST(Journal, GoesOnBehindASegmentThatACrashLeftEmpty) {
  MemoryDisk disk;
  Writing(disk).batches(2);
  disk.put(segment_name(5), "");  // 3 and 4 had no room, and of 5 there is only the name
  Writing(disk, Read(disk).result.next).batches(3);

  EXPECT_THAT(Read(disk).records.told,
              ElementsAre("heard 1", "heard 2", "missing 3 to 5", "heard 1", "heard 2", "heard 3"));
}

TEST(Journal, GoesOnInANewSegmentAfterARestart) {
  MemoryDisk disk;
  Writing(disk).batches(2);
  Writing(disk, Read(disk).result.next).batches(1);

  EXPECT_TRUE(disk.has(segment_name(3)));
  EXPECT_EQ(Read(disk).result.batches, 3U);
}

TEST(Journal, EveryTornTailLosesOnlyTheBatchItIsIn) {
  MemoryDisk disk;
  Writing writing(disk);
  writing.batch();
  const std::size_t one = disk.bytes(kFirst).size();
  writing.batch();
  const MemoryDisk::Bytes whole = disk.bytes(kFirst);

  for (std::size_t length = 0; length < whole.size(); ++length) {
    for (const bool zeros : {false, true}) {
      MemoryDisk::Bytes& bytes = disk.bytes(kFirst);
      bytes.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      // A length that was made safe before the bytes were.
      if (zeros) bytes.resize(whole.size() + 5'000);
      const Read read(disk);

      // Zeros may be just what was lost.
      const auto begins_with = [&](std::size_t part) {
        return bytes.size() >= part &&
               std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part),
                          whole.begin());
      };
      const std::size_t batches = (begins_with(one) ? 1 : 0) + (begins_with(whole.size()) ? 1 : 0);
      ASSERT_EQ(read.result.batches, batches) << length << zeros;
      const bool ends_between = bytes.size() == (batches == 0 ? 0 : one);
      ASSERT_THAT(read.result.refused, SizeIs(ends_between ? 0 : 1)) << length << zeros;
      ASSERT_TRUE(zeros || read.result.next == read.result.batches + 1) << length;
    }
  }
}

TEST(Journal, NoChangeOfAByteIsTakenForWhatWasWritten) {
  MemoryDisk disk;
  Writing writing(disk);
  writing.batches(3);
  const MemoryDisk::Bytes whole = disk.bytes(kFirst);

  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (unsigned change = 1; change < 256; change += 11) {
      disk.bytes(kFirst)[i] = whole[i] ^ static_cast<std::byte>(change);
      const Read read(disk);
      std::uint64_t expected = 0;
      for (const std::string& told : read.records.told)
        ASSERT_EQ(told, "heard " + std::to_string(++expected)) << i << " by " << change;
    }
    disk.bytes(kFirst)[i] = whole[i];
  }
}

TEST(Journal, BehindDamageTheNextSegmentIsReadAndWhatIsMissingIsTold) {
  MemoryDisk disk;
  Writing(disk).batches(3);
  Writing(disk, 4).batches(1);
  disk.bytes(kFirst)[20] ^= std::byte{1};

  const Read read(disk);

  EXPECT_THAT(read.records.told, ElementsAre("missing 1 to 4", "heard 1"));
  ASSERT_THAT(read.result.refused, SizeIs(1));
  EXPECT_EQ(read.result.refused[0].fault, SegmentFault::damaged);
  EXPECT_EQ(read.result.refused[0].sentence, kFirst + " is damaged from its beginning on");
}

TEST(Journal, NothingIsToldBehindWhatIsMissingWhereThatIsNotWanted) {
  MemoryDisk disk;
  Writing(disk).batches(1);
  Writing(disk, 5).batches(2);

  Read read(disk);
  ToldRecords stops;
  stops.wants_more = false;
  const JournalReadResult result = read_journal(disk, kTestKey, 0, stops);

  EXPECT_THAT(read.records.told, ElementsAre("heard 1", "missing 2 to 5", "heard 1", "heard 2"));
  EXPECT_THAT(stops.told, ElementsAre("heard 1", "missing 2 to 5"));
  EXPECT_EQ(result.batches, 1U);
}

TEST(Journal, DamageAtTheEndStaysVisibleInTheNumbers) {
  MemoryDisk disk;
  Writing(disk).batches(3);
  MemoryDisk::Bytes& bytes = disk.bytes(kFirst);
  bytes[bytes.size() - 6] ^= std::byte{1};  // of the last batch's checksum

  const std::uint64_t next = Read(disk).result.next;
  Writing(disk, next).batches(1);

  EXPECT_THAT(Read(disk).records.told,
              ElementsAre("heard 1", "heard 2", "missing 3 to " + std::to_string(next), "heard 1"));
}

TEST(Journal, WhatCouldNotBeReadOnceNeverComesAmongWhatWasWrittenLater) {
  MemoryDisk disk;
  Writing(disk).batches(3);
  disk.fault = [](std::string_view call, std::string_view) {
    return call == "read" ? std::make_error_code(std::errc::io_error) : std::error_code{};
  };
  const std::uint64_t next = Read(disk).result.next;
  disk.fault = {};
  Writing(disk, next).batches(1);

  EXPECT_THAT(Read(disk).records.told,
              ElementsAre("heard 1", "heard 2", "heard 3", "missing 4 to " + std::to_string(next),
                          "heard 1"));
}

TEST(Journal, OfADirectoryThatCannotBeListedNothingComesAmongWhatWasWrittenLater) {
  MemoryDisk disk;
  Writing(disk).batches(3);
  disk.fault = [](std::string_view call, std::string_view) {
    return call == "list" ? std::make_error_code(std::errc::io_error) : std::error_code{};
  };
  const JournalReadResult result = Read(disk, 1).result;
  disk.fault = {};
  Writing(disk, result.next).batches(1);

  EXPECT_EQ(result.error, std::errc::io_error);
  EXPECT_THAT(
      Read(disk, 1).records.told,
      ElementsAre("heard 2", "heard 3", "missing 4 to " + std::to_string(result.next), "heard 1"));
}

TEST(Journal, WhatWasNotWantedBehindAHoleNeverComesAmongWhatWasWrittenLater) {
  MemoryDisk disk;
  Writing(disk).batches(1);
  Writing(disk, 5).batches(3);
  ToldRecords stops;
  stops.wants_more = false;
  const std::uint64_t next = read_journal(disk, kTestKey, 0, stops).next;
  Writing(disk, next).batches(1);

  stops.told.clear();
  read_journal(disk, kTestKey, 0, stops);

  EXPECT_GT(next, 8U);
  EXPECT_THAT(stops.told, ElementsAre("heard 1", "missing 2 to 5"));
  EXPECT_THAT(Read(disk, next - 1).records.told, ElementsAre("heard 1"));
}

TEST(Journal, OfAnotherKeyOrANewerFormatIsForAPersonToDecide) {
  MemoryDisk disk;
  Writing(disk).batches(1);

  const Read other(disk, 0, KeyFingerprint{std::byte{9}});
  EXPECT_TRUE(other.result.must_not_start);
  EXPECT_EQ(other.result.refused.back().fault, SegmentFault::other_key);
  EXPECT_THAT(other.records.told, IsEmpty());

  disk.files.clear();
  JournalSegments segments(disk, {});
  ASSERT_TRUE(segments.append(1, "#batch 1 3 " + key_text(kTestKey) + "\n#marvel\n").safe);
  const Read newer(disk);
  EXPECT_TRUE(newer.result.must_not_start);
  EXPECT_THAT(newer.result.refused.back().sentence,
              HasSubstr("was written by a newer deskpulse (format 3, this one reads up to 2)"));
}

TEST(Journal, ASegmentThatIsNotPrivateIsForAPersonToDecide) {
  MemoryDisk disk;
  Writing(disk).batches(1);
  disk.refused[kFirst] = std::errc::operation_not_permitted;

  EXPECT_TRUE(Read(disk).result.must_not_start);
}

TEST(Journal, LinesThatSayNothingKnownArePassedOverAndCounted) {
  MemoryDisk disk;
  JournalSegments segments(disk, {});
  ASSERT_TRUE(
      segments.append(1, "#batch 1 1 " + key_text(kTestKey) + "\nnonsense\n#heard 5\n").safe);

  const Read read(disk);

  EXPECT_THAT(read.records.told, ElementsAre("heard 5"));
  EXPECT_EQ(read.result.strange_lines, 1U);
}

TEST(Journal, SegmentsEndAtTheirSizeAndTheOldestGoAtTheBound) {
  MemoryDisk disk;
  JournalSettings settings;
  settings.bounds = {.segment_bytes = 200, .max_bytes = 1'000};
  Writing writing(disk, 1, settings);
  writing.writer.needed_behind(1'000);

  writing.batches(50);

  std::uint64_t bytes = 0;
  for (const auto& [name, content] : disk.files) {
    bytes += content->size();
    EXPECT_LT(content->size(), 400U) << name;
  }
  EXPECT_LE(bytes, 1'000U);
  EXPECT_GT(bytes, 500U);
  EXPECT_EQ(writing.writer.counters().bytes, bytes);
  EXPECT_EQ(writing.writer.counters().removed_early, 0U);
  const Read read(disk);
  EXPECT_THAT(read.records.told.front(), HasSubstr("missing 1 to "));
  EXPECT_EQ(read.records.told.back(), "heard 50");
}

TEST(Journal, ASegmentThatGoesWhileItIsNeededIsCounted) {
  MemoryDisk disk;
  JournalSettings settings;
  settings.bounds = {.segment_bytes = 200, .max_bytes = 1'000};
  Writing writing(disk, 1, settings);

  writing.batches(50);

  EXPECT_GT(writing.writer.counters().removed_early, 0U);
}

TEST(Journal, SegmentsOfEarlierRunsCountForTheBound) {
  MemoryDisk disk;
  JournalSettings settings;
  settings.bounds = {.segment_bytes = 200, .max_bytes = 1'000};
  Writing(disk, 1, settings).batches(50);
  const std::uint64_t before = Writing(disk, 51, settings).writer.counters().bytes;

  Writing(disk, 51, settings).batches(1);

  std::uint64_t bytes = 0;
  for (const auto& [name, content] : disk.files) bytes += content->size();
  EXPECT_GT(before, 600U);
  EXPECT_LE(bytes, 1'000U);
  EXPECT_TRUE(disk.has(segment_name(51)));
}

TEST(Journal, TheSegmentBeingWrittenStaysWhereTheOlderOnesAreFoundLate) {
  MemoryDisk disk;
  JournalSettings settings;
  settings.bounds = {.segment_bytes = 200, .max_bytes = 1'000};
  Writing(disk, 1, settings).batches(50);
  int failures = 2;  // when the writer is made, and at its first batch
  disk.fault = [&](std::string_view call, std::string_view) {
    return call == "list" && failures-- > 0 ? std::make_error_code(std::errc::io_error)
                                            : std::error_code{};
  };
  settings.bounds.segment_bytes = 100'000;
  Writing writing(disk, 51, settings);

  writing.batches(5);

  std::uint64_t bytes = 0;
  for (const auto& [name, content] : disk.files) bytes += content->size();
  EXPECT_TRUE(disk.has(segment_name(51)));
  EXPECT_LE(bytes, 1'000U);
  EXPECT_EQ(writing.writer.counters().bytes, bytes);
  EXPECT_EQ(Read(disk, 50).result.batches, 5U);
}

TEST(Journal, ABatchThatFailsIsWrittenOnceMoreToANewSegment) {
  for (const char* const step : {"write", "sync"}) {
    MemoryDisk disk;
    Writing writing(disk);
    writing.batch();
    int failures = 1;
    disk.fault = [&](std::string_view call, std::string_view) {
      return call == step && failures-- > 0 ? std::make_error_code(std::errc::io_error)
                                            : std::error_code{};
    };
    writing.batch();
    writing.batch();

    EXPECT_TRUE(disk.has(segment_name(2))) << step;
    EXPECT_THAT(Read(disk).records.told, ElementsAre("heard 1", "heard 2", "heard 3")) << step;
    const JournalCounters counters = writing.writer.counters();
    EXPECT_EQ(counters.dropped_batches, 0U) << step;
    EXPECT_EQ(counters.batches, 3U) << step;
    EXPECT_EQ(counters.last_error, EIO) << step;
    EXPECT_EQ(disk.open_files, 1U) << step;
  }
}

TEST(Journal, WhereTheDiskFailsForGoodBatchesAreDroppedAndTheHoleIsTold) {
  const struct {
    const char* call;
    JournalStage stage;
  } cases[] = {{"create", JournalStage::create},
               {"write", JournalStage::write},
               {"sync", JournalStage::sync},
               {"sync_directory", JournalStage::sync_directory}};
  for (const auto& each : cases) {
    MemoryDisk disk;
    JournalSettings settings;
    settings.bounds.segment_bytes = 1;  // each batch is a segment, so that every step is met
    Writing writing(disk, 1, settings);
    writing.batch();
    bool failing = true;
    disk.fault = [&](std::string_view call, std::string_view) {
      return failing && call == each.call ? std::make_error_code(std::errc::no_space_on_device)
                                          : std::error_code{};
    };
    writing.batches(3);
    EXPECT_THAT(disk.files, SizeIs(1)) << each.call;  // nothing half-written stays
    failing = false;
    writing.batch();

    EXPECT_THAT(Read(disk).records.told, ElementsAre("heard 1", "missing 2 to 5", "heard 5"))
        << each.call;
    const JournalCounters counters = writing.writer.counters();
    EXPECT_EQ(counters.dropped_batches, 3U) << each.call;
    EXPECT_EQ(counters.failures[static_cast<std::size_t>(each.stage)], 6U) << each.call;
    EXPECT_EQ(counters.last_error, ENOSPC) << each.call;
    EXPECT_EQ(counters.bytes, disk.bytes(kFirst).size() + disk.bytes(segment_name(5)).size())
        << each.call;
    EXPECT_EQ(disk.open_files, 0U) << each.call;
  }
}

TEST(Journal, ASegmentThatCannotBeRemovedIsCountedAndTriedAgain) {
  MemoryDisk disk;
  JournalSettings settings;
  settings.bounds = {.segment_bytes = 1, .max_bytes = 500};
  Writing writing(disk, 1, settings);
  bool failing = true;
  disk.fault = [&](std::string_view call, std::string_view) {
    return failing && call == "remove" ? std::make_error_code(std::errc::io_error)
                                       : std::error_code{};
  };
  writing.batches(10);
  EXPECT_GT(writing.writer.counters().failures[static_cast<std::size_t>(JournalStage::remove)], 0U);
  EXPECT_EQ(writing.writer.counters().dropped_batches, 0U);
  failing = false;

  writing.batch();

  EXPECT_LE(writing.writer.counters().bytes, 500U);
}

TEST(Journal, ABatchThatIsLongerThanAllowedIsDropped) {
  MemoryDisk disk;
  JournalSettings settings;
  settings.max_batch_bytes = 500;
  Writing writing(disk, 1, settings);
  writing.batch();
  for (int i = 0; i < 100; ++i) writing.writer.heard(at(1'763'712'005'000));
  writing.writer.cut({});
  writing.batch();

  EXPECT_EQ(writing.writer.counters().dropped_batches, 1U);
  EXPECT_THAT(Read(disk).records.told, ElementsAre("heard 1", "missing 2 to 3", "heard 2"));
}

TEST(JournalThread, WritesBesideItsCaller) {
  MemoryDisk disk;
  {
    JournalWriter writer(disk, kTestKey, 1, {});
    for (int i = 1; i <= 100; ++i) {
      writer.heard(at(i));
      writer.cut({});
    }
    EXPECT_TRUE(writer.drain(60s));
    EXPECT_EQ(writer.counters().batches, 100U);
  }

  EXPECT_EQ(Read(disk).records.told.size(), 100U);
}

TEST(JournalThread, WritesWhatIsClosedBeforeItEnds) {
  MemoryDisk disk;
  {
    JournalWriter writer(disk, kTestKey, 1, {});
    for (int i = 1; i <= 20; ++i) {
      writer.heard(at(i));
      writer.cut({});
    }
  }

  EXPECT_EQ(Read(disk).result.batches, 20U);
}

TEST(JournalThread, ADiskThatDoesNotAnswerHoldsNobodyUp) {
  MemoryDisk disk;
  std::mutex stuck;
  disk.fault = [&](std::string_view call, std::string_view) {
    if (call == "write") const std::lock_guard wait(stuck);
    return std::error_code{};
  };
  JournalSettings settings;
  settings.max_queued_bytes = 2'000;
  std::unique_lock hold(stuck);
  JournalWriter writer(disk, kTestKey, 1, settings);

  for (int i = 1; i <= 1'000; ++i) {
    writer.heard(at(i));
    writer.cut({});
  }
  const std::uint64_t dropped = writer.counters().dropped_batches;
  EXPECT_FALSE(writer.drain(1ms));
  hold.unlock();
  EXPECT_TRUE(writer.drain(60s));

  EXPECT_GT(dropped, 900U);
  const JournalCounters counters = writer.counters();
  EXPECT_EQ(counters.batches + counters.dropped_batches, 1'000U);
  EXPECT_EQ(Read(disk).result.batches, counters.batches);
}

}  // namespace
}  // namespace deskpulse::store
