// The journal of an intake brings another one to the same state, and its text, read like any file
// of events, gives the sink the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "daemon/feed/replay.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/store/journal_reader.hpp"
#include "daemon/store/journal_stream.hpp"
#include "daemon/store/journal_writer.hpp"
#include "daemon/store/posix_disk.hpp"
#include "daemon/store/state_directory.hpp"
#include "tests/unit/intake/recording_sink.hpp"
#include "tests/unit/store/temporary_directory.hpp"
#include "tests/unit/store/text_content.hpp"

namespace deskpulse::store {
namespace {

using intake::at;
using intake::GapKind;
using intake::RecordingSink;
using proto::Millis;

constexpr Millis kWindow{1'000};

/// An intake's journal as lines.
struct Recorder final : intake::IntakeJournal {
  explicit Recorder(JournalWriter& writer_) : writer(writer_) {}
  void accepted(const proto::Event& event, const proto::CustomerKey& id) override {
    writer.accepted(event, id);
  }
  void advanced(proto::Instant watermark) override { writer.advanced(watermark); }
  void heard(proto::Instant ts) override { writer.heard(ts); }
  void in_doubt() override { writer.in_doubt(); }
  void gap(GapKind kind) override { writer.gap(std::to_string(static_cast<int>(kind))); }
  void missed_until(proto::Instant until) override { writer.missed_until(until); }
  JournalWriter& writer;
};

/// And back.
struct Player final : JournalRecords {
  explicit Player(intake::IntakeJournal& to_) : to(to_) {}
  void accepted(const proto::Event& event, const proto::CustomerKey& id) override {
    to.accepted(event, id);
  }
  void advanced(proto::Instant watermark) override { to.advanced(watermark); }
  void heard(proto::Instant ts) override { to.heard(ts); }
  void in_doubt() override { to.in_doubt(); }
  void gap(std::string_view kind) override { to.gap(static_cast<GapKind>(kind[0] - '0')); }
  void missed_until(proto::Instant until) override { to.missed_until(until); }
  void ended(const JournalMark&) override {}
  bool missing(std::uint64_t, std::uint64_t) override { return false; }
  intake::IntakeJournal& to;
};

const intake::IntakeSettings kSettings{.reorder_window = kWindow,
                                       .allowed_lateness = Millis{20'000},
                                       .max_clock_skew = Millis{5'000},
                                       .live_lag = Millis{5'000}};

/// A stream's hour in some minutes: events early, late, twice, of unknown type; silence, in which
/// the clock moves the watermark; heartbeats, breaks.
void live_through(intake::Intake& intake, JournalWriter& writer, unsigned seed) {
  std::mt19937 random(seed);
  std::int64_t wall = 1'763'712'000'000;
  intake.connected(Millis{5'000}, at(wall));
  std::vector<std::string> ids;
  for (int i = 0; i < 400; ++i) {
    wall += static_cast<std::int64_t>(random() % (random() % 20 == 0 ? 8'000 : 300));
    const auto jitter = static_cast<std::int64_t>(random() % (random() % 10 == 0 ? 30'000 : 1'500));
    if (ids.empty() || random() % 10 != 0) ids.push_back("m-" + std::to_string(ids.size()));
    proto::Event event =
        intake::message(wall - jitter, ids[random() % 20 == 0 ? 0 : ids.size() - 1]);
    const std::string customer = "c-" + std::to_string(random() % 20);
    event.customer = customer;
    if (random() % 4 == 0) event.from = proto::From::human;
    if (random() % 30 == 0) event.from = proto::From::unknown;
    if (random() % 30 == 0) event.type = proto::Type::unknown;
    switch (random() % 12) {
      case 0:
        intake.heartbeat(at(wall - static_cast<std::int64_t>(random() % 2'000)), at(wall));
        break;
      case 1:
        intake.tick(at(wall));
        break;
      case 2:
        if (random() % 5 != 0) break;
        intake.gap(static_cast<GapKind>(random() % 4));
        if (random() % 2 == 0) intake.missed_until(std::nullopt, at(wall));
        break;
      default:
        intake.accept(event, at(wall));
    }
    if (random() % 10 == 0) writer.cut({});
  }
  intake.tick(at(wall + 2'000));  // silent by now, and caught up where the last was
  writer.cut({});
}

/// What reached the sink, but for the keys.
std::vector<std::string> told(const RecordingSink& sink) {
  std::vector<std::string> all;
  for (const auto& each : sink.applied) {
    all.push_back(std::to_string(each.event.ts.time_since_epoch().count()) + " at " +
                  std::to_string(each.now.time_since_epoch().count()) + " " + each.agent + " " +
                  std::to_string(static_cast<int>(each.event.from)));
  }
  return all;
}

class JournalReplay : public testing::TestWithParam<unsigned> {
 protected:
  JournalReplay() : state(directory / "state", std::chrono::milliseconds{0}), hasher(state.key()) {
    const JournalSettings settings{.reorder_window = kWindow, .bounds = {.segment_bytes = 4'000}};
    JournalWriter writer(state.disk(), kTestKey, 1, settings, JournalWriter::Work::inside);
    Recorder recorder(writer);
    live.tell(&recorder);
    live_through(live, writer, GetParam());
    live.tell(nullptr);
    events = writer.counters().events;
  }

  TemporaryDirectory directory;
  StateDirectory state;
  proto::IdHasher hasher;
  RecordingSink live_sink;
  intake::Intake live{kSettings, hasher, live_sink};
  std::uint64_t events = 0;
};

TEST_P(JournalReplay, RecoversTheIntakeAndItsSink) {
  RecordingSink sink;
  intake::Intake intake(kSettings, hasher, sink);
  Player player(intake.recovery());

  const JournalReadResult result = read_journal(state.disk(), kTestKey, 0, player);

  EXPECT_EQ(result.strange_lines, 0U);
  EXPECT_EQ(result.events, events);
  EXPECT_EQ(intake.watermark(), live.watermark());
  EXPECT_EQ(intake.counters().events, live.counters().events);
  EXPECT_EQ(intake.counters().late, live.counters().late);
  EXPECT_EQ(intake.gaps().count(), live.gaps().count());
  EXPECT_EQ(intake.gaps().total(), live.gaps().total());
  for (Millis back{0}; back < Millis{60'000}; back += Millis{1})
    EXPECT_EQ(intake.gaps().incomplete_since(live.watermark() - back, live.watermark()),
              live.gaps().incomplete_since(live.watermark() - back, live.watermark()));
  EXPECT_EQ(told(sink), told(live_sink));
  ASSERT_EQ(sink.applied.size(), live_sink.applied.size());
  for (std::size_t i = 0; i < sink.applied.size(); ++i)
    ASSERT_EQ(sink.applied[i].event.customer_key, live_sink.applied[i].event.customer_key);
}

TEST_P(JournalReplay, IsAFileOfEventsThatGivesTheSame) {
  RecordingSink sink;
  intake::Intake intake(kSettings, proto::IdHasher{}, sink);
  JournalStream stream(state.path());

  const feed::ReplayResult result =
      feed::replay(stream.descriptor(), intake, [] { return at(1'800'000'000'000); });
  intake.finish(result.watermark);
  live.finish();

  EXPECT_FALSE(result.error);
  // At the newest event, or where the clock had moved the time to.
  EXPECT_EQ(intake.watermark(), live.watermark());
  // Counters that began anew at a gap (R50) have not in a file: it is all there is.
  const intake::IntakeCounters& counters = intake.counters();
  std::uint64_t counted = 0;
  for (const std::uint64_t of_type : counters.events) counted += of_type;
  for (const proto::Reject reason : {proto::Reject::unknown_type, proto::Reject::unknown_from})
    counted += counters.rejected[static_cast<std::size_t>(reason)];
  EXPECT_EQ(counted, events);
  EXPECT_EQ(told(sink), told(live_sink));
  EXPECT_GT(sink.applied.size(), 100U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, JournalReplay, testing::Range(0U, 20U));

}  // namespace
}  // namespace deskpulse::store
