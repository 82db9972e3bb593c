#include "daemon/store/state_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/unit/store/temporary_directory.hpp"

namespace deskpulse::store {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string error_of(const std::string& path) {
  try {
    const StateDirectory state(path, 0ms);
  } catch (const StateError& error) {
    return error.what();
  }
  return {};
}

TEST(StateDirectory, IsMadeForItsOwnerAlone) {
  const TemporaryDirectory top;
  const mode_t before = ::umask(0);

  const StateDirectory state(top / "state", 0ms);
  ::umask(before);

  EXPECT_EQ(state.path(), top / "state");
  EXPECT_EQ(std::filesystem::status(top / "state").permissions(),
            std::filesystem::perms::owner_all);
  for (const char* const file : {"state/lock", "state/id.key"}) {
    EXPECT_EQ(std::filesystem::status(top / file).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << file;
  }
}

TEST(StateDirectory, KeepsItsKey) {
  const TemporaryDirectory top;
  proto::IdHasher::Key key;
  { key = StateDirectory(top / "state", 0ms).key(); }

  EXPECT_EQ(StateDirectory(top / "state", 0ms).key(), key);
}

TEST(StateDirectory, IsRefusedWhereItsParentIsMissing) {
  const TemporaryDirectory top;

  EXPECT_THAT(error_of(top / "no/state"), HasSubstr("mkdir -p " + (top / "no")));
}

TEST(StateDirectory, IsRefusedWhereNothingCanBeMade) {
  EXPECT_THAT(error_of("/proc/deskpulse"), Not(HasSubstr("mkdir -p")));
}

TEST(StateDirectory, IsRefusedWhenOthersCanEnterIt) {
  const TemporaryDirectory top;
  for (const mode_t mode : {0750, 0701, 0777, 0720}) {
    ASSERT_EQ(::chmod(top.path().c_str(), mode), 0);

    EXPECT_THAT(error_of(top.path()), HasSubstr("chmod 700 " + top.path().string())) << mode;
  }
}

TEST(StateDirectory, IsRefusedWhenItIsALink) {
  const TemporaryDirectory top;
  std::filesystem::create_directory(top / "real");
  ASSERT_EQ(::chmod((top / "real").c_str(), 0700), 0);
  std::filesystem::create_directory_symlink(top / "real", top / "link");

  EXPECT_THAT(error_of(top / "link"), HasSubstr("is a symbolic link"));
  EXPECT_THAT(error_of(top / "link/"), HasSubstr("is a symbolic link"));
  EXPECT_EQ(error_of(top / "real"), "");
}

TEST(StateDirectory, IsRefusedWhenItIsAFile) {
  const TemporaryDirectory top;
  std::ofstream(top / "file") << "x";

  EXPECT_THAT(error_of(top / "file"), HasSubstr("Not a directory"));
}

TEST(StateDirectory, IsRefusedWhenItBelongsToSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give directories away";
  const TemporaryDirectory top;
  ASSERT_EQ(::chown(top.path().c_str(), 12345, 12345), 0);

  EXPECT_THAT(error_of(top.path()),
              AllOf(HasSubstr("belongs to user 12345"), HasSubstr("chown -R 0")));
}

TEST(StateDirectory, TakesNoSecondDaemon) {
  const TemporaryDirectory top;
  const StateDirectory first(top.path(), 0ms);

  EXPECT_THAT(error_of(top.path()), AllOf(HasSubstr("in use by another deskpulsed"),
                                          HasSubstr("process " + std::to_string(::getpid()))));
}

TEST(StateDirectory, IsFreeAgainAfterADaemonThatWasKilled) {
  const TemporaryDirectory top;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const StateDirectory state(top.path(), 0ms);
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THAT(error_of(top.path()), HasSubstr("process " + std::to_string(child)));

  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);

  EXPECT_EQ(error_of(top.path()), "");
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(StateDirectory, WaitsForWhoeverIsAboutToLeave) {
  const TemporaryDirectory top;
  auto first = std::make_unique<StateDirectory>(top.path(), 0ms);
  std::thread leaving;

  // Its end is seen by the second one's next look, whenever it comes.
  leaving = std::thread([&first] { first.reset(); });
  EXPECT_NO_THROW(StateDirectory(top.path(), 60s));
  leaving.join();
}

TEST(StateDirectory, ItsLockLivesOnInAForkedProcess) {
  const TemporaryDirectory top;
  auto first = std::make_unique<StateDirectory>(top.path(), 0ms);
  int hold[2];
  ASSERT_EQ(::pipe(hold), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(hold[1]);
    char byte;
    ::_exit(::read(hold[0], &byte, 1) == 0 ? 0 : 1);
  }
  first.reset();

  EXPECT_THAT(error_of(top.path()), HasSubstr("in use"));

  ::close(hold[1]);  // the child's read ends, and the child
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(error_of(top.path()), "");
  ::close(hold[0]);
}

/// Writes a file as a snapshot is written. Whether that was possible.
bool writes(Disk& disk, const char* name) {
  Disk::File file = -1;
  if (disk.create(name, file)) return false;
  const bool is_safe = !disk.sync(file);
  return !disk.close(file) && is_safe;
}

TEST(StateDirectory, IsMadeAgainWhereSomebodyHasRemovedIt) {
  const TemporaryDirectory top;
  StateDirectory state(top / "state", 0ms);
  const proto::IdHasher::Key key = state.key();
  for (const bool is_there : {true, false}) {
    ASSERT_TRUE(state.is_in_place());
    std::filesystem::remove_all(top / "state");
    if (is_there) {
      ASSERT_EQ(::mkdir((top / "state").c_str(), 0700), 0);
    }

    EXPECT_FALSE(state.is_in_place());
    EXPECT_FALSE(writes(state.disk(), "snapshot-a"));
    state.put_in_place();

    EXPECT_TRUE(state.is_in_place());
    EXPECT_TRUE(writes(state.disk(), "snapshot-a"));
    EXPECT_TRUE(std::filesystem::exists(top / "state/snapshot-a"));
    EXPECT_THAT(error_of(top / "state"), HasSubstr("in use by another deskpulsed"));
  }
  EXPECT_EQ(state.key(), key);
}

TEST(StateDirectory, IsFollowedByItsPathWhereItWasMovedAway) {
  const TemporaryDirectory top;
  StateDirectory state(top / "state", 0ms);
  std::filesystem::rename(top / "state", top / "before");

  EXPECT_FALSE(writes(state.disk(), "snapshot-a"));
  state.put_in_place();

  EXPECT_TRUE(writes(state.disk(), "snapshot-a"));
  EXPECT_TRUE(std::filesystem::exists(top / "state/snapshot-a"));
  EXPECT_EQ(error_of(top / "before"), "") << "it is nobody's any more";
}

TEST(StateDirectory, LockAndKeyThatWereRemovedAreMadeAgain) {
  const TemporaryDirectory top;
  proto::IdHasher::Key key;
  {
    StateDirectory state(top / "state", 0ms);
    key = state.key();
    for (const char* const file : {"state/lock", "state/id.key"}) {
      std::filesystem::remove(top / file);

      EXPECT_FALSE(state.is_in_place()) << file;
      EXPECT_FALSE(writes(state.disk(), "snapshot-a")) << file;
      state.put_in_place();

      EXPECT_TRUE(writes(state.disk(), "snapshot-a")) << file;
      EXPECT_THAT(error_of(top / "state"), HasSubstr("in use by another deskpulsed")) << file;
    }
  }
  EXPECT_EQ(StateDirectory(top / "state", 0ms).key(), key);
}

TEST(StateDirectory, IsNotFollowedToAnotherState) {
  const TemporaryDirectory top;
  { const StateDirectory other(top / "other", 0ms); }
  StateDirectory state(top / "state", 0ms);
  std::filesystem::rename(top / "state", top / "before");
  std::filesystem::rename(top / "other", top / "state");

  try {
    state.put_in_place();
    ADD_FAILURE() << "it holds another key";
  } catch (const StateError& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("another state"));
  }
  EXPECT_FALSE(writes(state.disk(), "snapshot-a"));
  EXPECT_EQ(error_of(top / "state"), "") << "whose state that is may have it";
}

}  // namespace
}  // namespace deskpulse::store
