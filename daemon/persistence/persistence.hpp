// Everything that keeps the state over a restart, on the real disk.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/moment/status.hpp"
#include "daemon/persistence/checkpoints.hpp"
#include "daemon/persistence/forked_snapshots.hpp"
#include "daemon/persistence/journal_failures.hpp"
#include "daemon/persistence/journal_recorder.hpp"
#include "daemon/persistence/recovery.hpp"
#include "daemon/store/journal_writer.hpp"
#include "daemon/store/snapshot_store.hpp"
#include "daemon/store/state_directory.hpp"
#include "proto/id_hash.hpp"

namespace deskpulse {

struct PersistenceSettings {
  std::string directory;
  std::chrono::milliseconds interval{5'000};           ///< from snapshot to snapshot
  std::optional<store::JournalSettings> journal = {};  ///< none: not written
  Stream stream = {};                                  ///< that is followed
};

/// The state directory of a running daemon: recovered from at its start, written to while it runs.
/// Says in the log what becomes of it. In this order: recover(), begin(), tick() again and again,
/// stop(), finish(). All on the feed's thread.
class Persistence {
 public:
  /// Opens and locks the directory. Throws store::StateError.
  Persistence(boost::asio::io_context& io, const PersistenceSettings& settings);

  /// For every id that comes in: what is in the state was made with this key.
  proto::IdHasher hasher() const { return proto::IdHasher(directory_.key()); }

  /// The state of the last run, what its journal says included, whether or not this run writes one.
  /// Throws store::StateError where a person has to decide first.
  Recovered recover(const MakeMonitor& make_monitor);

  /// From now on the monitor's state is saved. It must outlive this, as what the functions need.
  /// Throws std::runtime_error where no thread can be made.
  void begin(Monitor& monitor, std::function<std::optional<feed::Cursor>()> cursor,
             std::function<void(std::uint64_t seq)> acknowledge);
  void tick(proto::Instant wall);
  /// The io_context is to run out of work: a snapshot that is being written is waited for no
  /// longer. finish() follows, which ends it.
  void stop() { runner_.let_go(); }
  enum class End : std::uint8_t {
    saved,
    not_saved,  ///< the next start goes on from less than there was
    /// The disk does not answer for 20 s. This must not be destroyed, which would wait for it; the
    /// process is to end without that.
    hangs,
  };
  /// Saves the state for the last time, here and now.
  [[nodiscard]] End finish(proto::Instant wall);

  void fill(moment::StoreStatus& status) const;

 private:
  void tell(const SnapshotTaken& taken);
  void save_last(proto::Instant wall);
  /// Makes again what somebody has removed or replaced, and goes on there. False: there was nothing
  /// to make, or it cannot be made.
  bool look_after_directory();
  Recovered recover_state(const MakeMonitor& make_monitor);
  void recover_journal(Recovered& recovered);
  void set_aside(const Recovered& recovered);
  void count_refused(store::Refusal why);
  void begin_journal(Monitor& monitor);
  void look_at_journal(Checkpoints::Steady::time_point now);
  store::JournalMark mark() const;

  store::StateDirectory directory_;
  store::SnapshotStore snapshots_;
  ForkedSnapshots runner_;
  const PersistenceSettings settings_;
  const Monitor* monitor_ = nullptr;
  std::function<std::optional<feed::Cursor>()> cursor_;
  std::uint64_t next_batch_ = 1;
  std::uint64_t recovered_events_ = 0;
  std::optional<store::JournalWriter> journal_;
  std::optional<JournalRecorder> recorder_;
  JournalFailures journal_failures_;
  std::optional<Checkpoints> checkpoints_;
  std::vector<moment::LabelCount> refused_;
  std::optional<store::SnapshotInfo> restored_from_;
  std::optional<feed::Cursor> restored_cursor_;
  std::uint64_t restored_batch_ = 0;
  bool is_failing_ = false;
  bool has_failed_ = false;  ///< to write, since the directory was last looked at
  std::uint64_t dropped_batches_ = 0;
  std::string told_;             ///< why the directory cannot be made again
  bool has_saved_last_ = false;  ///< when the daemon ended
};

}  // namespace deskpulse
