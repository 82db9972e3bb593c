#include "daemon/monitor/monitor.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using proto::Instant;

/// A monitor, the wall clock in the test's hand, and a feed that is the test itself.
class MonitorTest : public testing::Test {
 protected:
  void customer_writes(Instant ts) {
    proto::Event event;
    event.type = proto::Type::message;
    event.from = proto::From::customer;
    event.ts = ts;
    event.shop = "shop";
    event.customer = "customer";
    event.agent = "agent";
    monitor_.listener().event(event, wall_);
  }
  const moment::Moment& moment() {
    monitor_.fill(moment_);
    return moment_;
  }
  static std::uint64_t count(const std::vector<moment::LabelCount>& counts,
                             const std::string& label) {
    const auto found = std::find_if(counts.begin(), counts.end(),
                                    [&](const auto& each) { return each.label == label; });
    EXPECT_NE(found, counts.end()) << label;
    return found == counts.end() ? 0 : found->count;
  }
  bool incomplete(const std::string& window) {
    for (const auto& each : moment().status.windows)
      if (each.window == window) return each.incomplete;
    ADD_FAILURE() << "no window " << window;
    return false;
  }

  Instant wall_{1'700'000'000s};
  Monitor monitor_{engine::Settings{}, intake::IntakeSettings{}, proto::IdHasher{},
                   [this] { return wall_; }};
  moment::Moment moment_;
};

TEST_F(MonitorTest, BeforeAnythingHappensIsStarting) {
  EXPECT_EQ(moment::not_ready_reason(moment().status), "starting");
  EXPECT_EQ(count(moment().status.events, "message"), 0U);
  EXPECT_EQ(count(moment().status.rejected, "malformed"), 0U);
  EXPECT_EQ(count(moment().status.disconnects, "bye"), 0U);
}

TEST_F(MonitorTest, AWaitGrowsWithTheClockThoughNoEventComes) {
  monitor_.listener().connected(5s, wall_);
  customer_writes(wall_);
  wall_ += 4s;

  const moment::Moment& now = moment();

  ASSERT_EQ(now.report.shops.size(), 1U);
  EXPECT_EQ(now.report.shops[0].levels.waiting_customers, 1U);
  EXPECT_EQ(now.report.shops[0].levels.oldest_wait_ms, 3'000);  // behind by the reorder window
  EXPECT_EQ(moment::not_ready_reason(now.status), "");
  EXPECT_EQ(now.status.lag, 4s);
}

TEST_F(MonitorTest, ADeadlineFiresAtATickWithoutAScrape) {
  monitor_.listener().connected(5s, wall_);
  customer_writes(wall_);
  for (int second = 0; second < 70; ++second) {
    wall_ += 1s;
    monitor_.listener().heartbeat(wall_, wall_);
    monitor_.tick();
  }

  EXPECT_EQ(monitor_.intake().watermark(), wall_ - 1s);
  EXPECT_EQ(moment().report.shops[0].counters.slow_turns, 1U);
}

TEST_F(MonitorTest, OldNumbersAreStaleThoughTheSourceSaysThatThereIsNoMore) {
  monitor_.listener().connected(5s, wall_);
  customer_writes(wall_ - 30s);  // out of a backlog
  monitor_.listener().heartbeat(wall_, wall_);

  EXPECT_EQ(moment().report.watermark, wall_ - 31s);
  EXPECT_TRUE(moment().status.stale);

  wall_ += 1s;
  EXPECT_EQ(moment().report.watermark, wall_ - 1s);
  EXPECT_FALSE(moment().status.stale);
}

TEST_F(MonitorTest, NumbersStandStillAndSaySoWhileTheFeedIsGone) {
  monitor_.listener().connected(5s, wall_);
  customer_writes(wall_);
  wall_ += 2s;
  const Instant before = moment().report.watermark;
  monitor_.listener().disconnected(intake::Disconnect::closed_by_peer);
  wall_ += 1h;

  const moment::Moment& now = moment();

  EXPECT_EQ(now.report.watermark, before);
  EXPECT_TRUE(now.status.stale);
  EXPECT_EQ(moment::not_ready_reason(now.status), "feed disconnected");
  EXPECT_EQ(count(now.status.disconnects, "closed_by_peer"), 1U);
}

TEST_F(MonitorTest, AQuietFeedIsReadyBetweenItsHeartbeatsAndNotWithoutThem) {
  monitor_.listener().connected(10s, wall_);
  monitor_.listener().heartbeat(wall_, wall_);
  monitor_.tick();
  wall_ += 14s;
  EXPECT_EQ(moment::not_ready_reason(moment().status), "");

  wall_ += 2s;

  EXPECT_EQ(moment::not_ready_reason(moment().status), "feed silent");
}

TEST_F(MonitorTest, AGapMarksTheWindowsItTouchesUntilTheyHavePassedIt) {
  monitor_.listener().connected(5s, wall_);
  customer_writes(wall_);
  monitor_.listener().gap(intake::GapKind::hole);
  customer_writes(wall_ + 500ms);
  EXPECT_EQ(moment().status.gaps, 1U);
  EXPECT_TRUE(incomplete("1m"));
  EXPECT_TRUE(incomplete("1h"));
  EXPECT_TRUE(incomplete("today"));

  for (int second = 0; second < 120; ++second) {
    wall_ += 1s;
    monitor_.listener().heartbeat(wall_, wall_);
  }

  EXPECT_FALSE(incomplete("1m"));
  EXPECT_TRUE(incomplete("1h"));
  EXPECT_TRUE(incomplete("today"));
}

TEST_F(MonitorTest, CountsWhatItIsGivenByTypeAndReason) {
  monitor_.listener().connected(5s, wall_);
  customer_writes(wall_);
  customer_writes(wall_ + 1h);
  monitor_.listener().rejected({proto::Reject::malformed, "ts"});

  EXPECT_EQ(count(moment().status.events, "message"), 1U);
  EXPECT_EQ(count(moment().status.rejected, "future"), 1U);
  EXPECT_EQ(count(moment().status.rejected, "malformed"), 1U);
}

TEST_F(MonitorTest, TheListOfWaitingCustomersIsTheNumberOfTheSameMoment) {
  monitor_.listener().connected(5s, wall_);
  customer_writes(wall_);
  wall_ += 4s;
  moment_.waiting = {{.wish = {{}, 20}, .list = {}, .customers = {}},
                     {.wish = {{"nowhere", ""}, {}}, .list = {}, .customers = {}}};

  const moment::Moment& now = moment();

  EXPECT_EQ(now.waiting[0].list.waiting_customers, 1U);
  ASSERT_EQ(now.waiting[0].list.rows.size(), 1U);
  EXPECT_EQ(now.waiting[0].list.rows[0].since, wall_ - 4s);
  EXPECT_EQ(now.waiting[1].list.answer, engine::WaitingAnswer::unknown_shop);
  EXPECT_EQ(now.at, wall_);
}

TEST_F(MonitorTest, CustomersAreMaskedUnlessTheyAreToBeShownAndThenFromTheirNextMessageOn) {
  moment_.waiting = {{.wish = {{}, {}}, .list = {}, .customers = {}}};
  monitor_.listener().connected(5s, wall_);
  customer_writes(wall_);
  EXPECT_TRUE(moment().waiting[0].customers.empty());

  monitor_.show_customers(true);
  wall_ += 4s;
  monitor_.tick();
  EXPECT_EQ(moment().waiting[0].customers, std::vector<std::string>{""});
  customer_writes(wall_ - 2s);  // late
  EXPECT_EQ(moment().waiting[0].customers, std::vector<std::string>{"customer"});
  monitor_.tick();
  EXPECT_EQ(moment().waiting[0].customers, std::vector<std::string>{"customer"});

  monitor_.show_customers(false);
  EXPECT_TRUE(moment().waiting[0].customers.empty());
  monitor_.show_customers(true);
  EXPECT_EQ(moment().waiting[0].customers, std::vector<std::string>{""});
}

TEST_F(MonitorTest, SpansAreThoseOfTheScopes) {
  const moment::Moment& now = moment();

  ASSERT_EQ(now.spans.size(), now.report.scopes->size());
  EXPECT_EQ(now.spans.front(), 1min);
  EXPECT_EQ(now.spans.back(), 0s);
}

TEST_F(MonitorTest, NamesTheWindowsAsTheReportDoes) {
  const moment::Moment& now = moment();

  ASSERT_EQ(now.status.windows.size(), now.report.scopes->size());
  for (std::size_t i = 0; i < now.status.windows.size(); ++i)
    EXPECT_EQ(now.status.windows[i].window, (*now.report.scopes)[i]);
}

}  // namespace
}  // namespace deskpulse
