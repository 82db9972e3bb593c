// Makes first files for the targets snapshot_image and snapshot_file out of recorded events: what
// the daemon saves when it has seen them. To be run anew when the format of images changes:
//
//   build/fuzz/tests/fuzz/make_images tests/fuzz/corpus proto/conversations/*.events.ndjson
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/store/snapshot_file.hpp"
#include "proto/decoder.hpp"
#include "tests/fuzz/image_bytes.hpp"
#include "tests/fuzz/restored_state.hpp"
#include "tests/unit/store/memory_disk.hpp"

namespace {

using namespace deskpulse;

constexpr store::KeyFingerprint kKey{std::byte{7}};

void write(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Takes the events of a file at the times they say.
std::unique_ptr<Monitor> watched(const std::filesystem::path& path, fuzz::RestoredState& state) {
  auto monitor = state.new_monitor();
  proto::Decoder decoder;
  std::ifstream file(path);
  bool is_first = true;
  for (std::string line; std::getline(file, line);) {
    const auto event = decoder.event(line);
    if (!event) continue;
    if (is_first) monitor->listener().connected(proto::Millis{5'000}, event->ts);
    is_first = false;
    monitor->listener().event(*event, event->ts);
  }
  return monitor;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: make_images CORPUS EVENTS...\n", stderr);
    return 2;
  }
  const std::filesystem::path corpus = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::filesystem::path from = argv[i];
    fuzz::RestoredState state(fuzz::Rules::as_saved);
    const auto monitor = watched(from, state);
    std::optional<feed::Cursor> cursor;
    if (i % 2 == 0) cursor = {"k3", 77};
    struct Image final : store::Content {
      Image(const Monitor& monitor_, const std::optional<feed::Cursor>& cursor_)
          : monitor(monitor_), cursor(cursor_) {}
      void write(image::Writer& writer) const override {
        writer.number(0);  // no batch of a journal
        monitor.save(writer, cursor);
      }
      const Monitor& monitor;
      const std::optional<feed::Cursor>& cursor;
    };
    const Image image(*monitor, cursor);
    const std::string name = from.filename().string().substr(0, from.filename().string().find('.'));
    write(corpus / "snapshot_image" / name,
          fuzz::image_of([&](image::Writer& writer) { image.write(writer); }));
    if (i % 16 != 2) continue;
    store::MemoryDisk disk;
    const store::SnapshotInfo header{.generation = 6, .written_at = {}, .key = kKey};
    if (!store::SnapshotWriter().write(disk, "snapshot-a", header, image).ok()) return 1;
    write(corpus / "snapshot_file" / name, disk.text("snapshot-a"));
  }
  return 0;
}
