// A monitor that goes on in another process.
#include <gmock/gmock.h>

#include "daemon/monitor/monitor.hpp"
#include "tests/unit/intake/image_in_memory.hpp"
#include "tests/unit/intake/recorded_journal.hpp"

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using proto::Instant;

class RestoredMonitorTest : public testing::Test {
 protected:
  static void customer_writes(Monitor& monitor, Instant ts, std::string_view customer = "c") {
    proto::Event event;
    event.type = proto::Type::message;
    event.from = proto::From::customer;
    event.ts = ts;
    event.shop = "shop";
    event.customer = customer;
    event.agent = "agent";
    monitor.listener().event(event, ts);
  }
  Image image(const std::optional<feed::Cursor>& cursor = std::nullopt) const {
    return image_by([&](image::Writer& writer) { monitor_.save(writer, cursor); });
  }
  static Monitor::Restored load(Monitor& monitor, const Image& image) {
    Monitor::Restored restored;
    const bool is_whole = loads(image, [&](image::Reader& reader) {
      restored = monitor.load(reader);
      return restored.ok;
    });
    EXPECT_EQ(is_whole, restored.ok);
    return restored;
  }
  static const moment::Moment& moment(Monitor& monitor, moment::Moment& to) {
    monitor.fill(to);
    return to;
  }
  static bool incomplete(Monitor& monitor, const std::string& window) {
    moment::Moment moment;
    monitor.fill(moment);
    for (const auto& each : moment.status.windows)
      if (each.window == window) return each.incomplete;
    ADD_FAILURE() << "no window " << window;
    return false;
  }

  Instant wall_{1'700'000'000s};
  engine::Settings engine_;
  intake::IntakeSettings intake_;
  Monitor monitor_{engine_, intake_, proto::IdHasher{}, [this] { return wall_; }};
  moment::Moment moment_;
};

TEST_F(RestoredMonitorTest, ShowsTheNumbersOfTheOneBeforeItAndThatItIsNotConnected) {
  monitor_.listener().connected(5s, wall_);
  for (int i = 0; i < 100; ++i)
    customer_writes(monitor_, wall_ + i * 100ms, "customer " + std::to_string(i));
  monitor_.listener().disconnected(intake::Disconnect::closed_by_peer);
  wall_ += 10s;

  Monitor after(engine_, intake_, proto::IdHasher{}, [this] { return wall_; });
  const feed::Cursor cursor{"k3", 77, {.address = {1, 2}, .name = {3, 4}}};
  const auto restored = load(after, image(cursor));

  ASSERT_TRUE(restored.ok);
  EXPECT_EQ(restored.cursor, cursor);
  EXPECT_FALSE(restored.windows_anew);
  const moment::Moment& now = moment(after, moment_);
  EXPECT_EQ(now.report.shops.at(0).levels.waiting_customers, 90U);  // ten wait for their time
  EXPECT_EQ(now.report.watermark, monitor_.intake().watermark());
  EXPECT_EQ(moment::not_ready_reason(now.status), "starting");
  EXPECT_EQ(now.status.reconnects, 0U);
  after.listener().connected(5s, wall_);
  EXPECT_EQ(moment(after, moment_).status.reconnects, 1U);
  EXPECT_FALSE(incomplete(after, "1h"));
}

/// What Prometheus takes for the beginning of a counter must be one: R50.
class CountersAfterARestart : public RestoredMonitorTest {
 protected:
  CountersAfterARestart() {
    monitor_.listener().connected(5s, wall_);
    for (int i = 0; i < 10; ++i) customer_writes(monitor_, wall_, std::to_string(i));
    monitor_.listener().gap(intake::GapKind::hole);
    monitor_.listener().rejected({proto::Reject::malformed, "ts"});
    wall_ += 3s;
    monitor_.listener().heartbeat(wall_, wall_);
    monitor_.tick();
    EXPECT_TRUE(load(after_, image(feed::Cursor{"k3", 10, {}})).ok);
  }
  std::uint64_t messages() { return now().report.shops.at(0).counters.messages[0]; }
  const moment::Moment& now() { return moment(after_, moment_); }

