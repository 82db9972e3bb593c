// One life of the daemon, from its start to its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/feed/backoff.hpp"
#include "daemon/feed/stream_session.hpp"
#include "daemon/host/wall_clock.hpp"
#include "daemon/monitor/monitor.hpp"
#include "daemon/persistence/checkpoints.hpp"
#include "daemon/persistence/journal_recorder.hpp"
#include "daemon/persistence/recovery.hpp"
#include "daemon/store/journal_reader.hpp"
#include "daemon/store/journal_writer.hpp"
#include "daemon/store/snapshot_store.hpp"
#include "tests/simulation/link.hpp"
#include "tests/simulation/scenario.hpp"
#include "tests/simulation/simulated_disk.hpp"

namespace deskpulse::simulation {

/// A bug of the daemon that is put in on purpose, to see it found.
enum class Plant : std::uint8_t {
  none,
  early_ack,             ///< what a snapshot is to cover is acknowledged before it is written
  no_sync,               ///< nothing is synced before it is called safe
  cursor_apart,          ///< the position saved is that of a moment before the state's
  forgotten_duplicates,  ///< no id of before a restart is known again
  unbound_position,      ///< a position is taken for one of any source
  late_first_event,      ///< a gap ends with the first event behind it, however late that is
};

/// What a process finds around it.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual ClockReading clocks() = 0;
  enum class Source : std::uint8_t { timer, network };
  /// Calls `what` after `wait`, if the process still lives then; later, where it stands still.
  virtual void later(Time wait, Source source, std::function<void()> what) = 0;
  /// The same as soon as the process can.
  virtual void soon(Source source, std::function<void()> what) = 0;
  /// The source in the configuration.
  virtual feed::Source source() const = 0;
  /// A new connection; null: nobody answers.
  virtual std::shared_ptr<Link> connect() = 0;
  virtual void say(std::string_view what, std::string_view more) = 0;

  // What the world checks. Each may throw Crash.

  /// An event is about to be handed over, and has been.
  virtual void delivering(const proto::Event& event, proto::Instant wall) = 0;
  virtual void delivered() = 0;
  /// The state of this instant is about to be saved.
  virtual void saving() = 0;
  /// A batch of the journal is about to end here. The number it is to be known by.
  virtual std::uint64_t closing_batch() = 0;
  /// It did not end after all: there was nothing in it.
  virtual void batch_stays_open() = 0;
  /// The batch is on disk, so the daemon says.
  virtual void batch_is_safe(std::uint64_t number) = 0;
  virtual void acknowledging(std::uint64_t seq) = 0;
  virtual void acknowledged() = 0;
  /// The counters of shops and agents are about to begin at 0.
  virtual void begin_counters_anew() = 0;
  /// What is missing is no newer than this moment; `ts`: of the source's clock, where it says.
  virtual void missed_until(std::optional<proto::Instant> ts, proto::Instant wall) = 0;
};

/// The daemon's own classes, put together as its main program does it, with a world of ours for
/// sockets, timers and clocks. What the main program does with the real ones is tested end to end.
class Process final : private intake::FeedListener, private SnapshotRunner {
 public:
  /// Recovers the state. Throws std::runtime_error when the daemon would refuse to start.
  Process(const Scenario& scenario, std::uint64_t life, Plant plant, SimulatedDisk& disk,
          Surroundings& surroundings);
  ~Process() override;
  /// Connects, and goes on by itself.
  void begin();

  /// As after SIGTERM: the connection ends, the state is saved.
  void finish();
  /// As after SIGHUP: goes on with the source that the surroundings name now.
  void follow();

  Monitor& monitor() { return *monitor_; }
  proto::Instant wall() { return clock_.now(); }
  const feed::StreamSession& session() const { return session_; }
  const store::SnapshotStore& store() const { return store_; }
  const std::optional<store::SnapshotInfo>& restored_from() const { return recovered_.snapshot; }
  bool was_set_aside() const { return recovered_.was_set_aside; }
  /// Of the snapshot.
  const std::optional<feed::Cursor>& restored_cursor() const { return recovered_.snapshot_cursor; }
  /// The last batch of the journal in the snapshot.
  std::uint64_t snapshot_batch() const { return snapshot_batch_; }
  bool is_ready() const { return session_.is_ready(); }
  /// Whom it connects to.
  const feed::Source& source() const { return source_; }
  const std::shared_ptr<Link>& link() const { return link_; }
  /// Real time since the last thing that came from the server.
  std::chrono::steady_clock::duration unheard() const;
  /// How many ticks there have been.
  std::uint64_t ticks() const { return ticks_; }

 private:
  std::chrono::steady_clock::time_point steady() const;
  void tick();
  void connect();
  void message(const std::string& text);
  void watch();
  void ping();
  void end(intake::Disconnect reason);
  void acknowledge(std::uint64_t seq);
  Recovered recover_state(SimulatedDisk& disk);
  feed::StreamSettings stream_settings() const;
  Recovered read_state(SimulatedDisk& disk);
  store::JournalMark journal_mark();
  std::uint64_t cut_journal();
  void journal_due();
  /// Does what may close a batch.
  template <class Close>
  void close_batch(Close&& close);
  std::optional<feed::Cursor> cursor_for_snapshot();

  // intake::FeedListener, between the session and the monitor
  void connected(proto::Millis heartbeat, proto::Instant wall) override;
  void event(const proto::Event& event, proto::Instant wall) override;
  void rejected(const proto::Rejection& rejection) override;
  void heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) override;
  void answered(proto::Instant wall) override;
  void gap(intake::GapKind kind) override;
  void missed_until(std::optional<proto::Instant> ts, proto::Instant wall) override;
  void caught_up() override;
  void disconnected(intake::Disconnect reason) override;

  // SnapshotRunner
  void run(Save save, Done done) override;
  void kill() override;
  void abandon() override { ++snapshot_; }

  const Scenario& scenario_;
  const std::uint64_t life_;
  const Plant plant_;
  Surroundings& surroundings_;
  Random random_;
  WallClock clock_;
  store::SnapshotStore store_;
  std::uint64_t next_batch_ = 1;      ///< of the journal, as yet without an end
  std::uint64_t snapshot_batch_ = 0;  ///< the last one in the snapshot
  feed::Source source_;
  Recovered recovered_;
  std::unique_ptr<Monitor> monitor_;
  feed::StreamSession session_;
  std::optional<store::JournalWriter> journal_;
  std::optional<JournalRecorder> recorder_;
  std::unique_ptr<Checkpoints> checkpoints_;
  feed::Backoff backoff_;

  std::shared_ptr<Link> link_;
  std::uint64_t connection_ = 0;  ///< so that what belongs to an earlier one is known
  std::uint64_t snapshot_ = 0;    ///< the same
  Done snapshot_done_;            ///< of the newest snapshot
  std::chrono::steady_clock::time_point opened_{};
  std::optional<std::chrono::steady_clock::time_point> ready_;
  std::chrono::steady_clock::time_point heard_{};
  std::uint64_t signs_ = 0;
  std::uint64_t ticks_ = 0;
  std::optional<feed::Cursor> cursor_before_;
};

}  // namespace deskpulse::simulation
