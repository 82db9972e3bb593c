// What kind of world a seed makes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/feed/stream_session.hpp"
#include "tests/property/reorder_recount.hpp"
#include "tests/property/rules.hpp"
#include "tests/simulation/agenda.hpp"

namespace deskpulse::simulation {

/// What a world promises, and so what can be asked of the daemon in it.
enum class Family : std::uint8_t {
  /// Whatever comes is on time: disorder, delays and the difference of the clocks together are
  /// within the reorder window, so it makes no difference when exactly something was delivered.
  /// Nothing is lost upstream. The numbers must be those of a recount of all that was published.
  calm,
  /// Events keep coming several times a second, and among them late, repeated and too late ones.
  /// So the watermark follows events alone and is the same however they were delivered. Nothing is
  /// lost upstream. The numbers must be those of a recount of all that was published.
  dense,
  /// Everything that can happen: links that are dead and do not say so, floors and epochs that
  /// move, clocks that jump back, files that rot. The numbers must be those of a recount of what
  /// was delivered, each event once; and what was not must have been declared.
  wild,
};
std::string_view family_name(Family family);

/// How often things go wrong in a run; 0 everywhere is a world without faults.
struct FaultCounts {
  int kills = 0;          ///< the process ends; what it wrote is there
  int power_cuts = 0;     ///< the machine ends; what was not synced may not be there
  int disk_crashes = 0;   ///< one of the two, at a call of a snapshot
  int apply_crashes = 0;  ///< the same, amidst a frame of events
  int ack_crashes = 0;    ///< the same, just before or after an acknowledgement
  int bad_disks = 0;      ///< spells in which calls fail
  int full_disks = 0;     ///< spells in which nothing fits
  int rotten_files = 0;   ///< a file is damaged
  int cuts = 0;           ///< a connection breaks, and both sides see it
  int dead_links = 0;     ///< a connection breaks, and neither side sees it
  int refusals = 0;       ///< spells in which nobody answers
  int byes = 0;           ///< the server says goodbye
  int epochs = 0;         ///< the server begins a new epoch
  int sources = 0;        ///< the address leads to another server, whose epoch has the same name
  int pauses = 0;         ///< the process stands still
  int clock_steps = 0;    ///< the daemon's clock is set
};

/// A clock that is set to another time than it had, once and for all.
struct ClockStep {
  Time at = 0;  ///< true time
  Time by = 0;
  bool both = false;  ///< the daemon's as well, as when both are on one machine
};

struct Scenario {
  std::uint64_t seed = 0;
  Family family = Family::calm;
  property::Rules rules;
  property::ReorderRecount::Settings order;
  feed::Protocol protocol = feed::Protocol::v1;
  feed::StartAt start_at = feed::StartAt::floor;

  Time begin = 0;
  Time length = 0;  ///< for so long there is traffic

  // Traffic
  int acts = 0;
  Time disorder = 0;  ///< acts are published this much after they happened, at most …
  unsigned disorder_percent = 0;
  Time lateness = 0;  ///< … and some this much
  unsigned late_percent = 0;
  unsigned repeat_percent = 0;    ///< acts that are published twice
  unsigned nameless_percent = 0;  ///< messages without an id
  bool pulse = false;

  // Platform
  Time heartbeat = 1'000;
  std::uint64_t backlog = ~std::uint64_t{0};  ///< events kept for those who come back
  bool forgets_acknowledged = true;           ///< at once: the meanest server that is legal
  std::size_t frame_events = 1;               ///< the most in one frame
  bool heartbeat_first = false;               ///< behind `ready`, before the backlog
  bool contradicts = false;  ///< says that there is a gap where there is none, and sends all again
  bool says_time = false;    ///< `ready` has its clock
  Time source_skew = 0;      ///< its clock before true time
  std::vector<ClockStep> source_steps;  ///< in order
  Time source_drift = 0;                ///< milliseconds that it gains in a thousand seconds

  // Network
  Time delay = 0;  ///< the longest of a frame

  // Daemon
  Time snapshot_interval = 5'000;
  Time snapshot_time = 0;  ///< the longest that writing one takes
  bool journal = false;
  Time wall_drift = 0;  ///< of the daemon's clock, as `source_drift`
  FaultCounts faults;

  /// Nothing that was published is lost but by the daemon's own fault.
  bool loses_nothing() const { return family != Family::wild; }
  /// The longest that an act is published after it happened.
  Time longest_delay() const {
    return std::max(disorder_percent > 0 ? disorder : 0, late_percent > 0 ? lateness : 0);
  }
  /// What the source's clock says at a true time.
  Time source_time(Time now) const;
  /// What the daemon's has gained by its drift.
  Time wall_gain(Time now) const { return (now - begin) * wall_drift / (1'000 * kSecond); }
  std::string text() const;
};

/// The scenario of a seed; the same on every machine.
Scenario scenario_of(std::uint64_t seed);

}  // namespace deskpulse::simulation
