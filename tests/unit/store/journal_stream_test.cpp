#include "daemon/store/journal_stream.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>
#include <system_error>

#include "daemon/store/journal_segments.hpp"
#include "daemon/store/posix_disk.hpp"
#include "tests/unit/store/temporary_directory.hpp"

namespace deskpulse::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string all_of(JournalStream& stream) {
  std::string text;
  char part[1'000];
  for (ssize_t got; (got = ::read(stream.descriptor(), part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(got));
  return text;
}

class JournalStreamTest : public testing::Test {
 protected:
  /// A segment with a batch for each number.
  void segment(std::initializer_list<std::uint64_t> batches) {
    PosixDisk disk(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    JournalSegments segments(disk, {});
    for (const std::uint64_t number : batches)
      ASSERT_TRUE(segments.append(number, text(number)).safe);
  }
  static std::string text(std::uint64_t number) {
    return "#batch " + std::to_string(number) + " 1 key\n{\"n\":" + std::to_string(number) + "}\n";
  }

  TemporaryDirectory directory;
};

TEST_F(JournalStreamTest, ADirectoryIsItsSegmentsInOrder) {
  segment({3, 4});
  segment({1, 2});
  std::ofstream(directory / "snapshot-a") << "not this";

  JournalStream stream(directory.path());

  EXPECT_EQ(all_of(stream), text(1) + text(2) + text(3) + text(4));
  EXPECT_THAT(stream.complaints(), IsEmpty());
  EXPECT_GT(stream.bytes(), 100U);
}

TEST_F(JournalStreamTest, ABatchThatWasWrittenTwiceIsReadOnce) {
  segment({1, 2});
  segment({2, 3});

  JournalStream stream(directory.path());

  EXPECT_EQ(all_of(stream), text(1) + text(2) + text(3));
}

TEST_F(JournalStreamTest, ATornBatchIsLeftOutAndTold) {
  segment({1, 2});
  segment({3});
  const std::string torn = directory / segment_name(1).c_str();
  std::filesystem::resize_file(torn, std::filesystem::file_size(torn) - 3);

  JournalStream stream(directory.path());

  EXPECT_EQ(all_of(stream), text(1) + text(3));
  EXPECT_THAT(stream.complaints(), ElementsAre(HasSubstr("ends in the middle")));
}

TEST_F(JournalStreamTest, AnyOtherGzipFileIsReadAsItIs) {
  const std::string path = directory / "yesterday.ndjson.gz";
  const std::string content(3'000'000, 'x');
  const gzFile file = ::gzopen(path.c_str(), "wb");
  ASSERT_EQ(::gzwrite(file, content.data(), static_cast<unsigned>(content.size())), 3'000'000);
  ASSERT_EQ(::gzclose(file), Z_OK);

  JournalStream stream(path);

  EXPECT_EQ(all_of(stream), content);
  EXPECT_THAT(stream.complaints(), IsEmpty());
}

TEST_F(JournalStreamTest, WhatIsNoGzipIsTold) {
  std::ofstream(directory / "a.gz") << "plain text";

  JournalStream stream(directory / "a.gz");

  EXPECT_EQ(all_of(stream), "");
  EXPECT_THAT(stream.complaints(), ElementsAre(HasSubstr("is damaged")));
}

TEST_F(JournalStreamTest, WhatIsNotThereIsAnError) {
  EXPECT_THROW(JournalStream(directory / "a.gz"), std::system_error);
  EXPECT_THROW(JournalStream(directory.path()), std::system_error);  // no journal in it
}

TEST_F(JournalStreamTest, AReaderMayGoBeforeTheEnd) {
  PosixDisk disk(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  JournalSegments segments(disk, {});
  ASSERT_TRUE(segments.append(1, "#batch 1 1 key\n" + std::string(10'000'000, 'x')).safe);

  const JournalStream stream(directory.path());  // more than any socket holds

  SUCCEED();
}

TEST_F(JournalStreamTest, KnowsAJournalByItsName) {
  EXPECT_TRUE(JournalStream::is_journal(directory.path()));
  EXPECT_TRUE(JournalStream::is_journal("events.ndjson.gz"));
  EXPECT_FALSE(JournalStream::is_journal("events.ndjson"));
  EXPECT_FALSE(JournalStream::is_journal("-"));
}

}  // namespace
}  // namespace deskpulse::store
