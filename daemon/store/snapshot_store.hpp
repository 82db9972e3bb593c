// The snapshots of one state directory: two generations, the newest good one never touched.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/store/snapshot_file.hpp"

namespace deskpulse::store {

/// A snapshot that was not used.
struct RefusedSnapshot {
  const char* file = nullptr;
  Refusal why = Refusal::missing;
  /// As its header says; absent where that cannot be trusted.
  std::optional<std::uint64_t> generation;
  /// For the log: "snapshot-a is cut off; it is left out".
  std::string sentence;
};

struct LoadResult {
  const char* file = nullptr;            ///< the one that was taken; null: none
  std::optional<SnapshotInfo> loaded;    ///< its header
  std::vector<RefusedSnapshot> refused;  ///< the newer first; what is just not there is not told
  /// A snapshot that a person has to decide about: of a newer deskpulse, with another key, or not a
  /// private file. The daemon must not start: it would count on from less than there is, and
  /// overwrite it. What to do is the sentence of the last one refused.
  bool must_not_start = false;
};

/// Two files by turns. A snapshot is written to a third name, synced, renamed over the older of the
/// two, and the directory synced; so whatever happens when, the newest good one is there.
///
/// At start load(); then, unless that said must_not_start, again and again save(), maybe in a
/// forked process, and saved() here when that has succeeded. One at a time.
class SnapshotStore {
 public:
  static constexpr std::array<const char*, 2> kFiles{"snapshot-a", "snapshot-b"};
  static constexpr const char* kTemporary = "snapshot.tmp";

  /// Looks which snapshots there are; a half-written one of a daemon that was killed is removed.
  SnapshotStore(Disk& disk, const KeyFingerprint& key);

  /// Looks again, after files were renamed or the directory was made anew. Generations go on
  /// growing.
  void look();

  /// Gives the newest snapshot that is whole to `load`, and where that refuses, or it is damaged,
  /// the older one: into fresh objects each time. Nothing is written.
  LoadResult load(const SnapshotLoader& load);

  /// Greater than that of any snapshot there is.
  std::uint64_t next_generation() const;

  /// Allocates nothing, and changes nothing here: so it may run in a forked process.
  /// After a failure the two snapshots are as they were; where only the sync of the directory
  /// failed, the older may already be the new one.
  SaveResult save(std::uint64_t generation, proto::Instant written_at, const Content& content);
  /// The save of this generation has succeeded, in this process or in another.
  void saved(std::uint64_t generation);

  /// Of the snapshot that load() took or saved() was told of last.
  std::optional<std::uint64_t> newest() const;
  /// Of the other one, where that is known to be good or was not looked at beyond its header.
  std::optional<std::uint64_t> older() const;

 private:
  struct Slot {
    /// Where the file is there and its header is whole.
    std::optional<std::uint64_t> generation;
    /// Found damaged: the first to be overwritten.
    bool damaged = false;
  };
  /// The slot that save() replaces.
  std::size_t target() const;

  Disk& disk_;
  KeyFingerprint key_;
  std::array<Slot, 2> slots_;
  std::uint64_t greatest_ = 0;  ///< generation ever seen
  bool may_save_ = false;       ///< load() has been called, and nothing has to be decided first
  SnapshotWriter writer_;
};

}  // namespace deskpulse::store
