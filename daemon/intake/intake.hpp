// Judges events, puts them in order and moves the watermark: METRICS.md, R1, R2 and R5, for live
// and replay alike.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "daemon/intake/duplicate_filter.hpp"
#include "daemon/intake/event_sink.hpp"
#include "daemon/intake/feed_listener.hpp"
#include "daemon/intake/gap_ledger.hpp"
#include "daemon/intake/intake_journal.hpp"
#include "daemon/intake/live_clock.hpp"
#include "daemon/intake/order_buffer.hpp"
#include "proto/event.hpp"
#include "proto/id_hash.hpp"
#include "proto/rejection.hpp"

namespace deskpulse::intake {

struct IntakeSettings {
  proto::Millis reorder_window{1'000};  ///< 0 … 60 s
  proto::Millis allowed_lateness{600'000};
  proto::Millis max_clock_skew{5'000};
  proto::Millis live_lag{5'000};
  std::size_t remembered_ids = DuplicateFilter::kMost;
  std::size_t buffered_events = 1'000'000;  ///< each takes 512 bytes, and more with long names
  std::size_t buffered_bytes = std::size_t{512} << 20;
};

/// What became of one event; R1.
enum class Outcome : std::uint8_t {
  in_order,  ///< taken; applied when the watermark reaches it, or already
  late,      ///< taken; applied at once, behind the watermark
  ignored,   ///< taken, of unknown type or sender: moved the watermark, changes no number (R2)
  future,
  too_late,
  duplicate,
};

struct IntakeCounters {
  /// Taken, late ones included, by proto::Type; `unknown` stays 0 (R2: those are in `rejected`).
  std::array<std::uint64_t, 7> events{};
  std::array<std::uint64_t, proto::kRejectCount> rejected{};  ///< by proto::Reject
  /// The field at fault in the newest of them; empty where no one field is.
  std::array<std::string_view, proto::kRejectCount> rejected_field{};
  std::uint64_t late = 0;
  std::uint64_t duplicates = 0;
  /// Times that time went on because the buffer had as many events as it may have …
  std::uint64_t released_early = 0;
  /// … and because they took as many bytes; since this process began.
  std::uint64_t released_for_bytes = 0;
  std::uint64_t connects = 0;
  std::array<std::uint64_t, kDisconnectCount> disconnects{};  ///< by Disconnect

  std::uint64_t reconnects() const { return connects > 0 ? connects - 1 : 0; }
};

/// The one place where events become the engine's input. Feeds talk to it as their listener; a
/// replay calls accept() and finish(). A function of its calls: it reads no clock.
///
/// Two things could grow without bound. Ids: see DuplicateFilter; where it remembers less than the
/// allowed lateness, what is older is `too_late`. Events in the reorder buffer, by their number and
/// their bytes: where there is no room for one, time goes on to the oldest of them; what then comes
/// before that is late.
///
/// About 150 ns an event beside the sink's own time; allocates only while its tables grow. One
/// thread at a time.
class Intake final : public FeedListener {
 public:
  Intake(const IntakeSettings& settings, const proto::IdHasher& hasher, EventSink& sink);

  /// Judges one event; applies it and everything else that becomes due.
  Outcome accept(const proto::Event& event, proto::Instant wall);

  /// The same in two steps, for a caller that knows some events ahead: what the second step looks
  /// at in the big table of ids has come from memory by then. The first has no effect that can be
  /// seen; it fills in the event's keys, drops the ids that they stand for and its own, and returns
  /// the hash of that, {0, 0} without one.
  proto::CustomerKey prepare(proto::Event& event) const;
  Outcome accept_prepared(const proto::Event& event, const proto::CustomerKey& id,
                          proto::Instant wall);

  /// Live: lets the watermark follow the clock. To be called before the numbers are read, and a few
  /// times a second, so that deadlines fire with no events at all.
  void tick(proto::Instant wall);
  /// Live: the wall clock was set by `delta`, and is `wall` now. Nothing moves by that, but the end
  /// of what was missed, where it was known by that clock.
  void clock_stepped(proto::Millis delta, proto::Instant wall);
  /// Replay: time goes on without an event, as far as one of `ts` would move it. False where R4
  /// would take that for future: it does not.
  [[nodiscard]] bool pass(proto::Instant ts, proto::Instant wall);
  /// Replay: the input ends. Drains the buffer and moves the watermark to the newest `ts`, or to
  /// `until` where that is later. Nothing may be accepted afterwards.
  void finish(std::optional<proto::Instant> until = std::nullopt);

  /// From now on `journal` is told what happens; null: nobody. It must outlive this.
  void tell(IntakeJournal* journal) { journal_ = journal; }
  /// Takes what another intake told its journal. Only before anything else happens to this one.
  IntakeJournal& recovery() { return recovery_; }

  /// Everything but the connection and who is told. Allocates nothing, changes nothing.
  void save(image::Writer& writer) const;
  /// Into an intake that is new, with the sink as it was at the time of save(). The settings may be
  /// others than then: with a shorter reorder window some of the buffered events are applied now,
  /// with a longer allowed lateness it takes effect little by little, as new ids are remembered.
  /// False: this is no image of an intake, and this one is to be thrown away, with the sink.
  bool load(image::Reader& reader);
  /// What no record tells: see IntakeJournal. To be called at the end of a recovery.
  void recover_refusals(const IntakeCounters& counters);
  /// What is counted of the stream, here and in the sink, begins at 0 again. So it does by itself
  /// at a gap where the source has lost what came behind our position.
  void begin_counters_anew();
  /// Scopes of the engine began anew at the load; see GapLedger.
  /// All of them behind a state that was set aside, whose time was `until`.
  void began_anew(proto::Instant until) {
    gaps_.windows_began(until);
    gaps_.calendar_began(until);
  }
  void windows_began_anew() { gaps_.windows_began(order_.watermark()); }
  void calendar_began_anew() { gaps_.calendar_began(order_.watermark()); }

  // FeedListener
  void connected(proto::Millis heartbeat, proto::Instant wall) override;
  void event(const proto::Event& event, proto::Instant wall) override;
  void rejected(const proto::Rejection& rejection) override;
  void heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) override;
  void answered(proto::Instant wall) override;
  void gap(GapKind kind) override;
  void missed_until(std::optional<proto::Instant> ts, proto::Instant wall) override;
  void disconnected(Disconnect reason) override;

  /// 1970 before the first event.
  proto::Instant watermark() const { return order_.watermark(); }
  const IntakeCounters& counters() const { return counters_; }
  const LiveClock& clock() const { return clock_; }
  /// By how much the watermark is ahead of the clocks; see LiveClock.
  proto::Millis ahead(proto::Instant wall) const { return clock_.ahead(watermark(), wall); }
  const GapLedger& gaps() const { return gaps_; }
  std::size_t buffered() const { return order_.size(); }
  /// Less than in the settings while not all ids of that time are remembered.
  proto::Millis allowed_lateness() const;
  /// How near the bounds are on what an upstream can make grow, by the names of the settings.
  struct LimitUse {
    std::string_view limit;
    std::uint64_t used = 0;
    std::uint64_t most = 0;
    std::uint64_t exceeded = 0;  ///< how often there was no room
  };
  using Limits = std::array<LimitUse, 3>;
  Limits limits() const;
  /// While on, the ids that are remembered grow no more in number (see DuplicateFilter), and the
  /// events that are buffered take no more memory than they have taken.
  void hold_growth(bool on) {
    duplicates_.hold_growth(on);
    order_.hold_growth(on);
  }
  std::size_t bytes_used() const { return order_.bytes_used() + duplicates_.bytes_used(); }

 private:
  class Recovery final : public IntakeJournal {
   public:
    explicit Recovery(Intake& intake) : intake_(intake) {}
    void accepted(const proto::Event& event, const proto::CustomerKey& id) override;
    void in_doubt() override { in_doubt_ = true; }
    void advanced(proto::Instant watermark) override;
    void heard(proto::Instant ts) override;
    void gap(GapKind kind) override;
    void missed_until(proto::Instant until) override;

   private:
    Intake& intake_;
    bool in_doubt_ = false;
  };

  /// An event that was accepted, by whomever.
  Outcome take(const proto::Event& event, bool in_doubt);
  void miss_while_in_doubt(proto::Instant until);
  void open_gap(GapKind kind);
  void miss_until(proto::Instant until);
  /// The source stood at `ts` when it was heard.
  void heard(proto::Instant ts);
  /// One that is not late; time goes on first where there is no room for it.
  void place(const proto::Event& event);
  void move_to(proto::Instant watermark);

  IntakeSettings settings_;
  proto::IdHasher hasher_;
  EventSink& sink_;
  DuplicateFilter duplicates_;
  OrderBuffer order_;
  LiveClock clock_;
  GapLedger gaps_;
  /// Until when the newest gap reaches by the wall clock; absent where the source has said it, or
  /// has gone on beyond it.
  std::optional<proto::Instant> missed_by_wall_;
  IntakeCounters counters_;
  IntakeJournal* journal_ = nullptr;
  Recovery recovery_{*this};
};

}  // namespace deskpulse::intake
