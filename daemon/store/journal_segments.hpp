// The files of the journal, as they are written.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/disk.hpp"

namespace deskpulse::store {

struct JournalBounds {
  std::uint64_t segment_bytes = 64 << 20;  ///< a segment that is longer is the last of its kind
  std::uint64_t max_bytes = std::uint64_t{10} << 30;  ///< of all segments together
};

/// The step of writing that failed.
enum class JournalStage : std::uint8_t { list, create, write, sync, sync_directory, remove };
inline constexpr std::size_t kJournalStages = 6;
std::string_view journal_stage_name(JournalStage stage);

/// What became of one batch.
struct AppendResult {
  /// It is safe on disk, maybe at the second attempt.
  bool safe = false;
  /// What failed underway, a failure for each attempt and each segment that could not be removed.
  std::vector<JournalStage> failures;
  int error = 0;  ///< errno of the newest of them
  /// Batches up to this one are no longer there, for the bound's sake; 0: none was removed.
  std::uint64_t removed_up_to = 0;
};

/// A segment is a file of gzip members, one for each batch, named by its first batch:
/// `journal-0000000000000017.ndjson.gz`. A batch is safe when append() says so: written, synced
/// and, at the beginning of a segment, its name synced too. A crash tears the last member, which
/// its reader notices; after a failure nothing more is written to that file, but the batch and what
/// follows to a new one.
///
/// The oldest segments are removed while all together are longer than `max_bytes`; never the one
/// that is being written. One thread at a time; blocks as long as the disk does.
class JournalSegments {
 public:
  JournalSegments(Disk& disk, const JournalBounds& bounds);
  ~JournalSegments();
  JournalSegments(const JournalSegments&) = delete;
  JournalSegments& operator=(const JournalSegments&) = delete;

  /// `number` grows from call to call, and is greater than any that was read at the start.
  AppendResult append(std::uint64_t number, std::string_view text);

  /// The directory is another one, or was emptied: the next batch begins a segment there.
  void begin_anew();

  /// Of all segments, on disk.
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Segment {
    std::uint64_t first = 0;
    std::uint64_t bytes = 0;
  };
  class Deflate;

  void look(AppendResult& result);
  bool write(std::uint64_t number, AppendResult& result);
  /// No more is written to the newest segment.
  void end_segment();
  /// The same after a failure.
  void give_up_segment(std::uint64_t failed_batch);
  void remove_oldest(AppendResult& result);

  Disk& disk_;
  JournalBounds bounds_;
  std::unique_ptr<Deflate> deflate_;
  std::deque<Segment> segments_;  ///< the oldest first
  bool looked_ = false;           ///< at what earlier runs have left
  bool is_open_ = false;          ///< the newest of them is being written
  Disk::File file_ = -1;
  std::uint64_t bytes_ = 0;
  std::vector<std::byte> member_;
};

/// `journal-<first batch>.ndjson.gz`.
std::string segment_name(std::uint64_t first_batch);
/// The first batches of the segments that there are, in order.
std::error_code list_segments(Disk& disk, std::vector<std::uint64_t>& first_batches);

}  // namespace deskpulse::store
