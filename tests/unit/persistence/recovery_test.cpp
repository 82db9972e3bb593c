// What a daemon begins with, over a disk that fails where a test says so.
#include "daemon/persistence/recovery.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/moment/status.hpp"
#include "daemon/persistence/journal_recorder.hpp"
#include "daemon/store/journal_segments.hpp"
#include "tests/unit/store/memory_disk.hpp"
#include "tests/unit/store/text_content.hpp"

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using store::kTestKey;

constexpr proto::Instant kWall{1'700'000'000s};
constexpr std::uint64_t kBatch = 7;
const feed::Cursor kCursor{"k3", 77};

std::unique_ptr<Monitor> new_monitor() {
  return std::make_unique<Monitor>(engine::Settings{}, intake::IntakeSettings{}, proto::IdHasher{},
                                   [] { return kWall; });
}

/// A state as the daemon saves it.
struct State final : store::Content {
  void write(image::Writer& writer) const override {
    writer.number(kBatch);
    monitor->save(writer, kCursor);
  }
  std::unique_ptr<Monitor> monitor = new_monitor();
};

void save(store::Disk& disk, const State& state) {
  store::SnapshotStore snapshots(disk, kTestKey);
  snapshots.load([](image::Reader&, const store::SnapshotInfo&) { return false; });
  ASSERT_TRUE(snapshots.save(1, kWall, state).ok());
}

Recovered recovered_from(store::Disk& disk) {
  store::SnapshotStore snapshots(disk, kTestKey);
  return recover(snapshots, new_monitor);
}

TEST(Recovery, GoesOnFromTheSnapshot) {
  store::MemoryDisk disk;
  save(disk, State{});

  const Recovered recovered = recovered_from(disk);

  EXPECT_TRUE(recovered.snapshot);
  EXPECT_EQ(recovered.cursor, kCursor);
  EXPECT_EQ(recovered.snapshot_cursor, kCursor);
  EXPECT_EQ(recovered.journal_batch, kBatch);
}

// Also where all of the image has been loaded before the file turns out to be unreadable.
TEST(Recovery, NothingOfAStateThatIsNotTakenStays) {
  store::MemoryDisk disk;
  save(disk, State{});
  int taken = 0;
  int refused = 0;
  for (int good = 0; taken == 0; ++good) {
    ASSERT_LT(good, 1'000);
    int reads = 0;
    disk.fault = [&](std::string_view call, std::string_view) {
      return call == "read" && reads++ == good ? std::make_error_code(std::errc::io_error)
                                               : std::error_code{};
    };

    const Recovered recovered = recovered_from(disk);

    ASSERT_TRUE(recovered.monitor) << good;
    const bool is_all_there = reads <= good;
    taken += is_all_there ? 1 : 0;
    if (recovered.snapshot) continue;  // the header's own reading may fail, and nothing is lost
    ++refused;
    EXPECT_FALSE(is_all_there) << good;
    EXPECT_EQ(recovered.cursor, std::nullopt) << good;
    EXPECT_EQ(recovered.snapshot_cursor, std::nullopt) << good;
    EXPECT_EQ(recovered.journal_batch, 0U) << good;
  }
  EXPECT_GT(refused, 5);
}

/// A state whose time is `kWall` and so much.
void save_ahead_by(store::Disk& disk, proto::Millis ahead) {
  State state;
  proto::Event event;
  event.type = proto::Type::close;
  event.ts = kWall + ahead + 1s;
  event.shop = "s";
  event.customer = "c";
  state.monitor->listener().event(event, event.ts);
  save(disk, state);
}

TEST(Recovery, AStateThatIsALittleAheadOfTheClockIsGoneOnFromAndStale) {
  store::MemoryDisk disk;
  save_ahead_by(disk, 1min);

  const Recovered recovered = recovered_from(disk);
  recovered.monitor->listener().connected(5s, kWall);
  recovered.monitor->listener().heartbeat(kWall, kWall);
  moment::Moment moment;
  recovered.monitor->fill(moment);

  EXPECT_FALSE(is_from_the_future(recovered));
  EXPECT_EQ(recovered.monitor->ahead(), 1min);
  EXPECT_TRUE(moment.status.stale);
  EXPECT_EQ(moment::not_ready_reason(moment.status), "ahead of the clock");
}

TEST(Recovery, AStateThatIsFarAheadOfTheClockIsSetAsideWithItsJournal) {
  store::MemoryDisk disk;
  save_ahead_by(disk, 1h);
  store::JournalSegments segments(disk, {});
  ASSERT_TRUE(segments.append(8, "#batch 8 1 " + store::key_text(kTestKey) + "\n#heard 5\n").safe);
  store::SnapshotStore snapshots(disk, kTestKey);
  const Recovered recovered = recover(snapshots, new_monitor);
  ASSERT_TRUE(is_from_the_future(recovered));

  ASSERT_FALSE(set_aside(disk, snapshots, recovered));

  std::vector<std::string> names;
  ASSERT_FALSE(disk.list(names));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names,
            (std::vector<std::string>{"set-aside-1700003600000-journal-0000000000000008.ndjson.gz",
                                      "set-aside-1700003600000-snapshot-a"}));
  Recovered anew = recover(snapshots, new_monitor);
  EXPECT_FALSE(anew.snapshot);
  EXPECT_FALSE(is_from_the_future(anew));
  EXPECT_EQ(recover_journal(disk, kTestKey, {}, anew).batches, 0U);
  EXPECT_GT(snapshots.next_generation(), recovered.snapshot->generation);

  goes_on_behind(recovered, anew);
  const intake::GapLedger& gaps = anew.monitor->intake().gaps();
  EXPECT_TRUE(anew.was_set_aside);
  EXPECT_FALSE(gaps.incomplete(1min, kWall)) << "what it had counted is not of that time";
  EXPECT_TRUE(gaps.incomplete(1min, kWall + 1h)) << "unless the clock was wrong";
}

TEST(Recovery, JournalLinesThatSayNothingKnownAreAGap) {
  for (const bool strange : {false, true}) {
    store::MemoryDisk disk;
    store::JournalSegments segments(disk, {});
    ASSERT_TRUE(segments
                    .append(1, "#batch 1 1 " + store::key_text(kTestKey) + "\n#heard 5\n" +
                                   (strange ? "nonsense\n" : ""))
                    .safe);
    Recovered recovered = recovered_from(disk);

    const auto result = recover_journal(disk, kTestKey, {}, recovered);

    EXPECT_EQ(result.strange_lines, strange ? 1U : 0U);
    const intake::GapLedger& gaps = recovered.monitor->intake().gaps();
    EXPECT_EQ(gaps.count(), strange ? 1U : 0U);
    EXPECT_EQ(gaps.is_open(), strange);
  }
}

/// A journal of one batch with these lines, and what is recovered from it.
Recovered recovered_from_lines(int format, const std::string& lines, const Stream& stream = {}) {
  store::MemoryDisk disk;
  store::JournalSegments segments(disk, {});
  EXPECT_TRUE(segments
                  .append(1, "#batch 1 " + std::to_string(format) + " " +
                                 store::key_text(kTestKey) + "\n#heard 5\n" + lines)
                  .safe);
  Recovered recovered = recovered_from(disk);
  EXPECT_EQ(recover_journal(disk, kTestKey, stream, recovered).strange_lines, 0U);
  return recovered;
}

std::uint64_t rejected(const Recovered& recovered, proto::Reject reason) {
  return recovered.monitor->intake().counters().rejected[static_cast<std::size_t>(reason)];
}

std::uint64_t disconnects(const Recovered& recovered, intake::Disconnect reason) {
  return recovered.monitor->intake().counters().disconnects[static_cast<std::size_t>(reason)];
}

// Whatever members the sets had, and in whichever order, for the daemon that wrote them.
TEST(Recovery, CountersOfTheJournalAreKnownByTheirLabels) {
  const Recovered recovered =
      recovered_from_lines(2,
                           "#counters disconnects.of_tomorrow=9 rejected.of_tomorrow=8 connects=3 "
                           "disconnects.stopped=5 rejected.malformed=4 tomorrow=7\n");

  EXPECT_EQ(recovered.monitor->intake().counters().connects, 3U);
  EXPECT_EQ(rejected(recovered, proto::Reject::malformed), 4U);
  EXPECT_EQ(rejected(recovered, proto::Reject::not_json), 0U);
  EXPECT_EQ(disconnects(recovered, intake::Disconnect::stopped), 5U);
  EXPECT_EQ(disconnects(recovered, intake::Disconnect::bye), 0U);
}

TEST(Recovery, CountersOfTheFirstJournalsAreKnownByTheirOrder) {
  std::string lines = "#cursor 12 k3\n#counters 2 3 13";
  for (int i = 0; i < 13; ++i) lines += " " + std::to_string(100 + i);
  lines += " 33";
  for (int i = 0; i < 33; ++i) lines += " " + std::to_string(200 + i);
  const Recovered recovered = recovered_from_lines(1, lines + "\n");

  EXPECT_EQ(recovered.cursor, (feed::Cursor{"k3", 12}));
  EXPECT_EQ(recovered.monitor->intake().counters().duplicates, 2U);
  EXPECT_EQ(recovered.monitor->intake().counters().connects, 3U);
  EXPECT_EQ(rejected(recovered, proto::Reject::not_json), 100U);
  EXPECT_EQ(rejected(recovered, proto::Reject::unknown_from), 112U);
  EXPECT_EQ(disconnects(recovered, intake::Disconnect::token_unreadable), 200U);
  EXPECT_EQ(disconnects(recovered, intake::Disconnect::stopped), 232U);
}

TEST(Recovery, CountersOfTheJournalComeBackAsTheyWere) {
  intake::IntakeCounters counters;
  counters.duplicates = 1;
  counters.connects = 2;
  std::uint64_t next = 3;
  for (std::uint64_t& each : counters.rejected) each = next++;
  for (std::uint64_t& each : counters.disconnects) each = next++;

  const intake::IntakeCounters back = counters_of(journal_mark(std::nullopt, counters));

  EXPECT_EQ(back.duplicates, counters.duplicates);
  EXPECT_EQ(back.connects, counters.connects);
  EXPECT_EQ(back.rejected, counters.rejected);
  EXPECT_EQ(back.disconnects, counters.disconnects);
}

// The source that is followed now never had them, so it cannot be asked for them.
TEST(Recovery, BatchesOfAnotherSourceThatAreMissingAreAGap) {
  const feed::Source one{.address = {1, 1}, .name = {}};
  for (const bool is_another : {false, true}) {
    store::MemoryDisk disk;
    store::JournalWriter writer(disk, kTestKey, 1, {}, store::JournalWriter::Work::inside);
    const auto batch = [&](std::uint64_t seq) {
      writer.heard(kWall);
      writer.cut(journal_mark(feed::Cursor{"k", seq, one}, {}));
    };
    batch(1);
    disk.fault = [](std::string_view call, std::string_view) {
      return call == "write" ? std::make_error_code(std::errc::io_error) : std::error_code{};
    };
    batch(2);
    disk.fault = nullptr;
    batch(3);
    Recovered recovered = recovered_from(disk);
    const feed::Source followed = is_another ? feed::Source{.address = {2, 2}, .name = {}} : one;

    recover_journal(disk, kTestKey, {.has_positions = true, .source = followed}, recovered);

    EXPECT_EQ(recovered.cursor, (feed::Cursor{"k", is_another ? 3U : 1U, one}));
    EXPECT_EQ(recovered.monitor->intake().gaps().count(), is_another ? 1U : 0U);
  }
}

// Its run went on before what was missing, and was sent again what is behind that.
TEST(Recovery, WhatARunWroteThatHadGoneOnBeforeAHoleIsNotTakenAsWell) {
  const feed::Source one{.address = {1, 1}, .name = {}};
  const feed::Source another{.address = {2, 2}, .name = {}};
  store::MemoryDisk disk;
  const auto write = [&](std::uint64_t number, std::uint64_t seq) {
    store::JournalWriter writer(disk, kTestKey, number, {}, store::JournalWriter::Work::inside);
    writer.heard(kWall);
    writer.cut(journal_mark(feed::Cursor{"k", seq, one}, {}));
  };
  write(1, 1);
  write(3, 3);
  Recovered earlier = recovered_from(disk);
  const auto read =
      recover_journal(disk, kTestKey, {.has_positions = true, .source = one}, earlier);
  ASSERT_EQ(earlier.cursor, (feed::Cursor{"k", 1, one}));
  write(read.next, 2);
  write(read.next + 1, 4);

  for (const bool has_positions : {true, false}) {
    Recovered recovered = recovered_from(disk);
    recover_journal(disk, kTestKey, {.has_positions = has_positions, .source = another}, recovered);
    EXPECT_EQ(recovered.cursor, (feed::Cursor{"k", 3, one}));
  }
}

}  // namespace
}  // namespace deskpulse
