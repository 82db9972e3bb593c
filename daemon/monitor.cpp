#include "daemon/monitor.hpp"

#include <utility>

#include "proto/encoder.hpp"

namespace deskpulse {
namespace {

/// Gives entry i of a list its label and count; the labels are the same each time.
void set_count(std::vector<serve::LabelCount>& counts, std::size_t i, std::string_view label,
               std::uint64_t count) {
  if (counts.size() <= i) counts.resize(i + 1);
  if (counts[i].label != label) counts[i].label = label;
  counts[i].count = count;
}

}  // namespace

Monitor::Monitor(const engine::Settings& engine, const feed::IntakeSettings& intake,
                 const proto::IdHasher& hasher, WallClock wall)
    : windows_(engine.windows),
      calendar_(engine.calendar),
      wall_(std::move(wall)),
      engine_(engine, hasher),
      sink_(engine_),
      intake_(intake, hasher, sink_) {}

void Monitor::fill(serve::Moment& moment) {
  const proto::Instant wall = wall_();
  intake_.tick(wall);
  engine_.report(moment.report);
  fill_status(moment.status, moment.report, wall);
}

void Monitor::fill_status(serve::Status& status, const engine::Report& report,
                          proto::Instant wall) {
  const feed::IntakeCounters& counters = intake_.counters();
  const feed::LiveClock& clock = intake_.clock();
  const feed::GapLedger& gaps = intake_.gaps();
  status.connected = clock.is_connected();
  status.ever_connected = counters.connects > 0;
  status.caught_up = clock.is_caught_up(wall);
  status.stale = clock.is_stale(wall);
  status.lag = clock.lag(wall);
  status.reconnects = counters.reconnects();
  status.gaps = gaps.count();
  status.late = counters.late;
  status.duplicates = counters.duplicates;

  // Unknown types are taken but counted among the rejected, so they have no place here.
  for (std::size_t i = 0; i < static_cast<std::size_t>(proto::Type::unknown); ++i)
    set_count(status.events, i, proto::type_name(static_cast<proto::Type>(i)), counters.events[i]);
  for (std::size_t i = 0; i < proto::kRejectCount; ++i)
    set_count(status.rejected, i, proto::reason_name(static_cast<proto::Reject>(i)),
              counters.rejected[i]);
  for (std::size_t i = 0; i < feed::kDisconnectCount; ++i)
    set_count(status.disconnects, i, feed::disconnect_name(static_cast<feed::Disconnect>(i)),
              counters.disconnects[i]);

  status.windows.resize(windows_.size() + 1);
  for (std::size_t i = 0; i < windows_.size(); ++i)
    status.windows[i] = {windows_[i].label, gaps.incomplete(windows_[i].span, report.watermark)};
  status.windows.back() = {"today",
                           gaps.incomplete_since(calendar_.day_of(report.watermark).start)};
}

}  // namespace deskpulse
