// What is inside a snapshot: the bytes are an image, and the file around it is made with checksums
// that are right. What the engine, the intake and the stream's position are loaded from is hence
// anything. It is refused, or it is a state like any other.
#include <cassert>
#include <span>
#include <string_view>

#include "daemon/persistence/recovery.hpp"
#include "daemon/store/snapshot_store.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/restored_state.hpp"
#include "tests/unit/store/memory_disk.hpp"

namespace {

using namespace deskpulse;

constexpr store::KeyFingerprint kKey{std::byte{7}};

struct Bytes final : store::Content {
  explicit Bytes(std::span<const std::byte> all_) : all(all_) {}
  void write(image::Writer& writer) const override { writer.bytes(all); }
  std::span<const std::byte> all;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  store::MemoryDisk disk;
  const store::SnapshotInfo header{.generation = 1, .written_at = {}, .key = kKey};
  const auto written = store::SnapshotWriter().write(disk, store::SnapshotStore::kFiles[0], header,
                                                     Bytes(std::as_bytes(std::span(data, size))));
  assert(written.ok());

  for (const auto rules : {fuzz::Rules::as_saved, fuzz::Rules::others}) {
    fuzz::RestoredState state(rules);
    store::SnapshotStore snapshots(disk, kKey);
    Recovered recovered = recover(snapshots, state.maker());
    assert(recovered.monitor && !recovered.must_not_start);
    assert(recovered.snapshot.has_value() == recovered.refused.empty());
    if (recovered.snapshot) state.put_to_work(std::move(recovered.monitor), recovered.cursor);
  }
  return 0;
}
