// One snapshot in one file: an image in frames, with checksums around it.
//
// Whole numbers are little-endian.
//
//   header   magic (8 bytes), format (u32), 0 (u32), generation (u64), time written (i64,
//            milliseconds since 1970), fingerprint of the key (16 bytes), BLAKE2b-128 of all this.
//            It is the same in every format, so that a daemon can say of a newer one that it is.
//   frames   length (u32, 1 … 65,536), CRC-32 of the length and the bytes (u32), the bytes
//   end      0 (u32), length of the whole file (u64), BLAKE2b-256 of everything before
//
// The CRC finds damage early and lets the second reading, the one that loads, trust what it reads;
// the hash at the end is what makes any other change visible, and an end that is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "daemon/store/disk.hpp"
#include "daemon/store/id_key.hpp"
#include "proto/event.hpp"

namespace deskpulse::store {

/// What this daemon writes, and the newest that it reads.
inline constexpr std::uint32_t kSnapshotFormat = 2;

/// What is known of a snapshot before its image is read.
struct SnapshotInfo {
  std::uint32_t format = kSnapshotFormat;
  std::uint64_t generation = 0;  ///< of two snapshots the newer one has the greater
  proto::Instant written_at{};   ///< wall clock
  KeyFingerprint key{};
  std::uint64_t bytes = 0;  ///< of the file; found when it is read
};

/// What is in a snapshot.
class Content {
 public:
  virtual ~Content() = default;
  /// Must allocate nothing where save() runs in a forked process. Need not flush.
  virtual void write(image::Writer& writer) const = 0;
};

/// The step of writing that failed.
enum class SaveStage : std::uint8_t { create, write, sync, close, rename, sync_directory, none };
inline constexpr std::size_t kSaveStages = 6;  ///< without `none`
std::string_view save_stage_name(SaveStage stage);

/// A plain value, as it may go through a pipe.
struct SaveResult {
  SaveStage stage = SaveStage::none;
  int error = 0;            ///< errno of it
  std::uint64_t bytes = 0;  ///< in the file
  bool ok() const { return stage == SaveStage::none; }
};

/// Writes snapshots to files. Its buffers (130 kB) are made with it: write() allocates nothing.
class SnapshotWriter {
 public:
  SnapshotWriter();
  ~SnapshotWriter();

  /// Writes `name` anew and syncs it, not its name. `header.format` as given, so that a test can
  /// write another. After a failure the file is removed where that is possible.
  SaveResult write(Disk& disk, const char* name, const SnapshotInfo& header,
                   const Content& content);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

/// Why a snapshot is not used.
enum class Refusal : std::uint8_t {
  none,
  missing,       ///< there is no such file
  unreadable,    ///< the disk's error
  not_private,   ///< a symbolic link, somebody else's, or open to others
  not_snapshot,  ///< begins with something else
  truncated,     ///< the end is not there
  checksum,      ///< changed since it was written
  newer_format,
  other_key,  ///< written with another id.key
  content,    ///< the image makes no sense to whoever loads it
  future,     ///< good, and of a time that is still to come: said by whoever has loaded it
};
inline constexpr std::size_t kRefusals = 11;
std::string_view refusal_name(Refusal refusal);

/// Why not, or nothing.
struct ReadResult {
  Refusal refusal = Refusal::none;
  std::error_code error{};  ///< of `unreadable`
  bool ok() const { return refusal == Refusal::none; }
};

/// Reads the header alone. What it says is good where the result is ok, not_private excepted; the
/// rest of the file may still be damaged. A newer format is ok here.
ReadResult read_header(Disk& disk, const char* name, SnapshotInfo& header);

/// Takes an image into fresh objects; false where it makes no sense. Must see the image's end.
using SnapshotLoader = std::function<bool(image::Reader& reader, const SnapshotInfo& header)>;

/// Verifies the whole file, then reads it again for the loader, 64 KiB at a time: the loader never
/// sees a byte that has not been verified. Reads 1 GB/s from the system's cache. Nothing in the
/// file makes it crash, hang, or hold more than a frame.
ReadResult read_snapshot(Disk& disk, const char* name, const KeyFingerprint& key,
                         const SnapshotLoader& load);

}  // namespace deskpulse::store
