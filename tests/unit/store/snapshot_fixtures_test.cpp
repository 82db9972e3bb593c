// Snapshots of every format that was ever released stay readable: fixtures/format-N*.snapshot is
// what the daemon of that time wrote. Whether today's engine understands what is inside is the
// wiring's own test; here it is the file.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "daemon/store/snapshot_store.hpp"
#include "tests/unit/store/memory_disk.hpp"
#include "tests/unit/store/text_content.hpp"

namespace deskpulse::store {
namespace {

constexpr const char* kName = "snapshot-a";

/// By file name; the bytes.
std::map<std::string, std::string> fixtures() {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(FIXTURES)) {
    if (entry.path().extension() != ".snapshot") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    found[entry.path().filename().string()] = std::string{std::istreambuf_iterator<char>(file), {}};
  }
  return found;
}

TEST(SnapshotFixtures, EveryOneThatIsKeptIsStillRead) {
  for (const auto& [name, bytes] : fixtures()) {
    MemoryDisk disk;
    disk.put(kName, bytes);
    SnapshotInfo info;
    ASSERT_TRUE(read_header(disk, kName, info).ok()) << name;
    EXPECT_TRUE(name.starts_with("format-" + std::to_string(info.format))) << name;

    std::size_t read = 0;
    const LoadResult result =
        SnapshotStore(disk, info.key).load([&read](image::Reader& reader, const SnapshotInfo&) {
          for (std::byte each; !reader.is_at_end(); ++read) reader.bytes({&each, 1});
          return reader.ok();
        });

    EXPECT_TRUE(result.loaded) << name;
    EXPECT_GT(read, 0U) << name;
  }
}

TEST(SnapshotFixtures, ThereIsOneOfEachFormatThatIsNoLongerWritten) {
  for (std::uint32_t format = 1; format < kSnapshotFormat; ++format) {
    const auto all = fixtures();
    const std::string prefix = "format-" + std::to_string(format);
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const auto& each) {
      return each.first.starts_with(prefix + ".") || each.first.starts_with(prefix + "-");
    })) << format;
  }
}

}  // namespace
}  // namespace deskpulse::store
