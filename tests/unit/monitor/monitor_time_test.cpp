// Clocks that are set, and a process that stands still, make nobody's answer slow.
#include <gmock/gmock.h>

#include <deque>
#include <functional>
#include <string_view>

#include "daemon/host/wall_clock.hpp"
#include "daemon/monitor/monitor.hpp"

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

/// The source's time, the machine's two clocks, a monitor with its ticks, and a source that sends
/// on a true clock. What it sends lies in the socket until the process runs.
class Machine {
 public:
  explicit Machine(bool has_clock) : has_clock_(has_clock) {
    clock_.on_step([this](Millis delta, Instant wall) { monitor_.clock_stepped(delta, wall); });
    monitor_.listener().connected(5s, clock_.now());
  }

  /// The process runs, with four ticks a second.
  void run(Millis span) {
    for (Millis passed{0}; passed < span; passed += 250ms) {
      pass(250ms);
      // The timer and the socket are ready in any order.
      if (ticks_first_) monitor_.tick();
      read();
      if (!ticks_first_) monitor_.tick();
      if (has_scrapes_) monitor_.fill(moment_);
    }
  }
  /// It does not, and the source goes on.
  void stop(Millis span) { pass(span); }
  /// The same, and the monotonic clock stops as well.
  void suspend(Millis span) {
    pass(span);
    reading_.monotonic -= span;
  }
  void set_clock(Millis step) { reading_.system += step; }
  void set_source_clock(Millis step) { true_time_ += step; }
  /// As when they are on one machine.
  void set_both_clocks(Millis step) {
    set_clock(step);
    set_source_clock(step);
  }

  void customer_writes(std::string_view who = "customer") { send(proto::From::customer, who); }
  void agent_answers(std::string_view who = "customer") { send(proto::From::human, who); }

  const moment::Moment& moment() {
    monitor_.fill(moment_);
    return moment_;
  }
  std::uint64_t slow_turns() { return moment().report.shops.at(0).counters.slow_turns; }
  std::uint64_t answered_turns() {
    return moment().report.shops.at(0).counters.turns[static_cast<int>(engine::Outcome::answered)];
  }

  bool ticks_first_ = true;
  bool has_scrapes_ = true;

 private:
  void pass(Millis span) {
    for (Millis passed{0}; passed < span; passed += 250ms) {
      true_time_ += 250ms;
      reading_.system += 250ms;
      reading_.monotonic += 250ms;
      if (true_time_.time_since_epoch() % 1s != 0ms) continue;
      if (has_clock_) {
        const Instant its_time = true_time_;
        socket_.push_back(
            [its_time](intake::FeedListener& to, Instant wall) { to.heartbeat(its_time, wall); });
      } else {
        socket_.push_back([](intake::FeedListener& to, Instant wall) { to.answered(wall); });
      }
    }
  }
  /// `who` is a literal.
  void send(proto::From from, std::string_view who) {
    proto::Event event;
    event.type = proto::Type::message;
    event.from = from;
    event.ts = true_time_;
    event.shop = "shop";
    event.customer = who;
    event.agent = "agent";
    socket_.push_back([event](intake::FeedListener& to, Instant wall) { to.event(event, wall); });
  }
  void read() {
    for (; !socket_.empty(); socket_.pop_front())
      socket_.front()(monitor_.listener(), clock_.now());
  }

