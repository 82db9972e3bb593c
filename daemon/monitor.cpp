#include "daemon/monitor.hpp"

#include <utility>

#include "daemon/event_counts.hpp"

namespace deskpulse {
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
  const feed::LiveClock& clock = intake_.clock();
  const feed::GapLedger& gaps = intake_.gaps();
  fill_event_counts(status, intake_.counters());
  status.connected = clock.is_connected();
  status.silent = clock.is_silent(wall);
  status.stale = clock.is_stale(wall);
  status.lag = clock.lag(wall);
  status.gaps = gaps.count();
  status.windows.resize(windows_.size() + 1);
  for (std::size_t i = 0; i < windows_.size(); ++i)
    status.windows[i] = {windows_[i].label, gaps.incomplete(windows_[i].span, report.watermark)};
  status.windows.back() = {"today",
                           gaps.incomplete_since(calendar_.day_of(report.watermark).start)};
}

}  // namespace deskpulse
