// What goes wrong between the platform and the daemon, over a real WebSocket: nothing is lost while
// the stream can be resumed, and what is lost is counted and marked.
#include "daemon/simulator/faults.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/simulator/stream_server.hpp"
#include "daemon/simulator/traffic.hpp"
#include "proto/decoder.hpp"
#include "proto/encoder.hpp"
#include "tests/end_to_end/live_daemon.hpp"
#include "tests/property/flatten.hpp"
#include "tests/property/reorder_recount.hpp"

namespace deskpulse::end_to_end {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

constexpr Instant kEvening{Millis{1'762'789'800'000}};  // 2025-11-10 23:50 in Shanghai

/// A server whose clock the test moves; heartbeats say what it shows.
class Platform {
 public:
  Platform(Instant now, simulator::StreamServerOptions options) : now_(since_epoch(now)) {
    options.heartbeat = 10ms;
    options.stream_time = [this] { return Instant{Millis{now_.load()}}; };
    server_.emplace(std::move(options));
  }

  void set_clock(Instant now) { now_ = since_epoch(now); }
  simulator::StreamServer& server() { return *server_; }
  feed::WebsocketSettings address() const {
    feed::WebsocketSettings settings;
    settings.endpoint = *feed::parse_endpoint("ws://127.0.0.1:" + std::to_string(server_->port()));
    return settings;
  }

 private:
  static std::int64_t since_epoch(Instant instant) { return instant.time_since_epoch().count(); }

  std::atomic<std::int64_t> now_;
  std::optional<simulator::StreamServer> server_;
};

std::string question(int n, Instant ts) {
  const std::string id = std::to_string(n);
  proto::Event event;
  event.type = proto::Type::message;
  event.from = proto::From::customer;
  event.id = id;
  event.ts = ts;
  event.shop = "shop";
  event.customer = id;
  std::string json;
  proto::append_event(json, event);
  return json;
}

property::Act act_of(proto::Decoder& decoder, const std::string& json) {
  const auto event = decoder.event(json);
  EXPECT_TRUE(event) << json;
  return property::Act(*event);
}

std::string text_of(const property::Difference& difference) {
  return difference.series + "\n  daemon  " + testing::PrintToString(difference.engine) +
         "\n  recount " + testing::PrintToString(difference.recount);
}

property::Series counts_of(const intake::Intake& intake) {
  const intake::IntakeCounters& counters = intake.counters();
  double taken = 0;
  for (const std::uint64_t of_type : counters.events) taken += static_cast<double>(of_type);
  double rejected = 0;
  for (const std::uint64_t of_reason : counters.rejected)
    rejected += static_cast<double>(of_reason);
  return {{"taken", taken},
          {"late", static_cast<double>(counters.late)},
          {"duplicates", static_cast<double>(counters.duplicates)},
          {"rejected", rejected}};
}

property::Series counts_of(const property::ReorderRecount& order) {
  const auto& counts = order.counts();
  return {
      {"taken", counts.taken},
      {"late", counts.late},
      {"duplicates", counts.duplicates},
      {"rejected", counts.future + counts.too_late + counts.unknown_type + counts.unknown_from}};
}

TEST(Faults, WithResumeEveryNumberIsTheRecountOfWhatWasSent) {
  constexpr int kRounds = 30;
  constexpr std::size_t kEventsARound = 80;
  simulator::TrafficOptions options;
  options.preset = simulator::Preset::promo;
  options.shops = 2;
  options.agents = 10;
  options.rate = 4;
  options.seed = 11;
  options.start = kEvening;
  simulator::Traffic traffic(options);
  simulator::Deliveries deliveries([&] { return std::optional(traffic.next()); },
                                   {.duplicates = 0.03, .disorder = 0.05, .late = 0.02}, 11);

  Platform platform(kEvening, {});
  feed::WebsocketSettings address = platform.address();
  address.start_at = feed::StartAt::floor;
  const property::Rules rules;
  LiveDaemon daemon(property::settings_of(rules), {}, address, kEvening);
  property::Recount recount(rules);
  property::ReorderRecount order({}, recount);
  proto::Decoder decoder;

  std::uint64_t sent = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    std::array<std::vector<std::string>, 3> parts;
    std::vector<property::Act> acts;
    Instant now{};
    for (std::size_t i = 0; i < kEventsARound; ++i) {
      const auto delivery = deliveries.next();
      now = delivery->at;
      parts[i * parts.size() / kEventsARound].emplace_back(delivery->json);
      acts.push_back(act_of(decoder, parts[i * parts.size() / kEventsARound].back()));
    }
    sent += kEventsARound;

    // While the events come the clock stands at `now`; then nothing comes for a second, and the
    // numbers are read as of `now`.
    daemon.set_wall(now);
    platform.server().publish(parts[0]);
    if (round % 3 == 1) platform.server().go_down();
    platform.server().publish(parts[1]);
    platform.server().come_up();
    if (round % 5 == 3) {
      daemon.run_until("an event", [&] { return daemon.delivered() > sent - kEventsARound; });
      platform.server().go_down();
      platform.server().come_up();
    }
    platform.server().publish(parts[2]);
    daemon.run_until("all events", [&] { return daemon.delivered() >= sent; });
    platform.set_clock(now + 1s);
    daemon.set_wall(now + 1s);
    daemon.run_until_caught_up();
    const moment::Moment& moment = daemon.moment();

    const property::Time at = now.time_since_epoch().count();
    for (const property::Act& act : acts) order.arrive(act, at);
    order.finish(at);  // the watermark of a silent feed: the clock less the reorder window
    ASSERT_EQ(daemon.delivered(), sent);
    ASSERT_EQ(moment.report.watermark, now);
    if (const auto difference =
            property::first_difference(property::flatten(moment.report), recount.series()))
      FAIL() << text_of(*difference);
    if (const auto difference =
            property::first_difference(counts_of(daemon.intake()), counts_of(order)))
      FAIL() << text_of(*difference);
  }