  const bool has_clock_;
  Instant true_time_{1'700'000'000s};
  ClockReading reading_{true_time_, 1h};
  WallClock clock_{[this] { return reading_; }};
  Monitor monitor_{engine::Settings{}, intake::IntakeSettings{}, proto::IdHasher{},
                   [this] { return clock_.now(); }};
  std::deque<std::function<void(intake::FeedListener&, Instant)>> socket_;
  moment::Moment moment_;
};

/// A source with a clock of its own, or a plain one; the tick before what is in the socket, or
/// behind it.
class MachineTest : public testing::TestWithParam<std::pair<bool, bool>> {
 protected:
  MachineTest() { machine.ticks_first_ = GetParam().second; }
  Machine machine{GetParam().first};
};

TEST_P(MachineTest, AnAnswerInTimeIsNotSlowAndOneThatIsSlowIs) {
  machine.run(5s);
  machine.customer_writes();
  machine.run(59s);
  machine.agent_answers();
  machine.run(5s);
  EXPECT_EQ(machine.slow_turns(), 0u);

  machine.customer_writes();
  machine.run(62s);
  EXPECT_EQ(machine.slow_turns(), 1u);
}

TEST_P(MachineTest, AStepForwardMakesNoAnswerSlow) {
  for (const Millis step : {Millis{3s}, Millis{2min}, Millis{1h}}) {
    Machine stepped(GetParam().first);
    stepped.ticks_first_ = GetParam().second;
    stepped.run(5s);
    stepped.customer_writes();
    stepped.run(58s);
    stepped.set_clock(step);
    stepped.run(1s);
    stepped.agent_answers();
    stepped.run(10s);

    EXPECT_EQ(stepped.slow_turns(), 0u) << step.count();
    EXPECT_EQ(stepped.moment().status.clock_steps, 1u);
    EXPECT_EQ(stepped.moment().status.stale, step > 5s) << step.count();
    EXPECT_GE(stepped.moment().status.lag, step - 1s);

    stepped.set_clock(-step);
    stepped.run(10s);

    EXPECT_EQ(stepped.slow_turns(), 0u) << step.count();
    EXPECT_EQ(stepped.answered_turns(), 1u) << step.count();
    EXPECT_FALSE(stepped.moment().status.stale) << step.count();
  }
}

TEST_P(MachineTest, AStepBackwardMakesNoAnswerSlowAndLosesNone) {
  for (const Millis step : {Millis{3s}, Millis{1h}}) {
    Machine stepped(GetParam().first);
    stepped.ticks_first_ = GetParam().second;
    stepped.run(5s);
    stepped.customer_writes();
    stepped.run(58s);
    stepped.set_clock(-step);
    stepped.run(1s);
    stepped.agent_answers();
    stepped.run(10s);
    EXPECT_EQ(stepped.moment().status.stale, step > 5s) << step.count();

    stepped.set_clock(step);
    stepped.run(10s);

    EXPECT_EQ(stepped.slow_turns(), 0u) << step.count();
    EXPECT_EQ(stepped.answered_turns(), 1u) << step.count();
    EXPECT_FALSE(stepped.moment().status.stale);
    EXPECT_EQ(stepped.moment().status.clock_steps, 2u);
  }
}

TEST_P(MachineTest, BothClocksSetBackMakeNobodySlowWhoIsAnswered) {
  machine.run(5s);
  machine.customer_writes();
  machine.agent_answers();
  machine.run(5s);
  machine.set_both_clocks(-5min);
  machine.customer_writes("another");
  machine.run(6s);
  machine.agent_answers("another");
  machine.run(5s);
  EXPECT_EQ(machine.slow_turns(), 0u);
  EXPECT_EQ(machine.answered_turns(), 2u);
  EXPECT_TRUE(machine.moment().status.stale);

  machine.run(5min);
  machine.customer_writes();
  machine.run(5s);

  EXPECT_EQ(machine.slow_turns(), 0u);
  EXPECT_FALSE(machine.moment().status.stale);
}

TEST_P(MachineTest, AfterBothClocksWereSetBackWhoWaitsIsSlowOnceTimeHasComeThere) {
  machine.run(5s);
  machine.customer_writes();
  machine.agent_answers();
  machine.run(5s);
  machine.set_both_clocks(-5min);
  machine.run(2s);
  machine.customer_writes("another");
  machine.run(2min);
  EXPECT_EQ(machine.slow_turns(), 0u);
  EXPECT_TRUE(machine.moment().status.stale);

  machine.run(3min);
  machine.agent_answers();  // a plain source says by that how late it is
  machine.run(5s);

  EXPECT_EQ(machine.slow_turns(), 1u);
}

TEST_P(MachineTest, BothClocksSetBackByAnHourAreStaleAndWhatIsLostMarksTheWindows) {
  machine.run(5s);
  machine.customer_writes();
  machine.agent_answers();
  machine.run(5s);
  machine.set_both_clocks(-1h);
  machine.run(10s);
  machine.customer_writes();
  machine.run(50min);

  EXPECT_TRUE(machine.moment().status.stale);
  EXPECT_EQ(machine.moment().status.gaps, 1u);
  for (const moment::WindowIncomplete& window : machine.moment().status.windows)
    EXPECT_TRUE(window.incomplete) << window.window;

  machine.run(10min);
  machine.customer_writes();
  machine.run(5s);

  EXPECT_FALSE(machine.moment().status.stale);
  EXPECT_EQ(machine.moment().status.gaps, 1u);
}

TEST(Monitor, ASourceFarAheadOfOurClockProvesNothing) {
  Machine machine(true);
  machine.run(5s);
  machine.customer_writes();
  machine.run(5s);
  EXPECT_FALSE(machine.moment().status.stale);

  machine.set_source_clock(10min);
  machine.agent_answers();
  machine.run(20s);

  EXPECT_TRUE(machine.moment().status.stale);
  EXPECT_EQ(machine.slow_turns(), 0u);
}

TEST_P(MachineTest, WhatIsInTheSocketAfterAStopIsReadBeforeTimePasses) {
  for (const Millis span : {Millis{3s}, Millis{4s}, Millis{2min}}) {
    Machine stopped(GetParam().first);
    stopped.ticks_first_ = GetParam().second;
    stopped.run(5s);
    stopped.customer_writes();
    stopped.run(59s);
    stopped.stop(1s - 250ms);
    stopped.agent_answers();
    stopped.stop(span);
    EXPECT_EQ(stopped.slow_turns(), 0u) << "a scrape is the first thing that happens";
    stopped.run(10s);

    EXPECT_EQ(stopped.slow_turns(), 0u) << span.count();
    EXPECT_EQ(stopped.answered_turns(), 1u) << span.count();
    EXPECT_EQ(stopped.moment().status.stalls, 1u);
    EXPECT_EQ(stopped.moment().status.clock_steps, 0u);
    EXPECT_FALSE(stopped.moment().status.stale);
  }
}

TEST_P(MachineTest, ASuspensionMakesNoAnswerSlow) {
  machine.run(5s);
  machine.customer_writes();
  machine.run(59s);
  machine.agent_answers();
  machine.suspend(1h);
  EXPECT_EQ(machine.slow_turns(), 0u);
  EXPECT_TRUE(machine.moment().status.stale);
  EXPECT_GE(machine.moment().status.lag, 1h);
  machine.run(10s);
  machine.customer_writes();  // a plain source says by that how late it is
  machine.run(10s);

  EXPECT_EQ(machine.slow_turns(), 0u);
  EXPECT_EQ(machine.answered_turns(), 1u);
  EXPECT_EQ(machine.moment().status.clock_steps, 1u);
  EXPECT_FALSE(machine.moment().status.stale);
}

TEST_P(MachineTest, TimeGoesOnAfterAStop) {
  machine.run(5s);
  machine.customer_writes();
  machine.run(30s);
  machine.stop(4s);
  machine.run(10s);
  EXPECT_EQ(machine.slow_turns(), 0u);

  machine.run(20s);

  EXPECT_EQ(machine.slow_turns(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Sources, MachineTest,
                         testing::Values(std::pair{true, true}, std::pair{true, false},
                                         std::pair{false, true}, std::pair{false, false}),
                         [](const auto& chosen) {
                           return std::string(chosen.param.first ? "Session" : "Plain") +
                                  (chosen.param.second ? "TickFirst" : "SocketFirst");
                         });

}  // namespace
}  // namespace deskpulse
