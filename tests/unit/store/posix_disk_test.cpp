#include "daemon/store/posix_disk.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/store/temporary_directory.hpp"

namespace deskpulse::store {
namespace {

using testing::UnorderedElementsAre;

class PosixDiskTest : public testing::Test {
 protected:
  std::error_code write_file(const char* name, std::string_view text) {
    Disk::File file = -1;
    if (const auto error = disk.create(name, file)) return error;
    if (const auto error = disk.write(file, std::as_bytes(std::span(text)))) return error;
    if (const auto error = disk.sync(file)) return error;
    return disk.close(file);
  }
  /// "" where it cannot be opened.
  std::string read_file(const char* name) {
    Disk::File file = -1;
    if (disk.open(name, file)) return {};
    std::string text(100, '\0');
    std::size_t got = 0;
    EXPECT_FALSE(disk.read(file, std::as_writable_bytes(std::span(text)), got));
    EXPECT_FALSE(disk.close(file));
    text.resize(got);
    return text;
  }
  std::error_code opened(const char* name) {
    Disk::File file = -1;
    const auto error = disk.open(name, file);
    if (!error) disk.close(file);
    return error;
  }

  TemporaryDirectory directory;
  PosixDisk disk{::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
};

TEST_F(PosixDiskTest, WhatWasWrittenIsReadBack) {
  ASSERT_FALSE(write_file("a", "hello"));

  EXPECT_EQ(read_file("a"), "hello");
}

TEST_F(PosixDiskTest, AFileIsForItsOwnerAlone) {
  const mode_t before = ::umask(0);
  const std::error_code error = write_file("a", "x");
  ::umask(before);
  ASSERT_FALSE(error);

  EXPECT_EQ(std::filesystem::status(directory / "a").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(PosixDiskTest, ANewFileDoesNotGoThroughALink) {
  std::ofstream(directory / "victim") << "precious";
  std::filesystem::create_symlink(directory / "victim", directory / "a");

  ASSERT_FALSE(write_file("a", "mine"));

  EXPECT_EQ(read_file("a"), "mine");
  EXPECT_EQ(std::filesystem::file_size(directory / "victim"), 8U);
}

TEST_F(PosixDiskTest, WhatOthersCouldHaveMadeIsNotOpened) {
  ASSERT_FALSE(write_file("own", "x"));
  std::filesystem::create_symlink("own", directory / "link");
  std::filesystem::create_directory(directory / "folder");
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  for (const auto& [name, mode] :
       {std::pair{"group_writes", 0620}, std::pair{"others_read", 0604}}) {
    ASSERT_FALSE(write_file(name, "x"));
    ASSERT_EQ(::chmod((directory / name).c_str(), static_cast<mode_t>(mode)), 0);
  }

  for (const char* const name : {"link", "folder", "pipe", "group_writes", "others_read"})
    EXPECT_EQ(opened(name), std::errc::operation_not_permitted) << name;
  EXPECT_FALSE(opened("own"));
  EXPECT_EQ(opened("nothing"), std::errc::no_such_file_or_directory);
}

TEST_F(PosixDiskTest, AForeignFileIsNotOpened) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_FALSE(write_file("a", "x"));
  ASSERT_EQ(::chown((directory / "a").c_str(), 12345, 12345), 0);

  EXPECT_EQ(opened("a"), std::errc::operation_not_permitted);
}

TEST_F(PosixDiskTest, RenamesRemovesAndLists) {
  ASSERT_FALSE(write_file("a", "1"));
  ASSERT_FALSE(write_file("b", "2"));
  ASSERT_FALSE(write_file("c", "3"));

  EXPECT_FALSE(disk.rename("a", "b"));
  EXPECT_FALSE(disk.remove("c"));
  EXPECT_EQ(disk.remove("c"), std::errc::no_such_file_or_directory);
  EXPECT_FALSE(disk.sync_directory());

  std::vector<std::string> names;
  EXPECT_FALSE(disk.list(names));
  EXPECT_THAT(names, UnorderedElementsAre("b"));
  EXPECT_FALSE(disk.list(names));  // from the beginning again
  EXPECT_THAT(names, UnorderedElementsAre("b"));
  EXPECT_EQ(read_file("b"), "1");
}

TEST_F(PosixDiskTest, NothingIsSafeInAFileThatWasRemoved) {
  Disk::File file = -1;
  ASSERT_FALSE(disk.create("a", file));
  std::filesystem::remove(directory / "a");

  EXPECT_EQ(disk.sync(file), std::errc::no_such_file_or_directory);
  EXPECT_FALSE(disk.close(file));
}

TEST_F(PosixDiskTest, AFullDiskIsAnError) {
  const PosixDisk devices(::open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);

  EXPECT_EQ(disk.write(full, std::as_bytes(std::span("x"))), std::errc::no_space_on_device);
  EXPECT_FALSE(disk.close(full));
}

}  // namespace
}  // namespace deskpulse::store