  EXPECT_GE(daemon.intake().counters().reconnects(), 10U);
  EXPECT_GE(daemon.intake().counters().duplicates, 20U);
  EXPECT_GE(daemon.intake().counters().late, 20U);
  EXPECT_EQ(daemon.moment().status.gaps, 0U);
  EXPECT_FALSE(daemon.is_incomplete("1h"));
  EXPECT_FALSE(daemon.is_incomplete("today"));
}

/// A daemon that started live, two hours ago: its start is in no rolling window any more.
class FaultsWithoutResume : public testing::Test {
 protected:
  void connect(simulator::StreamServerOptions options) {
    const bool plain = options.plain;
    platform_.emplace(now_, std::move(options));
    feed::WebsocketSettings address = platform_->address();
    if (plain) address.protocol = feed::Protocol::plain;
    daemon_.emplace(engine::Settings{}, intake::IntakeSettings{}, address, now_);
    daemon_->run_until("a connection", [&] { return daemon_->is_connected() && has_client(); });
    ask(1);
    EXPECT_EQ(windows(), "1m 5m 15m 30m 1h today");  // the time before is not known (R29)
    pass(2h);
    EXPECT_EQ(windows(), "today");
    EXPECT_EQ(daemon_->moment().status.gaps, 0U);
  }

