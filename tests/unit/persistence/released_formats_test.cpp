// A daemon that is upgraded goes on from the state it finds: what a daemon of every released format
// has saved gives today's the numbers that it showed when it saved.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/metrics/exposition.hpp"
#include "daemon/metrics/own_series.hpp"
#include "daemon/metrics/text_serializer.hpp"
#include "daemon/persistence/recovery.hpp"
#include "tests/unit/store/memory_disk.hpp"

namespace deskpulse {
namespace {

constexpr proto::Instant kWall{std::chrono::seconds{2'000'000'000}};

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The fixtures' names, without an ending.
std::vector<std::filesystem::path> fixtures() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(FIXTURES))
    if (entry.path().extension() == ".snapshot")
      found.push_back(std::filesystem::path(entry.path()).replace_extension());
  return found;
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream rest(text);
  for (std::string line; std::getline(rest, line);) lines.insert(line);
  return lines;
}

/// All that a monitor shows, as the lines of its pages.
std::set<std::string> shown_by(Monitor& monitor) {
  moment::Moment moment;
  monitor.fill(moment);
  const moment::BuildInfo build;
  const auto own = metrics::StatusCollectable(build, moment.status, moment.report).Collect();
  return lines_of(metrics::TextSerializer().Serialize(own) +
                  metrics::replay_text(moment.report, true));
}

/// A state directory, and a daemon with the default configuration that finds it.
class Start {
 public:
  explicit Start(store::MemoryDisk& disk)
      : disk_(disk), key_(store::read_or_make_key(disk, "state")) {}

  Recovered recovered() {
    return recover(snapshots_, [this] {
      return std::make_unique<Monitor>(engine::Settings{}, intake::IntakeSettings{},
                                       proto::IdHasher(key_), [] { return kWall; });
    });
  }
  bool save(const Recovered& state) {
    struct Content final : store::Content {
      explicit Content(const Recovered& state_) : state(state_) {}
      void write(image::Writer& writer) const override {
        writer.number(state.journal_batch);
        state.monitor->save(writer, state.cursor);
      }
      const Recovered& state;
    };
    return snapshots_.save(snapshots_.next_generation(), kWall, Content(state)).ok();
  }

 private:
  store::MemoryDisk& disk_;
  const proto::IdHasher::Key key_;
  store::SnapshotStore snapshots_{disk_, store::fingerprint_of(key_)};
};

void expect_all(const std::set<std::string>& recorded, const std::set<std::string>& shown) {
  for (const std::string& line : recorded) EXPECT_TRUE(shown.contains(line)) << line;
}

TEST(ReleasedFormats, GiveTheNumbersThatTheirDaemonShowed) {
  for (const std::filesystem::path& fixture : fixtures()) {
    SCOPED_TRACE(fixture);
    const std::set<std::string> recorded = lines_of(content_of(fixture.string() + ".numbers"));
    store::MemoryDisk disk;
    disk.put(store::kKeyFile, content_of(fixture.string() + ".id.key"));
    disk.put("snapshot-a", content_of(fixture.string() + ".snapshot"));

    Start start(disk);
    const Recovered recovered = start.recovered();

    ASSERT_TRUE(recovered.snapshot);
    EXPECT_TRUE(recovered.refused.empty());
    EXPECT_TRUE(recovered.cursor);
    ASSERT_GT(recorded.size(), 100U);
    expect_all(recorded, shown_by(*recovered.monitor));

    // And what today's daemon makes of it is the same state.
    ASSERT_TRUE(start.save(recovered));
    const Recovered again = Start(disk).recovered();
    ASSERT_TRUE(again.snapshot);
    EXPECT_EQ(again.snapshot->format, store::kSnapshotFormat);
    EXPECT_GT(again.snapshot->generation, recovered.snapshot->generation);
    EXPECT_EQ(again.cursor, recovered.cursor);
    EXPECT_EQ(shown_by(*again.monitor), shown_by(*recovered.monitor));
  }
}

TEST(ReleasedFormats, AreAllKeptUpToTodays) {
  for (std::uint32_t format = 1; format <= store::kSnapshotFormat; ++format) {
    const std::string beginning = "format-" + std::to_string(format) + "-";
    bool is_there = false;
    for (const std::filesystem::path& fixture : fixtures())
      is_there = is_there || fixture.filename().string().starts_with(beginning);
    EXPECT_TRUE(is_there) << format;
  }
}

}  // namespace
}  // namespace deskpulse
