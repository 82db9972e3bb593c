#include "daemon/store/snapshot_store.hpp"

#include <algorithm>
#include <cassert>

namespace deskpulse::store {
namespace {

bool is_for_a_person(Refusal why) {
  return why == Refusal::newer_format || why == Refusal::other_key || why == Refusal::not_private;
}

std::string sentence_of(const char* file, const ReadResult& result, const SnapshotInfo& header) {
  const std::string name = file;
  switch (result.refusal) {
    case Refusal::none:
      break;
    case Refusal::missing:
      return name + " is not there";
    case Refusal::unreadable:
      return name + " cannot be read: " + result.error.message() + "; it is left out";
    case Refusal::not_private:
      return name +
             " is a symbolic link, belongs to somebody else, or is open to others: give it to the "
             "daemon's user and chmod 600 it, or move it away";
    case Refusal::not_snapshot:
      return name + " is no snapshot; it is left out";
    case Refusal::truncated:
      return name + " is cut off; it is left out";
    case Refusal::checksum:
      return name + " is damaged; it is left out";
    case Refusal::newer_format:
      return name + " was written by a newer deskpulse (format " + std::to_string(header.format) +
             ", this one reads up to " + std::to_string(kSnapshotFormat) +
             "): install that one again, or move it away to go on without it";
    case Refusal::other_key:
      return name +
             " was written with another id.key: put that one back, or move snapshot-* and "
             "journal-* away to begin anew";
    case Refusal::content:
      return name + " is whole but its content makes no sense; it is left out";
    case Refusal::future:
      return name + " is of a time that is still to come";
  }
  return name;
}

}  // namespace

SnapshotStore::SnapshotStore(Disk& disk, const KeyFingerprint& key) : disk_(disk), key_(key) {
  look();
}

void SnapshotStore::look() {
  slots_ = {};
  // Best effort: the next save() replaces it anyway.
  disk_.remove(kTemporary);
  for (std::size_t i = 0; i < kFiles.size(); ++i) {
    SnapshotInfo header;
    const ReadResult result = read_header(disk_, kFiles[i], header);
    if (result.ok()) slots_[i].generation = header.generation;
    if (result.ok()) greatest_ = std::max(greatest_, header.generation);
    slots_[i].damaged = !result.ok() && result.refusal != Refusal::missing;
  }
}

LoadResult SnapshotStore::load(const SnapshotLoader& load) {
  // The newer first; one whose header cannot be read could be either, and is told of first.
  std::array<std::size_t, 2> order{0, 1};
  const auto comes_first = [this](std::size_t a, std::size_t b) {
    if (!slots_[a].generation || !slots_[b].generation)
      return !slots_[a].generation && slots_[b].generation;
    return *slots_[a].generation > *slots_[b].generation;
  };
  if (comes_first(1, 0)) std::swap(order[0], order[1]);

  LoadResult result;
  for (const std::size_t i : order) {
    SnapshotInfo seen;
    const SnapshotLoader keep_header = [&](image::Reader& reader, const SnapshotInfo& header) {
      seen = header;
      return load(reader, header);
    };
    const ReadResult read = read_snapshot(disk_, kFiles[i], key_, keep_header);
    if (read.ok()) {
      slots_[i] = {seen.generation, false};
      result.file = kFiles[i];
      result.loaded = seen;
      may_save_ = true;
      return result;
    }
    if (read.refusal == Refusal::missing) continue;
    slots_[i].damaged = true;
    SnapshotInfo header;
    read_header(disk_, kFiles[i], header);
    result.refused.push_back(
        {kFiles[i], read.refusal, slots_[i].generation, sentence_of(kFiles[i], read, header)});
    if (is_for_a_person(read.refusal)) {
      result.must_not_start = true;
      return result;
    }
  }
  may_save_ = true;
  return result;
}

std::uint64_t SnapshotStore::next_generation() const { return greatest_ + 1; }

std::size_t SnapshotStore::target() const {
  const auto age = [this](std::size_t i) {
    return slots_[i].damaged ? 0 : slots_[i].generation.value_or(0);
  };
  return age(0) <= age(1) ? 0 : 1;
}

SaveResult SnapshotStore::save(std::uint64_t generation, proto::Instant written_at,
                               const Content& content) {
  assert(may_save_);
  const SnapshotInfo header{.generation = generation, .written_at = written_at, .key = key_};
  SaveResult result = writer_.write(disk_, kTemporary, header, content);
  if (!result.ok()) return result;
  if (const std::error_code error = disk_.rename(kTemporary, kFiles[target()])) {
    disk_.remove(kTemporary);
    return {SaveStage::rename, error.value(), result.bytes};
  }
  if (const std::error_code error = disk_.sync_directory())
    return {SaveStage::sync_directory, error.value(), result.bytes};
  return result;
}

void SnapshotStore::saved(std::uint64_t generation) {
  slots_[target()] = {generation, false};
  greatest_ = std::max(greatest_, generation);
}

std::optional<std::uint64_t> SnapshotStore::newest() const {
  const Slot& slot = slots_[1 - target()];
  return slot.damaged ? std::nullopt : slot.generation;
}

std::optional<std::uint64_t> SnapshotStore::older() const {
  const Slot& slot = slots_[target()];
  return slot.damaged ? std::nullopt : slot.generation;
}

}  // namespace deskpulse::store
