// Reads the journal back, batch by batch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/store/disk.hpp"
#include "daemon/store/journal_line.hpp"

namespace deskpulse::store {

/// Why a segment was not read to its end.
enum class SegmentFault : std::uint8_t {
  torn,         ///< ends inside a batch: what a crash leaves
  damaged,      ///< changed since it was written
  unreadable,   ///< the disk's error
  not_private,  ///< a symbolic link, somebody else's, or open to others
  newer_format,
  other_key,
};
inline constexpr std::size_t kSegmentFaults = 6;
std::string_view segment_fault_name(SegmentFault fault);

struct RefusedSegment {
  SegmentFault fault = SegmentFault::torn;
  /// For the log: "journal-0000000000000017.ndjson.gz is damaged behind batch 21; …".
  std::string sentence;
};

/// More batches than a segment can hold: the shortest has some hundred bytes, the longest segment a
/// gigabyte. Where so many are missing, what is behind was written by a run that had read the
/// journal and not all of it.
inline constexpr std::uint64_t kMoreThanASegment = 1 << 24;

struct JournalReadResult {
  std::uint64_t batches = 0;
  std::uint64_t events = 0;  ///< accepted ones
  /// Lines of whole batches that could not be understood, and were passed over.
  std::uint64_t strange_lines = 0;
  std::vector<RefusedSegment> refused;  ///< in the order of the files
  std::error_code error;                ///< the directory cannot be listed; nothing was read
  /// A newer format, another key, or a file that is not private: a person has to decide, and the
  /// daemon must not start. What to do is the sentence of the last one refused.
  bool must_not_start = false;
  /// The number for the next batch that is written. Where there may be more batches than were told,
  /// behind damage or what was missing, it is far beyond them all: so every later reading finds
  /// something missing there, and never an old batch among the new ones.
  std::uint64_t next = 1;
};

/// Tells `records` every batch behind `after`, each only when all of it has been found whole, each
/// once and in order. A batch that is not there is told as missing(), one behind the other, also
/// the first; that the last ones never came to the disk cannot be seen. A torn or damaged batch
/// ends its segment; the next segment is still read. Holds one batch at a time, 128 MiB at most.
/// Nothing in the files makes it crash or hang.
JournalReadResult read_journal(Disk& disk, const KeyFingerprint& key, std::uint64_t after,
                               JournalRecords& records);

}  // namespace deskpulse::store
