#include "daemon/persistence/forked_task.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstring>
#include <optional>
#include <vector>

namespace {

using deskpulse::ForkedTask;

template <class Value>
void put(ForkedTask::Result& result, const Value& value) {
  static_assert(sizeof(Value) <= sizeof(ForkedTask::Result));
  std::memcpy(result.data(), &value, sizeof(value));
}
template <class Value>
Value get(const ForkedTask::Result& result) {
  Value value;
  std::memcpy(&value, result.data(), sizeof(value));
  return value;
}

class ForkedTaskTest : public testing::Test {
 protected:
  /// Runs the work to its end.
  ForkedTask::Outcome outcome_of(const ForkedTask::Work& work, std::vector<int> keep_open = {}) {
    ForkedTask task(io_, std::move(keep_open));
    std::optional<ForkedTask::Outcome> outcome;
    task.start(work, [&](const ForkedTask::Outcome& ended) { outcome = ended; });
    EXPECT_FALSE(outcome.has_value());
    io_.restart();
    io_.run();
    EXPECT_FALSE(task.is_running());
    return outcome.value();
  }

  boost::asio::io_context io_;
};

TEST_F(ForkedTaskTest, SeesTheStateOfTheInstantAtWhichItWasStarted) {
  int state = 1;
  ForkedTask task(io_, {});
  int seen = 0;

  task.start([&](ForkedTask::Result& result) { put(result, state); },
             [&](const ForkedTask::Outcome& outcome) {
               EXPECT_TRUE(outcome.finished);
               seen = get<int>(outcome.result);
             });
  state = 2;
  io_.run();

  EXPECT_EQ(seen, 1);
}

TEST_F(ForkedTaskTest, ChangesNothingHere) {
  int state = 1;
  const auto outcome = outcome_of([&](ForkedTask::Result&) { state = 2; });

  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(state, 1);
}

TEST_F(ForkedTaskTest, KeepsOnlyTheDescriptorsItIsToldToKeep) {
  const int kept = ::open("/dev/null", O_RDONLY);
  const int other = ::open("/dev/null", O_RDONLY);
  struct Seen {
    bool kept;
    bool other;
  };

  const auto outcome = outcome_of(
      [&](ForkedTask::Result& result) {
        put(result, Seen{::fcntl(kept, F_GETFD) >= 0, ::fcntl(other, F_GETFD) >= 0});
      },
      {kept});

  EXPECT_TRUE(get<Seen>(outcome.result).kept);
  EXPECT_FALSE(get<Seen>(outcome.result).other);
  EXPECT_GE(::fcntl(other, F_GETFD), 0);
  ::close(kept);
  ::close(other);
}

TEST_F(ForkedTaskTest, HeedsNoSignalThatIsMeantForTheDaemon) {
  const auto outcome = outcome_of([](ForkedTask::Result& result) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::kill(::getpid(), signal);
    put(result, 7);
  });

  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(get<int>(outcome.result), 7);
}

TEST_F(ForkedTaskTest, SaysThatTheChildDied) {
  const auto outcome = outcome_of([](ForkedTask::Result&) { ::kill(::getpid(), SIGKILL); });

  EXPECT_FALSE(outcome.finished);
  EXPECT_EQ(outcome.signal, SIGKILL);
  EXPECT_EQ(outcome.error, 0);
}

TEST_F(ForkedTaskTest, IsEndedByAKill) {
  ForkedTask task(io_, {});
  std::optional<ForkedTask::Outcome> outcome;

  task.start([](ForkedTask::Result&) { ::pause(); },
             [&](const ForkedTask::Outcome& ended) { outcome = ended; });
  task.kill();
  io_.run();

  ASSERT_TRUE(outcome.has_value());
  EXPECT_FALSE(outcome->finished);
  EXPECT_EQ(outcome->signal, SIGKILL);
}

TEST_F(ForkedTaskTest, ThatIsLetGoDoesNotKeepTheContextRunning) {
  bool called = false;
  ForkedTask task(io_, {});
  task.start([](ForkedTask::Result&) { ::pause(); },
             [&](const ForkedTask::Outcome&) { called = true; });

  task.let_go();
  io_.run();
  task.abandon();

  EXPECT_FALSE(called);
  EXPECT_EQ(::waitpid(-1, nullptr, 0), -1);
}

TEST_F(ForkedTaskTest, IsGoneWhenItsOwnerIs) {
  bool called = false;
  {
    ForkedTask task(io_, {});
    task.start([](ForkedTask::Result&) { ::pause(); },
               [&](const ForkedTask::Outcome&) { called = true; });
  }

  EXPECT_EQ(::waitpid(-1, nullptr, 0), -1);
  EXPECT_EQ(errno, ECHILD);
  io_.run();
  EXPECT_FALSE(called);
}

}  // namespace
