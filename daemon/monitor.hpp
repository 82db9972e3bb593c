// Everything between a feed and a scrape, without threads, sockets or clocks of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/engine/engine.hpp"
#include "daemon/engine_sink.hpp"
#include "daemon/feed/intake.hpp"
#include "daemon/serve/metrics_server.hpp"
#include "proto/id_hash.hpp"

namespace deskpulse {

/// Intake and engine of one process, and the one place that reads them together. Give listener() to
/// any feed, call tick() a few times a second and fill() for each report; all from one thread. What
/// it says is a function of those calls and of the wall clock it was given.
class Monitor {
 public:
  using WallClock = std::function<proto::Instant()>;

  /// `hasher`: with a random key live, so that nobody outside can choose colliding ids.
  Monitor(const engine::Settings& engine, const feed::IntakeSettings& intake,
          const proto::IdHasher& hasher, WallClock wall);
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// Where a feed is to deliver.
  feed::FeedListener& listener() { return intake_; }
  /// Lets time pass, so that deadlines fire without events and without scrapes.
  void tick() { intake_.tick(wall_()); }
  /// The numbers and the feed's state of this instant; lets time pass first. The buffers of
  /// `moment` are reused.
  void fill(serve::Moment& moment);

  const feed::Intake& intake() const { return intake_; }

 private:
  void fill_status(serve::Status& status, const engine::Report& report, proto::Instant wall);

  std::vector<engine::Window> windows_;
  engine::Calendar calendar_;
  WallClock wall_;
  engine::Engine engine_;
  EngineSink sink_;
  feed::Intake intake_;
};

}  // namespace deskpulse
