#include "daemon/store/id_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/memory_disk.hpp"

namespace deskpulse::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string error_of(Disk& disk) {
  try {
    read_or_make_key(disk, "/var/lib/deskpulse");
  } catch (const StateError& error) {
    return error.what();
  }
  return {};
}

TEST(IdKey, IsMadeOnceAndReadEverAfter) {
  MemoryDisk disk;

  const auto key = read_or_make_key(disk, "/d");
  const std::string file = disk.text(kKeyFile);

  EXPECT_NE(key, proto::IdHasher::Key{});
  EXPECT_EQ(read_or_make_key(disk, "/d"), key);
  EXPECT_EQ(disk.text(kKeyFile), file);
  EXPECT_EQ(disk.open_files, 0U);
}

TEST(IdKey, DiffersFromDirectoryToDirectory) {
  MemoryDisk one;
  MemoryDisk other;
  const auto key = read_or_make_key(one, "/d");
  const auto another = read_or_make_key(other, "/d");

  EXPECT_NE(key, another);
  EXPECT_NE(fingerprint_of(key), fingerprint_of(another));
}

TEST(IdKey, IsSafeBeforeItHasItsName) {
  MemoryDisk disk;

  read_or_make_key(disk, "/d");

  EXPECT_THAT(disk.calls, testing::ElementsAre("create id.key.tmp", "write", "sync", "close",
                                               "rename id.key.tmp id.key", "sync_directory"));
}

TEST(IdKey, AnyStepOfMakingItThatFailsIsAnErrorAndLeavesNoKey) {
  for (const char* const step : {"create", "write", "sync", "close", "rename", "list"}) {
    MemoryDisk disk;
    disk.fault = [step](std::string_view call, std::string_view) {
      return call == step ? std::make_error_code(std::errc::no_space_on_device) : std::error_code{};
    };

    EXPECT_THAT(error_of(disk), HasSubstr("cannot make /var/lib/deskpulse/id.key")) << step;
    EXPECT_TRUE(disk.files.empty()) << step;
  }
}

TEST(IdKey, AnyDamageIsSaidAndNothingIsReplaced) {
  MemoryDisk disk;
  read_or_make_key(disk, "/d");
  const std::string good = disk.text(kKeyFile);

  for (std::size_t i = 0; i <= good.size(); ++i) {
    std::string bad = good.substr(0, i);
    if (i == good.size()) bad += 'x';
    disk.put(kKeyFile, bad);
    EXPECT_THAT(error_of(disk), HasSubstr("is damaged")) << "cut at " << i;
    EXPECT_EQ(disk.text(kKeyFile), bad);
    if (i == good.size()) continue;
    bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    disk.put(kKeyFile, bad);
    EXPECT_THAT(error_of(disk), HasSubstr("is damaged")) << "flipped at " << i;
  }
}

TEST(IdKey, IsNotMadeAnewBesideAStateThatNeedsIt) {
  for (const char* const file : {"snapshot-b", "journal-0000000000000001.ndjson.gz"}) {
    MemoryDisk disk;
    disk.put(file, "x");

    EXPECT_THAT(error_of(disk), AllOf(HasSubstr("is missing"), HasSubstr("put it back"))) << file;
    EXPECT_FALSE(disk.has(kKeyFile));
  }
}

TEST(IdKey, OthersMustNotReadIt) {
  MemoryDisk disk;
  disk.refused[kKeyFile] = std::errc::operation_not_permitted;

  EXPECT_THAT(error_of(disk), HasSubstr("chmod 600"));
}

}  // namespace
}  // namespace deskpulse::store
