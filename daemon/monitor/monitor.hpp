// Everything between a feed and a scrape, without threads, sockets or clocks of its own.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/engine/engine.hpp"
#include "daemon/feed/feed.hpp"
#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/moment/moment.hpp"
#include "daemon/monitor/engine_sink.hpp"
#include "daemon/monitor/waiting_names.hpp"
#include "proto/id_hash.hpp"

namespace deskpulse {

/// Intake and engine of one process, and the one place that reads them together. Give listener() to
/// any feed, call tick() a few times a second and fill() for each report; all from one thread. What
/// it says is a function of those calls and of the wall clock it was given.
class Monitor {
 public:
  using WallClock = std::function<proto::Instant()>;

  /// `hasher`: with a random key live, so that nobody outside can choose colliding ids.
  Monitor(const engine::Settings& engine, const intake::IntakeSettings& intake,
          const proto::IdHasher& hasher, WallClock wall);
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// Where a feed is to deliver.
  intake::FeedListener& listener() { return listener_; }
  /// Whether the lists of waiting customers say their ids; from then on they are kept in memory
  /// while the customers wait, otherwise never. Off at first.
  void show_customers(bool show);
  /// While on, nothing that a stream can make grow does: all limits stand at what there is now. For
  /// a process that nears the memory it may use.
  void hold_growth(bool on) {
    engine_.hold_growth(on);
    intake_.hold_growth(on);
    names_.hold_growth(on);
  }
  /// Lets time pass, so that deadlines fire without events and without scrapes. Where the last one
  /// was more than a second ago the process stood still: what came meanwhile has not been read yet,
  /// so for half a second time passes by events only.
  void tick();
  /// The wall clock was set by `delta` and is `wall` now. To be told before anything else is told
  /// by the new time. Nothing fires by it; what is not heard of the source by the new time is
  /// stale.
  void clock_stepped(proto::Millis delta, proto::Instant wall);
  /// The numbers and the feed's state of this instant, and the lists of waiting customers that are
  /// wished for; lets time pass first, as tick() does. The buffers of `moment` are reused.
  void fill(moment::Moment& moment);
  /// The feed's state and how many customers wait, for one line; cheap, and lets no time pass.
  struct Glance {
    std::string_view feed_state;  ///< as of moment::feed_state()
    std::size_t waiting_customers = 0;
  };
  Glance glance();

  /// Everything that the numbers depend on, and where the stream is to go on behind it. Allocates
  /// nothing and changes nothing, so that a forked child can do it while the parent goes on.
  void save(image::Writer& writer, const std::optional<feed::Cursor>& cursor) const;
  struct Restored {
    bool ok = false;  ///< false: no image, or a damaged one; the monitor is to be thrown away
    std::optional<feed::Cursor> cursor;
    /// What could not be taken over, because the settings are other ones; marked as incomplete.
    bool windows_anew = false;
    bool today_anew = false;
  };
  /// Into a monitor that is new. The ids of those who wait are not in it: they stay masked until
  /// they write again.
  Restored load(image::Reader& reader);
  /// By how much the state's time is ahead of the clock now.
  proto::Millis ahead() { return intake_.ahead(wall_()); }
  /// By how much it may be, to be gone on from: until the clock has come there the numbers stand
  /// still, and what comes later than `allowed_lateness` behind them is lost. 10 minutes, or so
  /// long as nothing is.
  proto::Millis longest_ahead() const { return longest_ahead_; }
  /// It goes on in place of a state that was set aside, whose time was `until`: what that had
  /// counted is missing.
  void began_anew(proto::Instant until) { intake_.began_anew(until); }
  /// The state is recovered, and goes on in this process. What is counted of connections and limits
  /// begins at 0 with it, as Prometheus expects. What is counted of the stream may be lower now
  /// than it was shown before a crash. Where the source `has_positions` it sends what is missing,
  /// and those counters are hidden until it has; where not, they begin anew. R50.
  void go_on(bool has_positions);
  /// Who is told of every change of the state that no image holds yet; null: nobody.
  void tell(intake::IntakeJournal* journal) { intake_.tell(journal); }
  /// Takes what was told by a monitor that went on from the loaded image.
  intake::IntakeJournal& recovery() { return intake_.recovery(); }
  void recover_refusals(const intake::IntakeCounters& counters) {
    intake_.recover_refusals(counters);
  }

  const intake::Intake& intake() const { return intake_; }

 private:
  /// Notes the ids of customers who may wait before the intake forgets them.
  class Listener final : public intake::FeedListener {
   public:
    explicit Listener(Monitor& monitor) : monitor_(monitor) {}
    void connected(proto::Millis heartbeat, proto::Instant wall) override;
    void event(const proto::Event& event, proto::Instant wall) override;
    void rejected(const proto::Rejection& rejection) override;
    void heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) override;
    void answered(proto::Instant wall) override;
    void gap(intake::GapKind kind) override;
    void missed_until(std::optional<proto::Instant> ts, proto::Instant wall) override;
    void caught_up() override;
    void disconnected(intake::Disconnect reason) override;

   private:
    Monitor& monitor_;
  };

  void let_time_pass(proto::Instant wall);
  void remember(const proto::Event& event, proto::Instant wall);
  void fill_waiting(moment::Moment& moment);
  void fill_limits(moment::Status& status, const engine::Report& report) const;
  void fill_status(moment::Status& status, const engine::Report& report, proto::Instant wall);
  /// What moment::feed_state() looks at.
  void fill_feed_state(moment::Status& status, proto::Instant wall) const;

  std::vector<engine::Window> windows_;
  engine::Calendar calendar_;
  const proto::IdHasher hasher_;
  const proto::Millis max_clock_skew_;
  /// Numbers that are further behind the newest that was heard are stale, whatever else is said.
  /// Numbers older than this and a heartbeat are stale.
  const proto::Millis oldest_live_;
  const proto::Millis longest_ahead_;
  WallClock wall_;
  engine::Engine engine_;
  EngineSink sink_;
  intake::Intake intake_;
  Listener listener_{*this};
  std::optional<proto::Instant> last_tick_;
  proto::Instant follow_from_{};  ///< until then the wall clock is not followed
  std::uint64_t clock_steps_ = 0;
  std::uint64_t stalls_ = 0;
  bool hides_counters_ = false;
  std::optional<proto::Instant> hidden_until_;  ///< time is that; absent: not known yet
  /// What earlier processes had counted.
  struct Before {
    std::array<std::uint64_t, intake::kDisconnectCount> disconnects{};
    std::array<std::uint64_t, proto::kRejectCount> rejected{};
    std::uint64_t connects = 0;
    std::uint64_t gaps = 0;
    std::vector<std::uint64_t> limits;  ///< how often each was exceeded, as they are filled in
  } before_;
  bool show_customers_ = false;
  WaitingNames names_;
};

}  // namespace deskpulse
