// What a window says of itself when events were missed, whatever is the first to come behind.
#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>

#include "daemon/feed/stream_session.hpp"
#include "daemon/monitor/monitor.hpp"

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

constexpr Instant kStart{1'700'000'000s};

std::string millis(Instant at) { return std::to_string(at.time_since_epoch().count()); }

/// A stream and the monitor behind it.
class MonitorGapTest : public testing::Test {
 protected:
  void begin(feed::Protocol protocol) {
    feed::StreamSettings settings;
    settings.protocol = protocol;
    session_.emplace(settings);
    session_->listen(&monitor_.listener());
    session_->opened(wall_);
  }
  void ready(const std::string& more = "") {
    say(R"({"op":"ready","epoch":"k","resume":"live","floor":5,"head":7,"heartbeat_ms":5000)" +
        more + "}");
  }
  void say(const std::string& text) { session_->message(text, proto::Tail::unknown, wall_); }
  static std::string message(Instant ts) {
    return R"({"type":"message","ts":)" + millis(ts) +
           R"(,"shop":"s","customer":"c","from":"customer"})";
  }
  void event(std::uint64_t seq, Instant ts) {
    say(R"({"op":"events","seq":)" + std::to_string(seq) + R"(,"events":[)" + message(ts) + "]}");
  }
  void pass(Millis span) { wall_ += span; }

  bool incomplete(std::string_view window) {
    monitor_.fill(moment_);
    for (const moment::WindowIncomplete& each : moment_.status.windows)
      if (each.window == window) return each.incomplete;
    ADD_FAILURE() << "no window " << window;
    return false;
  }

  Instant wall_ = kStart;
  Monitor monitor_{engine::Settings{}, intake::IntakeSettings{}, proto::IdHasher{},
                   [this] { return wall_; }};
  std::optional<feed::StreamSession> session_;
  moment::Moment moment_;
};

TEST_F(MonitorGapTest, ALateFirstEventDoesNotCompleteAWindowThatMissesTheStart) {
  begin(feed::Protocol::v1);
  ready();
  pass(1s);
  event(8, wall_ - 5min);
  event(9, wall_);

  EXPECT_TRUE(incomplete("1m"));
  EXPECT_TRUE(incomplete("5m"));
}

TEST_F(MonitorGapTest, ALateFirstEventDoesNotEndAnOutageOfAPlainStreamBeforeItsEnd) {
  begin(feed::Protocol::plain);
  say(message(wall_));
  pass(2h);
  say(message(wall_));
  EXPECT_FALSE(incomplete("1h"));

  session_->disconnected(intake::Disconnect::connection_lost);
  pass(3min);
  session_->opened(wall_);
  pass(1s);
  say(message(wall_ - 3min));
  say(message(wall_));

  EXPECT_TRUE(incomplete("1m"));
}

TEST_F(MonitorGapTest, ALateFirstEventDoesNotEndAHoleBeforeItWasFound) {
  begin(feed::Protocol::v1);
  ready();
  event(8, wall_);
  pass(2h);
  event(9, wall_);
  EXPECT_FALSE(incomplete("1h"));

  pass(4min);
  event(12, wall_ - 4min);
  event(13, wall_);

  EXPECT_TRUE(incomplete("1m"));
}

TEST_F(MonitorGapTest, ALateFirstEventDoesNotCompleteAWindowThatMissesAMessageWithoutMemory) {
  begin(feed::Protocol::plain);
  say(message(wall_));
  pass(2h);
  say(message(wall_));
  EXPECT_FALSE(incomplete("1h"));

  pass(4min);
  session_->lost(wall_);
  say(message(wall_ - 4min));
  say(message(wall_));

  EXPECT_TRUE(incomplete("1m"));
}

TEST_F(MonitorGapTest, AClockThatWasBehindAtTheStartIsNotBelievedAboutIt) {
  const Instant right = wall_;
  wall_ -= 1h;
  begin(feed::Protocol::plain);
  pass(1s);
  monitor_.clock_stepped(1h, wall_ += 1h);
  say(message(right - 3min));
  pass(30s);
  say(message(wall_));

  EXPECT_TRUE(incomplete("1m"));
}

TEST_F(MonitorGapTest, AnOldGapStaysWhereItIsWhenTheMachineHasSlept) {
  begin(feed::Protocol::plain);
  say(message(wall_));
  pass(10min);
  say(message(wall_));
  EXPECT_FALSE(incomplete("1m"));

  monitor_.clock_stepped(1h, wall_ += 1h);
  say(message(wall_));
  pass(2s);
  say(message(wall_));

  EXPECT_FALSE(incomplete("1m"));
}

TEST_F(MonitorGapTest, AGapEndsAtTheTimeThatTheSourceSays) {
  begin(feed::Protocol::v1);
  ready(R"(,"ts":)" + millis(wall_ - 30s));
  event(8, wall_ - 5min);
  pass(40s);
  event(9, kStart + 29s);
  EXPECT_TRUE(incomplete("1m"));

  // The watermark is a second behind; a window of 1m begins 59 s before the second that it is in.
  event(10, kStart + 31s);

  EXPECT_FALSE(incomplete("1m"));
}

TEST_F(MonitorGapTest, ASourceFarAheadOfOurClockMarksNoWindowThatIsStillToCome) {
  begin(feed::Protocol::v1);
  ready(R"(,"ts":)" + millis(wall_ + 24h));
  pass(10s);
  event(8, wall_);
  EXPECT_TRUE(incomplete("1m"));

  pass(62s);
  event(9, wall_);

  EXPECT_FALSE(incomplete("1m"));
}

}  // namespace
}  // namespace deskpulse
