// When the state is saved, and what the source may forget because of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "daemon/feed/feed.hpp"
#include "daemon/image/writer.hpp"
#include "daemon/moment/status.hpp"
#include "daemon/store/snapshot_store.hpp"

namespace deskpulse {

/// How the taking of one snapshot ended.
struct SnapshotTaken {
  store::SaveResult saved;
  int fork_error = 0;                          ///< errno; 0 where there was no fork, or a good one
  bool died = false;                           ///< whoever was to save it did not come to an end
  std::chrono::steady_clock::duration hold{};  ///< for which the state could not change
  std::chrono::steady_clock::duration duration{};

  bool ok() const { return fork_error == 0 && !died && saved.ok(); }
};

/// Where a snapshot is written: in the daemon beside it, by a forked process (ForkedSnapshots); in
/// a simulation wherever the seed says.
class SnapshotRunner {
 public:
  /// Writes the state as it is now. Allocates nothing.
  using Save = std::function<store::SaveResult()>;
  using Done = std::function<void(const SnapshotTaken&)>;

  virtual ~SnapshotRunner() = default;
  /// Runs `save` on the state of this instant, and calls `done` later, unless abandon() is called.
  virtual void run(Save save, Done done) = 0;
  /// Ends what is under way; `done` is still called, by and by. Where the disk hangs, so that it
  /// cannot be ended, that may be never.
  virtual void kill() = 0;
  /// Ends what is under way, and returns when it is over, as long as that may take.
  virtual void abandon() = 0;
};

/// Saves the state every interval, and tells the source what it need not send again. Pure but for
/// its seams: it reads no clock and starts no thread.
///
/// What is acknowledged is what the *older* one of two good snapshots covers: the newest may turn
/// out to be damaged when it is needed, and then the source must still have what came after the
/// older one. A snapshot that could not be written is counted and tried again after an interval;
/// the two before it stay. One that does not end is killed and counted, and counted again and again
/// while it cannot be killed; no other is begun beside it, for both would write the same file.
class Checkpoints {
 public:
  using Steady = std::chrono::steady_clock;

  struct Settings {
    Steady::duration interval = std::chrono::seconds{5};
    Steady::duration give_up_after = std::chrono::seconds{60};  ///< on one that does not end
  };
  struct Seams {
    store::SnapshotStore& store;
    SnapshotRunner& runner;
    /// The state, as it is to be read back; allocates nothing. The position is of that state.
    std::function<void(image::Writer&, const std::optional<feed::Cursor>&)> save_state;
    std::function<std::optional<feed::Cursor>()> cursor;
    std::function<void(std::uint64_t seq)> acknowledge;
    std::function<void(const SnapshotTaken&)> ended = {};  ///< for the log; may be empty
    /// Closes the journal's batch, and says its number; empty: there is no journal.
    std::function<std::uint64_t()> cut_journal = {};
    /// What is in the journal up to this batch no snapshot needs any more.
    std::function<void(std::uint64_t batch)> release_journal = {};
  };

  Checkpoints(Settings settings, Seams seams);

  /// This run went on from a snapshot.
  void restored(const store::SnapshotInfo& info, const std::optional<feed::Cursor>& cursor,
                std::uint64_t journal_batch = 0);

  /// The directory was removed or replaced, so what was written is not there any more: a snapshot
  /// is taken at the next tick, and nothing is acknowledged before two are there. Not while one is
  /// being written.
  void begin_anew();

  /// To be called a few times a second. `wall` is written into the snapshot, for people.
  void tick(Steady::time_point now, proto::Instant wall);
  /// The last one of this run, written here and now: nothing may change the state any more. Takes
  /// as long as the disk does.
  SnapshotTaken finish(proto::Instant wall);

  bool is_running() const { return running_.has_value(); }
  /// Leaves alone what it does not know: journal and files refused at the start.
  void fill(moment::StoreStatus& status) const;

 private:
  /// What the state at the time of a snapshot contains.
  struct Covered {
    std::optional<feed::Cursor> cursor;
    std::uint64_t journal_batch = 0;
  };
  struct Running {
    Steady::time_point patient_since;  ///< its beginning, or when it was last given up
    proto::Instant wall;
    std::uint64_t generation;
    Covered covered;
    bool given_up = false;
  };
  struct Content;

  Covered cover() const;
  void begin(Steady::time_point now, proto::Instant wall);
  void give_up(Steady::time_point now);
  void failed(const SnapshotTaken& taken);
  void ended(const SnapshotTaken& taken);
  /// Lets go of what the older snapshot covers.
  void release();

  const Settings settings_;
  const Seams seams_;
  std::optional<Running> running_;
  std::optional<Steady::time_point> next_;
  /// What the newest good snapshot covers, and the one before it; none: not taken.
  std::optional<Covered> newest_;
  std::optional<Covered> older_;
  std::optional<feed::Cursor> acknowledged_;
  moment::StoreStatus status_;
};

}  // namespace deskpulse
