// A snapshot's file: its bytes as they are, and once more with every checksum put right, so that
// the code behind the checksums sees them too. Beside it lies an older snapshot that is good.
//
// What is damaged is refused and the older one taken; nothing is taken that was not verified.
#include <sodium.h>
#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <string_view>

#include "daemon/store/byte_order.hpp"
#include "daemon/store/snapshot_store.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/unit/store/memory_disk.hpp"

namespace {

using namespace deskpulse;
using store::MemoryDisk;

constexpr store::KeyFingerprint kKey{std::byte{7}};
constexpr std::uint64_t kOlder = 5;  ///< generation of the good one
constexpr const char* kName = "snapshot-a";
constexpr const char* kOlderName = "snapshot-b";

constexpr std::size_t kSaid = 48;
constexpr std::size_t kHeader = 64;

/// As snapshot_file.cpp has it, written once more on purpose.
void put_checksums_right(MemoryDisk::Bytes& file) {
  if (file.size() < kHeader) return;
  const auto raw = [&](std::size_t at) { return reinterpret_cast<unsigned char*>(&file[at]); };
  crypto_generichash(raw(kSaid), 16, raw(0), kSaid, nullptr, 0);
  std::size_t at = kHeader;
  while (file.size() - at >= 4) {
    const auto length = store::get<std::uint32_t>(&file[at]);
    if (length == 0) {
      at += 4;
      if (file.size() - at < 8 + 32) return;
      crypto_generichash(raw(at + 8), 32, raw(0), at + 8, nullptr, 0);
      return;
    }
    if (file.size() - at < 8 || length > file.size() - at - 8) return;
    const uLong begun = crc32(0, raw(at), 4);
    store::put(&file[at + 4], static_cast<std::uint32_t>(crc32(begun, raw(at + 8), length)));
    at += 8 + length;
  }
}

struct OneNumber final : store::Content {
  void write(image::Writer& writer) const override { writer.number(42); }
};

/// The older one beside every file, made once.
const MemoryDisk::Bytes& older_file() {
  static const MemoryDisk::Bytes bytes = [] {
    MemoryDisk disk;
    const store::SnapshotInfo header{.generation = kOlder, .written_at = {}, .key = kKey};
    const auto saved = store::SnapshotWriter().write(disk, kOlderName, header, OneNumber());
    assert(saved.ok());
    return disk.bytes(kOlderName);
  }();
  return bytes;
}

void read(const MemoryDisk::Bytes& file) {
  MemoryDisk disk;
  disk.files[kName] = std::make_shared<MemoryDisk::Bytes>(file);
  disk.files[kOlderName] = std::make_shared<MemoryDisk::Bytes>(older_file());

  store::SnapshotInfo header;
  const bool has_header = store::read_header(disk, kName, header).ok();
  store::SnapshotStore snapshots(disk, kKey);
  const auto load = [&](image::Reader& reader, const store::SnapshotInfo& info) {
    if (info.generation == kOlder && reader.number() == 42) return reader.is_at_end();
    std::size_t read = 0;
    for (std::byte each; !reader.is_at_end(); ++read) {
      reader.bytes({&each, 1});
      if (!reader.ok()) return false;
    }
    return read < file.size();
  };
  const store::LoadResult result = snapshots.load(load);

  assert(disk.open_files == 0);
  // Nothing is written but for what a daemon that was killed may have left.
  for (const std::string& call : disk.calls)
    assert(call == "close" || call == "remove snapshot.tmp");
  // No daemon comes to the last generation there is: its file was written by hand.
  const bool is_last = snapshots.next_generation() == 0;
  assert(is_last || snapshots.next_generation() > kOlder);
  if (result.must_not_start) {
    assert(!result.loaded || has_header);
    assert(!result.refused.empty() && !result.refused.back().sentence.empty());
    return;
  }
  assert(result.loaded);
  const bool took_ours = std::strcmp(result.file, kName) == 0;
  assert(!took_ours || (has_header && header.generation == result.loaded->generation));
  assert(took_ours || result.loaded->generation == kOlder);
  // It goes on from there, whatever was found.
  if (is_last) return;
  const auto saved = snapshots.save(snapshots.next_generation(), proto::Instant{}, OneNumber());
  assert(saved.ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(data);
  MemoryDisk::Bytes file(bytes, bytes + size);
  read(file);
  put_checksums_right(file);
  read(file);
  return 0;
}