  bool has_client() { return platform_->server().statistics().clients == 1; }
  /// A customer writes now, and the daemon has it.
  void ask(int n) {
    const std::uint64_t before = daemon_->delivered();
    platform_->server().publish({question(n, now_)});
    daemon_->run_until("a question", [&] { return daemon_->delivered() > before; });
  }
  void pass(Millis time) {
    now_ += time;
    platform_->set_clock(now_);
    daemon_->set_wall(now_);
    daemon_->run_until_caught_up();
  }
  /// The labels of the windows that are marked incomplete.
  std::string windows() {
    std::string labels;
    for (const auto& each : daemon_->moment().status.windows)
      if (each.incomplete) labels += (labels.empty() ? "" : " ") + each.window;
    return labels;
  }
  /// Of today; counters begin anew where events are lost at the source.
  std::uint64_t messages() {
    const engine::Report& report = daemon_->moment().report;
    const std::size_t scopes = report.scopes->size();
    std::uint64_t sum = 0;
    for (std::size_t shop = 1; shop <= report.shops.size(); ++shop)
      for (const auto count : report.shop_scopes[shop * scopes - 1].messages) sum += count;
    return sum;
  }
  /// The gap is behind us: each window is marked until it has passed it, the day to its end.
  void expect_marks_to_pass() {
    EXPECT_EQ(daemon_->moment().status.gaps, 1U);
    EXPECT_EQ(windows(), "1m 5m 15m 30m 1h today");
    pass(67s);  // the server's clock may be max_clock_skew ahead of ours
    EXPECT_EQ(windows(), "5m 15m 30m 1h today");
    pass(5min);
    EXPECT_EQ(windows(), "15m 30m 1h today");
    pass(10min);
    EXPECT_EQ(windows(), "30m 1h today");
    pass(16min);
    EXPECT_EQ(windows(), "1h today");
    pass(31min);
    EXPECT_EQ(windows(), "today");
    pass(24h);
    EXPECT_EQ(windows(), "");
    EXPECT_EQ(daemon_->moment().status.gaps, 1U);
  }

  Instant now_{kEvening - 12h};
  std::optional<Platform> platform_;
  std::optional<LiveDaemon> daemon_;
};

TEST_F(FaultsWithoutResume, ADisconnectOfAPlainFeedIsAGap) {
  simulator::StreamServerOptions options;
  options.plain = true;
  connect(std::move(options));

  platform_->server().go_down();
  daemon_->run_until("the end of the connection", [&] { return !daemon_->is_connected(); });
  platform_->server().publish({question(2, now_)});
  EXPECT_TRUE(daemon_->moment().status.stale);
  platform_->server().come_up();
  daemon_->run_until("a connection", [&] { return daemon_->is_connected() && has_client(); });
  pass(1s);
  ask(3);
  pass(1s);

  EXPECT_EQ(messages(), 2U);  // the second question was never delivered
  expect_marks_to_pass();
}

TEST_F(FaultsWithoutResume, APlainFeedThatIsSilentIsFollowedByItsOwnClock) {
  simulator::StreamServerOptions options;
  options.plain = true;
  connect(std::move(options));
  platform_->server().publish({question(2, now_ - 3s)});
  daemon_->run_until("a question", [&] { return daemon_->delivered() == 2; });

  pass(10s);
  pass(1s);

  EXPECT_EQ(daemon_->moment().report.watermark, now_ - 3s - 1s);
}

TEST_F(FaultsWithoutResume, ANewEpochIsAGap) {
  connect({});

  platform_->server().restart("another");
  daemon_->run_until("another connection", [&] { return daemon_->connects() == 2; });
  pass(1s);
  ask(2);
  pass(1s);

  EXPECT_EQ(messages(), 2U);
  expect_marks_to_pass();
}

TEST_F(FaultsWithoutResume, EventsThatTheServerHasForgottenAreAGap) {
  simulator::StreamServerOptions options;
  options.backlog = 10;
  connect(std::move(options));

  platform_->server().go_down();
  daemon_->run_until("the end of the connection", [&] { return !daemon_->is_connected(); });
  std::vector<std::string> missed;
  for (int n = 2; n < 32; ++n) missed.push_back(question(n, now_));
  platform_->server().publish(missed);
  platform_->server().come_up();
  daemon_->run_until("what is left", [&] { return daemon_->delivered() == 11; });
  pass(1s);

  EXPECT_EQ(messages(), 11U);
  expect_marks_to_pass();
}

}  // namespace
}  // namespace deskpulse::end_to_end
