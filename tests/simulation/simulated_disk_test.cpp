// The simulated disk: what a power cut takes, and what it may not.
#include "tests/simulation/simulated_disk.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace deskpulse::simulation {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// The content of a file, or "-" when there is none of that name.
std::string content(SimulatedDisk& disk, const char* name) {
  disk.process_begins();
  store::Disk::File file = 0;
  if (disk.open(name, file)) return "-";
  std::string text(100, '\0');
  std::size_t got = 0;
  EXPECT_FALSE(disk.read(file, std::as_writable_bytes(std::span(text)), got));
  text.resize(got);
  return text;
}

store::Disk::File create(SimulatedDisk& disk, const char* name, std::string_view text) {
  store::Disk::File file = 0;
  EXPECT_FALSE(disk.create(name, file));
  EXPECT_FALSE(disk.write(file, bytes(text)));
  return file;
}

/// What a power cut after `work` leaves of the file `name`, over many seeds.
template <class Work>
std::set<std::string> left(const char* name, Work&& work) {
  std::set<std::string> all;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SimulatedDisk disk(seed);
    work(disk);
    disk.power_cut();
    all.insert(content(disk, name));
  }
  return all;
}

TEST(SimulatedDisk, KeepsWhatWasSyncedWithItsName) {
  const auto all = left("a", [](SimulatedDisk& disk) {
    disk.sync(create(disk, "a", "safe"));
    disk.sync_directory();
  });

  EXPECT_EQ(all, std::set<std::string>{"safe"});
}

TEST(SimulatedDisk, MayLoseANameThatWasNotSynced) {
  const auto all = left("a", [](SimulatedDisk& disk) { disk.sync(create(disk, "a", "safe")); });

  EXPECT_EQ(all, (std::set<std::string>{"-", "safe"}));
}

TEST(SimulatedDisk, MayTearOrLoseBytesThatWereNotSynced) {
  const auto all = left("a", [](SimulatedDisk& disk) {
    create(disk, "a", "1234");
    disk.sync_directory();
  });

  EXPECT_TRUE(all.contains(""));
  EXPECT_TRUE(all.contains("1234"));
  EXPECT_TRUE(all.contains("12"));
  EXPECT_TRUE(all.contains(std::string(4, '\0')));  // the length without the bytes
}

TEST(SimulatedDisk, MayKeepALaterWriteWithoutAnEarlierOne) {
  const auto all = left("a", [](SimulatedDisk& disk) {
    const auto file = create(disk, "a", "12");
    disk.write(file, bytes("34"));
    disk.sync_directory();
  });

  EXPECT_TRUE(
      all.contains(std::string("\0\0"
                               "34",
                               4)));
}

TEST(SimulatedDisk, RenamesInOneStepOrNotAtAll) {
  const auto all = left("a", [](SimulatedDisk& disk) {
    disk.sync(create(disk, "a", "old"));
    disk.sync(create(disk, "b", "new"));
    disk.sync_directory();
    disk.rename("b", "a");
  });

  EXPECT_EQ(all, (std::set<std::string>{"old", "new"}));
}

TEST(SimulatedDisk, ForgetsForGoodWhatAFailedSyncWasToKeep) {
  std::set<std::string> all;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedDisk disk(seed);
    const auto file = create(disk, "a", "1234");
    disk.faults.eio_percent = 100;
    EXPECT_TRUE(disk.sync(file));
    disk.faults = {};
    EXPECT_FALSE(disk.sync(file));
    EXPECT_FALSE(disk.sync_directory());
    EXPECT_EQ(content(disk, "a"), "1234");  // the page cache still shows it
    disk.power_cut();
    all.insert(content(disk, "a"));
  }

  EXPECT_TRUE(all.contains(""));
}

TEST(SimulatedDisk, KeepsEverythingWhenOnlyTheProcessDies) {
  SimulatedDisk disk(1);
  create(disk, "a", "written");

  disk.process_gone();

  EXPECT_EQ(content(disk, "a"), "written");
}

TEST(SimulatedDisk, WritesInPartWhatDoesNotFit) {
  SimulatedDisk disk(1);
  disk.capacity = 3;
  store::Disk::File file = 0;
  EXPECT_FALSE(disk.create("a", file));

  EXPECT_EQ(disk.write(file, bytes("12345")), std::errc::no_space_on_device);

  EXPECT_EQ(content(disk, "a"), "123");
}

TEST(SimulatedDisk, CrashesAtTheCallAskedFor) {
  std::set<std::string> all;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedDisk disk(seed);
    disk.crash_in(1);
    try {
      store::Disk::File file = 0;
      disk.create("a", file);
      disk.write(file, bytes("1234"));
      disk.sync(file);
      ADD_FAILURE() << "no crash";
    } catch (const Crash&) {
      disk.process_gone();
      all.insert(content(disk, "a"));
    }
  }

  EXPECT_TRUE(all.contains(""));      // before the call
  EXPECT_TRUE(all.contains("12"));    // amidst it
  EXPECT_TRUE(all.contains("1234"));  // behind it
}

TEST(SimulatedDisk, DoesNothingForAProcessThatIsGone) {
  SimulatedDisk disk(1);
  create(disk, "a", "kept");
  disk.process_gone();

  EXPECT_TRUE(disk.remove("a"));

  EXPECT_EQ(content(disk, "a"), "kept");
}

TEST(SimulatedDisk, KnowsTheWorstThatAPowerCutMayLeave) {
  SimulatedDisk disk(1);
  disk.sync(create(disk, "a", "safe"));
  disk.sync_directory();
  disk.rename("a", "b");
  create(disk, "c", "new");

  const auto worst = disk.after_the_worst();

  EXPECT_EQ(worst->text(), "a:4");
  EXPECT_EQ(disk.text(), "b:4? c:3*?");
}

}  // namespace
}  // namespace deskpulse::simulation