  Monitor after_{engine_, intake_, proto::IdHasher{}, [this] { return wall_; }};
};

TEST_F(CountersAfterARestart, GoOnWithPositionsOnceEverythingHasBeenSentAgain) {
  after_.go_on(true);
  EXPECT_TRUE(now().report.hides_counters);

  after_.listener().connected(5s, wall_);
  customer_writes(after_, wall_);
  EXPECT_TRUE(now().report.hides_counters);
  after_.listener().caught_up();
  // It waits in the reorder window, and may have been counted before.
  EXPECT_TRUE(now().report.hides_counters);

  wall_ += 2s;
  EXPECT_FALSE(now().report.hides_counters);
  EXPECT_EQ(messages(), 11U);
}

TEST_F(CountersAfterARestart, BeginAnewWithoutPositions) {
  after_.go_on(false);

  EXPECT_FALSE(now().report.hides_counters);
  EXPECT_EQ(messages(), 0U);
  EXPECT_EQ(now().report.shop_scopes.at(0).messages[0], 10U);
}

TEST_F(CountersAfterARestart, BeginAnewWhereTheSourceHasLostWhatCameSince) {
  for (const intake::GapKind lost : {intake::GapKind::resume, intake::GapKind::reset}) {
    Monitor after(engine_, intake_, proto::IdHasher{}, [this] { return wall_; });
    ASSERT_TRUE(load(after, image()).ok);
    after.go_on(true);

    after.listener().connected(5s, wall_);
    after.listener().gap(lost);

    EXPECT_FALSE(moment(after, moment_).report.hides_counters);
    EXPECT_EQ(moment_.report.shops.at(0).counters.messages[0], 0U);
  }
}

TEST_F(CountersAfterARestart, BeginAnewWhereAStreamWithoutPositionsTakesThePlaceOfOneWithThem) {
  after_.go_on(true);

  after_.listener().gap(intake::GapKind::disconnect);

  EXPECT_FALSE(now().report.hides_counters);
  EXPECT_EQ(messages(), 0U);
}

TEST_F(CountersAfterARestart, TheJournalSaysThatTheyBeganAnew) {
  intake::RecordedJournal journal;
  monitor_.tell(&journal);
  const Image before = image();
  monitor_.listener().gap(intake::GapKind::reset);

  Monitor recovered(engine_, intake_, proto::IdHasher{}, [this] { return wall_; });
  ASSERT_TRUE(load(recovered, before).ok);
  journal.tell(recovered.recovery(), 0);

  EXPECT_EQ(moment(recovered, moment_).report.shops.at(0).counters.messages[0], 0U);
}

std::uint64_t sum(const std::vector<moment::LabelCount>& counts) {
  std::uint64_t all = 0;
  for (const moment::LabelCount& each : counts) all += each.count;
  return all;
}

TEST_F(CountersAfterARestart, OfConnectionsAreThoseOfTheProcessAndOfTheStreamAreNot) {
  after_.go_on(true);

  EXPECT_EQ(now().status.gaps, 0U);
  EXPECT_EQ(now().status.reconnects, 0U);
  EXPECT_EQ(sum(now().status.events), 10U);
  EXPECT_EQ(sum(now().status.rejected), 0U);

  after_.listener().connected(5s, wall_);
  customer_writes(after_, wall_);
  after_.listener().gap(intake::GapKind::hole);
  after_.listener().disconnected(intake::Disconnect::silence);

  EXPECT_EQ(now().status.gaps, 1U);
  EXPECT_EQ(now().status.reconnects, 0U);
  EXPECT_EQ(sum(now().status.disconnects), 1U);
  EXPECT_EQ(sum(now().status.events), 11U);
}

TEST_F(CountersAfterARestart, OfAStreamWithoutPositionsBeginAnewToo) {
  after_.go_on(false);

  EXPECT_EQ(sum(now().status.events), 0U);
  EXPECT_EQ(sum(now().status.rejected), 0U);
}

TEST_F(RestoredMonitorTest, WindowsThatBeganAnewAreIncompleteAndTheirGapIsNoneOfTheFeed) {
  monitor_.listener().connected(5s, wall_);
  customer_writes(monitor_, wall_);
  engine_.windows = {{"2m", 120s}};
  Monitor after(engine_, intake_, proto::IdHasher{}, [this] { return wall_; });

  const auto restored = load(after, image());

  ASSERT_TRUE(restored.ok);
  EXPECT_TRUE(restored.windows_anew);
  EXPECT_FALSE(restored.today_anew);
  EXPECT_TRUE(incomplete(after, "2m"));
  EXPECT_FALSE(incomplete(after, "today"));
  EXPECT_EQ(moment(after, moment_).status.gaps, 0U);
  customer_writes(after, wall_ + 123s);
  EXPECT_FALSE(incomplete(after, "2m"));
}

TEST_F(RestoredMonitorTest, ADayThatBeganAnewIsIncompleteAlone) {
  monitor_.listener().connected(5s, wall_);
  customer_writes(monitor_, wall_);
  engine_.calendar = engine::Calendar(8h, {}, 4h);
  Monitor after(engine_, intake_, proto::IdHasher{}, [this] { return wall_; });

  const auto restored = load(after, image());

  ASSERT_TRUE(restored.ok);
  EXPECT_TRUE(restored.today_anew);
  EXPECT_TRUE(incomplete(after, "today"));
  EXPECT_FALSE(incomplete(after, "1h"));
}

TEST_F(RestoredMonitorTest, TheJournalBringsImageAndNumbersToTheSameState) {
  intake::RecordedJournal journal;
  monitor_.tell(&journal);
  monitor_.listener().connected(5s, wall_);
  for (int i = 0; i < 300; ++i) {
    wall_ += 210ms;
    customer_writes(monitor_, wall_ - (i * 37 % 11) * 300ms, "customer " + std::to_string(i % 40));
    if (i % 50 == 0) {
      for (int n = 0; n < 8; ++n) {
        wall_ += 250ms;
        monitor_.listener().heartbeat(wall_, wall_);
        monitor_.tick();
      }
    }
    if (i == 120) monitor_.listener().gap(intake::GapKind::hole);
    if (i == 150) moment_.waiting.clear();
  }
  Monitor empty(engine_, intake_, proto::IdHasher{}, [this] { return wall_; });
  const Image nothing = image_by([&](image::Writer& writer) { empty.save(writer, std::nullopt); });
  Monitor after(engine_, intake_, proto::IdHasher{}, [this] { return wall_; });
  ASSERT_TRUE(load(after, nothing).ok);

  journal.tell(after.recovery(), 0);
  after.recover_refusals(monitor_.intake().counters());

  EXPECT_EQ(image_by([&](image::Writer& writer) { after.save(writer, std::nullopt); }), image());
}

TEST_F(RestoredMonitorTest, AnEngineAndAnIntakeOfDifferentTimesAreNoState) {
  customer_writes(monitor_, wall_);
  Image mixed = image_by([&](image::Writer& writer) {
    engine::Engine(engine_).save(writer);
    monitor_.intake().save(writer);
    writer.flag(false);
  });

  Monitor after(engine_, intake_, proto::IdHasher{}, [this] { return wall_; });
  EXPECT_FALSE(load(after, mixed).ok);
}

}  // namespace
}  // namespace deskpulse
