#include "daemon/store/snapshot_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/memory_disk.hpp"
#include "tests/unit/store/text_content.hpp"

namespace deskpulse::store {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr proto::Instant kNoon{proto::Millis{1'763'712'000'000}};

/// A store that has looked at what there is, as at the daemon's start.
struct Started {
  explicit Started(Disk& disk) : store(disk, kTestKey), result(store.load(load_text(text))) {}
  /// Saves the next generation, as the daemon does.
  SaveResult save(const std::string& content) {
    const std::uint64_t generation = store.next_generation();
    const SaveResult saved = store.save(generation, kNoon, TextContent(content));
    if (saved.ok()) store.saved(generation);
    return saved;
  }
  std::string text;
  SnapshotStore store;
  LoadResult result;
};

/// Two generations, "old" in snapshot-a and "new" in snapshot-b.
MemoryDisk two_generations() {
  MemoryDisk disk;
  Started run(disk);
  run.save("old");
  run.save("new");
  return disk;
}

TEST(SnapshotStore, FindsNothingInAnEmptyDirectory) {
  MemoryDisk disk;
  const Started run(disk);

  EXPECT_EQ(run.result.file, nullptr);
  EXPECT_THAT(run.result.refused, IsEmpty());
  EXPECT_FALSE(run.result.must_not_start);
  EXPECT_EQ(run.store.next_generation(), 1U);
}

TEST(SnapshotStore, LoadsWhatWasSaved) {
  MemoryDisk disk;
  const std::string text(300'000, 'x');  // several frames
  const SaveResult saved = Started(disk).save(text);

  const Started next(disk);

  ASSERT_TRUE(saved.ok());
  ASSERT_TRUE(next.result.loaded);
  EXPECT_EQ(next.text, text);
  EXPECT_EQ(next.result.loaded->generation, 1U);
  EXPECT_EQ(next.result.loaded->written_at, kNoon);
  EXPECT_EQ(next.result.loaded->bytes, saved.bytes);
  EXPECT_EQ(saved.bytes, disk.bytes(next.result.file).size());
  EXPECT_EQ(disk.open_files, 0U);
}

TEST(SnapshotStore, AnEmptyContentIsAContent) {
  struct Nothing final : Content {
    void write(image::Writer&) const override {}
  };
  MemoryDisk disk;
  std::string text;
  SnapshotStore store(disk, kTestKey);
  store.load(load_text(text));
  ASSERT_TRUE(store.save(1, kNoon, Nothing()).ok());

  const LoadResult result =
      SnapshotStore(disk, kTestKey).load([](image::Reader& reader, const SnapshotInfo&) {
        return reader.is_at_end();
      });

  EXPECT_TRUE(result.loaded);
}

TEST(SnapshotStore, ReplacesTheOlderOfTwo) {
  MemoryDisk disk;
  Started run(disk);
  run.save("1");
  run.save("2");
  const MemoryDisk::Bytes newest = disk.bytes("snapshot-b");

  run.save("3");

  EXPECT_EQ(disk.bytes("snapshot-b"), newest);
  EXPECT_EQ(run.store.newest(), 3U);
  EXPECT_EQ(run.store.older(), 2U);
  EXPECT_EQ(Started(disk).text, "3");
}

TEST(SnapshotStore, GoesOnByTurnsAfterARestart) {
  MemoryDisk disk = two_generations();
  Started run(disk);
  const MemoryDisk::Bytes newest = disk.bytes("snapshot-b");

  run.save("3");

  EXPECT_EQ(run.result.loaded->generation, 2U);
  EXPECT_EQ(disk.bytes("snapshot-b"), newest);
  EXPECT_EQ(Started(disk).result.loaded->generation, 3U);
}

TEST(SnapshotStore, WritesInTheOrderThatSurvivesACrash) {
  MemoryDisk disk;
  Started run(disk);
  disk.calls.clear();

  run.save("x");

  EXPECT_EQ(disk.calls.front(), "create snapshot.tmp");
  EXPECT_THAT(std::vector(disk.calls.end() - 4, disk.calls.end()),
              ElementsAre("sync", "close", "rename snapshot.tmp snapshot-a", "sync_directory"));
}

TEST(SnapshotStore, NamesTheStepThatFailedAndKeepsBothGenerations) {
  const struct {
    const char* call;
    SaveStage stage;
  } cases[] = {{"create", SaveStage::create}, {"write", SaveStage::write},
               {"size", SaveStage::write},    {"sync", SaveStage::sync},
               {"close", SaveStage::close},   {"rename", SaveStage::rename}};
  for (const auto& each : cases) {
    MemoryDisk disk = two_generations();
    Started run(disk);
    bool failing = true;
    disk.fault = [&](std::string_view call, std::string_view) {
      return failing && call == each.call ? std::make_error_code(std::errc::no_space_on_device)
                                          : std::error_code{};
    };

    const SaveResult saved = run.save("3");

    EXPECT_EQ(saved.stage, each.stage) << each.call;
    EXPECT_EQ(saved.error, ENOSPC) << each.call;
    EXPECT_FALSE(disk.has("snapshot.tmp")) << each.call;
    EXPECT_EQ(disk.open_files, 0U) << each.call;
    failing = false;
    EXPECT_EQ(Started(disk).text, "new") << each.call;
    EXPECT_TRUE(run.save("4").ok()) << each.call;
    EXPECT_EQ(Started(disk).text, "4") << each.call;
  }
}

TEST(SnapshotStore, ADirectoryThatCannotBeSyncedIsAFailureAndTheNewestStaysUntouched) {
  MemoryDisk disk = two_generations();
  Started run(disk);
  disk.calls.clear();
  disk.fault = [](std::string_view call, std::string_view) {
    return call == "sync_directory" ? std::make_error_code(std::errc::io_error) : std::error_code{};
  };

  for (int i = 0; i < 3; ++i) EXPECT_EQ(run.save("3").stage, SaveStage::sync_directory);

  EXPECT_EQ(run.store.newest(), 2U);
  EXPECT_THAT(disk.calls, Not(Contains("rename snapshot.tmp snapshot-b")));
}

TEST(SnapshotStore, ADiskThatSaysItHasTakenMoreThanItHasIsNotBelieved) {
  MemoryDisk disk = two_generations();
  Started run(disk);
  bool seen = false;
  disk.fault = [&](std::string_view call, std::string_view) {
    if (call == "size" && !seen) {  // what was written last is gone
      seen = true;
      disk.bytes("snapshot.tmp").pop_back();
    }
    return std::error_code{};
  };

  const SaveResult saved = run.save("3");

  EXPECT_EQ(saved.stage, SaveStage::write);
  EXPECT_EQ(saved.error, EIO);
}

TEST(SnapshotStore, AHalfWrittenFileOfADeadDaemonIsRemoved) {
  MemoryDisk disk = two_generations();
  disk.put("snapshot.tmp", "half");

  const Started run(disk);

  EXPECT_FALSE(disk.has("snapshot.tmp"));
  EXPECT_EQ(run.text, "new");
}

TEST(SnapshotStore, FallsBackToTheOlderAndThenReplacesTheDamagedOne) {
  MemoryDisk disk = two_generations();
  disk.bytes("snapshot-b")[80] ^= std::byte{1};
  Started run(disk);

  EXPECT_EQ(run.text, "old");
  ASSERT_THAT(run.result.refused, SizeIs(1));
  EXPECT_EQ(run.result.refused[0].why, Refusal::checksum);
  EXPECT_EQ(run.result.refused[0].generation, 2U);
  EXPECT_EQ(run.result.refused[0].sentence, "snapshot-b is damaged; it is left out");

  run.save("3");
  EXPECT_THAT(disk.calls, Contains("rename snapshot.tmp snapshot-b").Times(2));
  EXPECT_EQ(run.store.newest(), 3U);
  EXPECT_EQ(run.store.older(), 1U);
}

TEST(SnapshotStore, SaysWhatIsWrongWithEach) {
  const struct {
    const char* what;
    std::function<void(MemoryDisk&)> harm;
    Refusal why;
  } cases[] = {
      {"empty", [](MemoryDisk& d) { d.bytes("snapshot-b").clear(); }, Refusal::truncated},
      {"cut", [](MemoryDisk& d) { d.bytes("snapshot-b").pop_back(); }, Refusal::truncated},
      {"longer", [](MemoryDisk& d) { d.bytes("snapshot-b").push_back({}); }, Refusal::checksum},
      {"other", [](MemoryDisk& d) { d.put("snapshot-b", std::string(1'000, 'x')); },
       Refusal::not_snapshot},
      {"unreadable",
       [](MemoryDisk& d) {
         d.fault = [](std::string_view call, std::string_view name) {
           return call == "open" && name == "snapshot-b" ? std::make_error_code(std::errc::io_error)
                                                         : std::error_code{};
         };
       },
       Refusal::unreadable},
  };
  for (const auto& each : cases) {
    MemoryDisk disk = two_generations();
    each.harm(disk);

    const Started run(disk);

    EXPECT_EQ(run.text, "old") << each.what;
    ASSERT_THAT(run.result.refused, SizeIs(1)) << each.what;
    EXPECT_EQ(run.result.refused[0].why, each.why) << each.what;
    EXPECT_THAT(run.result.refused[0].sentence, StartsWith("snapshot-b ")) << each.what;
    EXPECT_FALSE(run.result.must_not_start) << each.what;
  }
}

TEST(SnapshotStore, AContentThatMakesNoSenseIsLeftOut) {
  MemoryDisk disk = two_generations();
  int calls = 0;

  const LoadResult result =
      SnapshotStore(disk, kTestKey).load([&](image::Reader& reader, const SnapshotInfo&) {
        return ++calls == 2 && reader.text(10) == "old" && reader.is_at_end();
      });

  EXPECT_EQ(result.loaded->generation, 1U);
  ASSERT_THAT(result.refused, SizeIs(1));
  EXPECT_EQ(result.refused[0].why, Refusal::content);
}

TEST(SnapshotStore, ALoaderThatStopsBeforeTheEndHasNotUnderstoodIt) {
  MemoryDisk disk = two_generations();

  const LoadResult result =
      SnapshotStore(disk, kTestKey).load([](image::Reader&, const SnapshotInfo&) { return true; });

  EXPECT_FALSE(result.loaded);
  EXPECT_THAT(result.refused, SizeIs(2));
}

TEST(SnapshotStore, WhereBothAreDamagedNothingIsLoadedAndBothAreTold) {
  MemoryDisk disk = two_generations();
  disk.bytes("snapshot-a")[70] ^= std::byte{1};
  disk.bytes("snapshot-b").resize(10);
  Started run(disk);

  EXPECT_FALSE(run.result.loaded);
  EXPECT_THAT(run.result.refused, SizeIs(2));
  EXPECT_TRUE(run.save("anew").ok());
  EXPECT_EQ(Started(disk).text, "anew");
}

/// As a deskpulse of the next format would write it.
void write_newer_format(Disk& disk, const char* name, std::uint64_t generation) {
  const SnapshotInfo info{.format = kSnapshotFormat + 1,
                          .generation = generation,
                          .written_at = kNoon,
                          .key = kTestKey};
  ASSERT_TRUE(SnapshotWriter().write(disk, name, info, TextContent("from tomorrow")).ok());
}

TEST(SnapshotStore, ANewerFormatIsForAPersonToDecideAndIsNotSteppedOver) {
  MemoryDisk disk = two_generations();
  write_newer_format(disk, "snapshot-a", 3);

  const Started run(disk);

  EXPECT_TRUE(run.result.must_not_start);
  EXPECT_FALSE(run.result.loaded);
  ASSERT_THAT(run.result.refused, SizeIs(1));
  EXPECT_EQ(run.result.refused[0].why, Refusal::newer_format);
  EXPECT_THAT(run.result.refused[0].sentence,
              AllOf(HasSubstr("snapshot-a was written by a newer deskpulse (format 3, this one "
                              "reads up to 2)"),
                    HasSubstr("move it away")));
}

TEST(SnapshotStore, ADamagedFormatNumberIsDamageAndNoNewerFormat) {
  MemoryDisk disk = two_generations();
  disk.bytes("snapshot-b")[8] = std::byte{9};

  const Started run(disk);

  EXPECT_FALSE(run.result.must_not_start);
  EXPECT_EQ(run.text, "old");
}

TEST(SnapshotStore, AnOldOneOfANewerFormatIsOfNoMatterBesideANewestThatCanBeRead) {
  MemoryDisk disk = two_generations();
  write_newer_format(disk, "snapshot-a", 1);

  EXPECT_EQ(Started(disk).text, "new");
}

TEST(SnapshotStore, AnotherKeyIsForAPersonToDecide) {
  MemoryDisk disk = two_generations();
  std::string text;
  SnapshotStore store(disk, KeyFingerprint{std::byte{8}});

  const LoadResult result = store.load(load_text(text));

  EXPECT_TRUE(result.must_not_start);
  EXPECT_EQ(result.refused.back().why, Refusal::other_key);
  EXPECT_THAT(result.refused.back().sentence, HasSubstr("another id.key"));
}

TEST(SnapshotStore, AFileThatIsNotPrivateIsForAPersonToDecide) {
  MemoryDisk disk = two_generations();
  disk.refused["snapshot-b"] = std::errc::operation_not_permitted;

  const Started run(disk);

  EXPECT_TRUE(run.result.must_not_start);
  EXPECT_THAT(run.result.refused.back().sentence, HasSubstr("chmod 600"));
}

TEST(SnapshotStoreDeathTest, NothingIsSavedOverWhatAPersonHasToDecideAbout) {
  MemoryDisk disk = two_generations();
  write_newer_format(disk, "snapshot-a", 3);
  Started run(disk);

  EXPECT_DEATH(run.save("over it"), "may_save_");
}

TEST(SnapshotStore, AFileThatChangesBetweenItsTwoReadingsIsNotTrusted) {
  MemoryDisk disk;
  Started(disk).save(std::string(200'000, 'x'));
  std::string text;

  const LoadResult result =
      SnapshotStore(disk, kTestKey).load([&](image::Reader& reader, const SnapshotInfo& info) {
        disk.bytes("snapshot-a")[150'000] ^= std::byte{1};
        return load_text(text)(reader, info);
      });

  EXPECT_FALSE(result.loaded);
  ASSERT_THAT(result.refused, SizeIs(1));
  EXPECT_EQ(result.refused[0].why, Refusal::checksum);
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace deskpulse::store
