// How the daemon itself is doing: what its feed and its store say, beside the engine's numbers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/moment/targets.hpp"

namespace deskpulse::moment {

/// A counter's value under one label value out of a closed set. Whoever fills a list names every
/// member of the set from the start, with 0, so that a rate over the first one is not lost.
struct LabelCount {
  std::string label;
  std::uint64_t count = 0;
};

/// Whether a scope misses events: a gap of the feed, or a start without history, touches it.
struct WindowIncomplete {
  std::string window;  ///< as in engine::Report::scopes
  bool incomplete = false;
};

/// What the configuration in force says and how the newest one was taken. It comes with every
/// moment, so that a reload needs no lock.
struct ConfigStatus {
  Targets targets;
  std::string zone;                     ///< of the business day, such as "Asia/Shanghai"
  bool show_customers = false;          ///< otherwise customers are masked
  bool last_reload_successful = false;  ///< a start is the first reload
  std::chrono::system_clock::time_point last_success{};
};

/// How near something that an upstream can grow is to the bound of [limits].
struct LimitUse {
  std::string limit;  ///< the key of [limits], such as "agents"
  std::uint64_t used = 0;
  std::uint64_t most = 0;
  std::uint64_t exceeded = 0;  ///< how often the policy at the bound was applied
};

/// What is written beside the snapshots, so that a crash loses nothing that was accepted.
struct JournalStatus {
  bool enabled = false;
  std::uint64_t events = 0;           ///< written and synced
  std::uint64_t bytes = 0;            ///< on disk now, of all segments
  std::uint64_t dropped_batches = 0;  ///< never written, since the disk could not follow
  /// Segments that went at the bound while a snapshot could still need them.
  std::uint64_t removed_early = 0;
  std::uint64_t recovered = 0;       ///< events of it that this run's start applied
  std::vector<LabelCount> failures;  ///< by `stage`
};

/// What is kept on disk for the next start. Times are of the wall clock.
struct StoreStatus {
  bool enabled = false;  ///< a directory is configured; otherwise nothing below means anything
  std::chrono::milliseconds interval{};
  /// When the newest good snapshot on disk was taken, one of an earlier run included.
  std::optional<std::chrono::system_clock::time_point> last_snapshot;
  /// Of the newest one, from its beginning to its last fsync.
  std::chrono::milliseconds duration{};
  /// For which the newest one held the feed's thread.
  std::chrono::microseconds hold{};
  std::uint64_t bytes = 0;           ///< of the newest one
  std::uint64_t snapshots = 0;       ///< taken and safe on disk
  std::vector<LabelCount> failures;  ///< of taking one, by `stage`
  std::vector<LabelCount> refused;   ///< files that this run's start could not use, by `reason`
  bool restored = false;             ///< this run went on from a snapshot
  /// The newest position of the stream that was acknowledged upstream; none on a stream without.
  std::optional<std::uint64_t> acknowledged_seq;
  JournalStatus journal;
};

/// Filled on the feed's thread together with the engine's report, for the same moment. `events`,
/// `late` and `duplicates` are of the stream and go on over a restart, as the counters of shops and
/// agents do (R50 of METRICS.md); all other counters are those of the process.
/// The default is a daemon that has not reached its feed yet.
struct Status {
  bool connected = false;
  bool ever_connected = false;  ///< since the process started
  bool silent = false;          ///< connected, and not heard for too long
  bool stale = true;            ///< the numbers stand still
  bool is_ahead = false;        ///< so far ahead of the clocks that they must be set back
  /// By how much the numbers' time is ahead of the wall clock and the source's.
  std::chrono::milliseconds ahead{};
  std::optional<std::chrono::milliseconds>
      lag;  ///< wall clock − newest event or heartbeat; absent before one
  std::uint64_t reconnects = 0;
  std::uint64_t gaps = 0;
  std::uint64_t late = 0;
  std::uint64_t duplicates = 0;
  std::vector<LabelCount> events;       ///< accepted events by `type`, as on the wire
  std::vector<LabelCount> rejected;     ///< by `reason`
  std::vector<LabelCount> disconnects;  ///< by `reason`
  std::vector<WindowIncomplete> windows;
  /// How late an event may be now; less than configured while too many ids are remembered.
  std::chrono::milliseconds allowed_lateness{};
  std::uint64_t clock_steps = 0;  ///< times that the system's clock was set
  std::uint64_t stalls = 0;       ///< times that the process stood still
  std::uint64_t log_lines_dropped = 0;
  std::vector<LimitUse> limits;  ///< each that there is, from the start
  StoreStatus store;
  ConfigStatus config;
};

/// Why the numbers are not to be trusted as live, in a few words that /-/ready gives: "starting",
/// "feed disconnected", "feed silent", "ahead of the clock" or "catching up"; empty when they are.
std::string_view not_ready_reason(const Status& status);

/// The same as one word, which the API gives: "starting", "disconnected", "silent", "catching_up"
/// or "live".
std::string_view feed_state(const Status& status);

/// The labels of `deskpulse_build_info`.
struct BuildInfo {
  std::string version;
  std::string revision;  ///< of the sources; may be empty
};

}  // namespace deskpulse::moment
