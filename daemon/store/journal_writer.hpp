// Writes down what happens, so that a crash loses at most the last 200 ms of it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/store/journal_line.hpp"
#include "daemon/store/journal_segments.hpp"

namespace deskpulse::store {

struct JournalSettings {
  proto::Millis reorder_window{1'000};  ///< the intake's
  std::chrono::milliseconds flush_every{200};
  std::size_t flush_bytes = 256 << 10;  ///< of text: a batch that is longer ends sooner
  /// A batch that is longer than this is not written.
  std::size_t max_batch_bytes = 64 << 20;
  std::size_t max_queued_bytes = 64 << 20;  ///< of text that waits for the disk
  JournalBounds bounds;
};

struct JournalCounters {
  std::uint64_t events = 0;           ///< accepted ones that are safe on disk
  std::uint64_t bytes = 0;            ///< on disk, of all segments
  std::uint64_t batches = 0;          ///< safe on disk
  std::uint64_t dropped_batches = 0;  ///< never written
  /// Times that the bound took a segment away which the older snapshot still needs.
  std::uint64_t removed_early = 0;
  std::array<std::uint64_t, kJournalStages> failures{};  ///< by JournalStage
  int last_error = 0;                                    ///< errno of the newest failure
};

/// Events and what else moves the state come in as lines of the current batch; a batch is closed
/// every `flush_every`, and then compressed, written and synced elsewhere. Batches have numbers;
/// one that is dropped, because the disk cannot follow or fails twice, leaves a hole in them, which
/// the reader tells.
///
/// The calls are of one thread and never wait for the disk: about 300 ns an event, beside 600 ns of
/// the other thread. An event takes some 40 bytes on disk: 18 GB a day at 5,000 events/s.
class JournalWriter {
 public:
  enum class Work {
    beside,  ///< the caller, in a thread of its own
    inside,  ///< tick() and cut(): for a simulation, where the seed decides
  };

  /// The first batch will have the number `next`, as JournalReader says.
  JournalWriter(Disk& disk, const KeyFingerprint& key, std::uint64_t next,
                const JournalSettings& settings, Work work = Work::beside);
  /// Without a last cut(): what has not been flushed is lost, as in a crash. Waits for the disk as
  /// long as that takes; see drain().
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  // What happened; as intake::IntakeJournal says.
  void accepted(const proto::Event& event, const proto::CustomerKey& id);
  void in_doubt();
  void advanced(proto::Instant watermark);
  void heard(proto::Instant ts);
  void gap(std::string_view kind);
  void missed_until(proto::Instant until);

  /// Whether tick() has something to do: so that no mark has to be made for nothing.
  bool is_due(std::chrono::steady_clock::time_point now) const;
  /// To be called a few times a second and after large frames, when all of a frame has been told
  /// and the mark fits what was told. Closes the batch where it is time.
  void tick(std::chrono::steady_clock::time_point now, const JournalMark& mark);
  /// Closes the batch now. The number of the last one: a snapshot of this instant has everything up
  /// to it and nothing of the next.
  std::uint64_t cut(const JournalMark& mark);
  /// Waits until everything that was closed is safe or given up, for `patience` at most. False: a
  /// disk that is slow or hangs still has some of it.
  [[nodiscard]] bool drain(std::chrono::milliseconds patience);

  /// Batches behind this one are still needed, by the older snapshot.
  void needed_behind(std::uint64_t number) { needed_behind_ = number; }

  /// The directory was removed or replaced: what comes is written to a segment of its own there.
  void begin_anew() { begins_anew_ = true; }

  JournalCounters counters() const;

 private:
  struct Batch {
    std::uint64_t number = 0;
    std::uint64_t events = 0;
    std::string text;
  };
  class Queue;

  void close(const JournalMark& mark);
  std::string& line();
  void write(const Batch& batch);

  const KeyFingerprint key_;
  const JournalSettings settings_;
  std::uint64_t next_;
  Batch batch_;
  std::chrono::steady_clock::time_point closed_at_{};

  // Of whoever writes.
  JournalSegments segments_;
  std::atomic<std::uint64_t> needed_behind_;
  std::atomic<bool> begins_anew_{false};
  std::atomic<std::uint64_t> events_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> batches_{0};
  std::atomic<std::uint64_t> dropped_batches_{0};
  std::atomic<std::uint64_t> removed_early_{0};
  std::array<std::atomic<std::uint64_t>, kJournalStages> failures_{};
  std::atomic<int> last_error_{0};
  std::unique_ptr<Queue> queue_;  ///< null: Work::inside. Last: its thread uses the others
};

}  // namespace deskpulse::store
