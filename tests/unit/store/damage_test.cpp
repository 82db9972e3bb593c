// Every truncation and every single-byte change of a snapshot of more than 100 kB: none is
// accepted, none crashes, and each time the older generation is loaded and the newer one is told
// of.
//
// DESKPULSE_DAMAGE=all changes each byte to each of the 255 other values instead of one; with
// DESKPULSE_DAMAGE_STEP=7 only every seventh byte. All of them take 40 minutes of a core.
// DESKPULSE_DAMAGE_FILE=/var/lib/deskpulse/snapshot-a takes a real snapshot instead of a made one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "daemon/store/snapshot_store.hpp"
#include "tests/unit/store/memory_disk.hpp"
#include "tests/unit/store/text_content.hpp"

namespace deskpulse::store {
namespace {

constexpr const char* kOlder = "snapshot-a";
constexpr const char* kNewer = "snapshot-b";

/// Like a state: many small values that are all different, in frames shorter than the longest so
/// that there are some dozens of them.
struct Conversations final : Content {
  void write(image::Writer& writer) const override {
    std::uint64_t hash = 1;
    for (std::uint64_t i = 0; i < 5'000; ++i) {
      hash = hash * 0x5851f42d4c957f2dU + 1;
      writer.key({.high = hash, .low = i});
      writer.number(i % 200);
      writer.instant(proto::Instant{proto::Millis{static_cast<std::int64_t>(i * 1'000)}});
      if (i % 200 == 0) writer.flush();
    }
  }
};

/// From one place to the next.
std::size_t step() {
  if (const char* const wanted = std::getenv("DESKPULSE_DAMAGE_STEP"))
    return std::max(1UL, std::strtoul(wanted, nullptr, 10));
#if defined(__SANITIZE_ADDRESS__)
  return 37;  // sanitizers are slow: a sample, every kind of place included
#else
  return 1;
#endif
}

class Damage : public testing::Test {
 protected:
  Damage() {
    std::string text;
    SnapshotStore store(disk, kTestKey);
    store.load(load_text(text));
    EXPECT_TRUE(store.save(1, proto::Instant{}, TextContent("the older one")).ok());
    store.saved(1);
    EXPECT_TRUE(store.save(2, proto::Instant{}, Conversations()).ok());
    if (const char* const path = std::getenv("DESKPULSE_DAMAGE_FILE")) {
      std::ifstream file(path, std::ios::binary);
      disk.put(kNewer, std::string{std::istreambuf_iterator<char>(file), {}});
      SnapshotInfo info;
      EXPECT_TRUE(read_header(disk, kNewer, info).ok()) << path;
      key = info.key;
      const SnapshotInfo older{.generation = 0, .written_at = {}, .key = key};
      EXPECT_TRUE(SnapshotWriter().write(disk, kOlder, older, TextContent("the older one")).ok());
    }
    good = disk.bytes(kNewer);
  }

  /// What was loaded, and of which refusals it was said.
  bool falls_back(Refusal& why) {
    std::string text;
    const LoadResult result = SnapshotStore(disk, key).load(load_text(text));
    if (result.file == nullptr || std::strcmp(result.file, kOlder) != 0) return false;
    if (result.must_not_start || text != "the older one") return false;
    if (result.refused.size() != 1 || std::strcmp(result.refused[0].file, kNewer) != 0)
      return false;
    why = result.refused[0].why;
    return !result.refused[0].sentence.empty();
  }

  MemoryDisk disk;
  KeyFingerprint key = kTestKey;
  MemoryDisk::Bytes good;
};

TEST_F(Damage, TheUndamagedSnapshotIsLongAndAccepted) {
  std::size_t read = 0;
  const LoadResult result =
      SnapshotStore(disk, key).load([&read](image::Reader& reader, const SnapshotInfo&) {
        for (std::byte each; !reader.is_at_end(); ++read) reader.bytes({&each, 1});
        return reader.ok();
      });

  EXPECT_STREQ(result.file, kNewer);
  EXPECT_GE(good.size(), 100'000U);
}

TEST_F(Damage, NoTruncationIsAccepted) {
  for (std::size_t length = 0; length < good.size(); length += step()) {
    disk.bytes(kNewer).assign(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length));
    Refusal why{};
    ASSERT_TRUE(falls_back(why)) << "cut to " << length;
    ASSERT_EQ(why, Refusal::truncated) << "cut to " << length;
  }
}

TEST_F(Damage, NoChangeOfAByteIsAccepted) {
  const char* const wanted = std::getenv("DESKPULSE_DAMAGE");
  const bool all = wanted != nullptr && std::strcmp(wanted, "all") == 0;
  for (std::size_t at = 0; at < good.size(); at += step()) {
    // One value for each byte is another bit or pattern each time; 0x20 and 0x01 are frequent.
    const unsigned first = all ? 1 : 1 + static_cast<unsigned>(at * 89 % 255);
    const unsigned last = all ? 255 : first;
    for (unsigned change = first; change <= last; ++change) {
      disk.bytes(kNewer)[at] = good[at] ^ static_cast<std::byte>(change);
      Refusal why{};
      ASSERT_TRUE(falls_back(why)) << "byte " << at << " changed by " << change;
    }
    disk.bytes(kNewer)[at] = good[at];
  }
}

}  // namespace
}  // namespace deskpulse::store
