#include "tests/simulation/world.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "daemon/host/wall_clock.hpp"
#include "daemon/store/journal_reader.hpp"
#include "daemon/store/snapshot_store.hpp"
#include "tests/property/flatten.hpp"
#include "tests/simulation/agenda.hpp"
#include "tests/simulation/delivered.hpp"
#include "tests/simulation/platform.hpp"
#include "tests/simulation/simulated_disk.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/traffic.hpp"

namespace deskpulse::simulation {

namespace {

constexpr Time kLook = 250;
/// Later than any time of a run.
constexpr proto::Instant kLast = proto::kLastInstant;
constexpr Time kLiveLag = 5'000;  ///< the default of intake::IntakeSettings
/// How long a world in which nothing goes wrong any more may take until all is delivered.
constexpr Time kRecovery = 4 * kMinute;

/// Thrown by a check.
struct Failed {
  std::string text;
};

proto::Instant instant(Time time) { return proto::Instant{proto::Millis{time}}; }
Time millis(proto::Instant at) { return at.time_since_epoch().count(); }

std::string value_text(const std::optional<double>& value) {
  return value ? std::to_string(*value) : "absent";
}

std::string cursor_text(const std::optional<feed::Cursor>& cursor) {
  return cursor ? cursor->epoch + '/' + std::to_string(cursor->seq) : "none";
}

void expect_equal(const property::Series& shown, const property::Series& wanted,
                  const std::string& when) {
  if (const auto difference = property::first_difference(shown, wanted)) {
    throw Failed{when + ": " + difference->series + " is " + value_text(difference->engine) +
                 ", should be " + value_text(difference->recount)};
  }
}

class World final : private Surroundings {
 public:
  World(const Scenario& scenario, const RunOptions& options)
      : scenario_(scenario),
        options_(options),
        agenda_(scenario.begin),
        trace_(scenario.begin, options.trace),
        traffic_(traffic_of(scenario)),
        random_(scenario.seed, "faults"),
        platform_(scenario, traffic_, agenda_, trace_),
        disk_(scenario.seed),
        stepped_(scenario.source_drift != 0 || scenario.wall_drift != 0),
        engine_(property::settings_of(scenario.rules)) {}

  Outcome run() {
    trace_.line(agenda_.now(), {"scenario", scenario_.text()});
    try {
      live();
    } catch (const Failed& failed) {
      outcome_.failure = failed.text;
    } catch (const std::exception& thrown) {
      outcome_.failure = std::string("thrown: ") + thrown.what();
    }
    if (!outcome_.failure.empty()) trace_.line(agenda_.now(), {"FAILED", outcome_.failure});
    outcome_.digest = trace_.digest();
    outcome_.lives = static_cast<int>(life_);
    return outcome_;
  }

 private:
  // --- The course of a run

  void live() {
    for (const Publication& publication : traffic_.publications) {
      agenda_.at(publication.at, [this, number = publication.number] {
        published_in_.try_emplace(number, platform_.numbering());
        platform_.publish(number);
      });
    }
    disk_.lies_about_sync = options_.plant == Plant::no_sync;
    plan_faults();
    plan_clocks();
    start();
    look_again();
    end_ = scenario_.begin + scenario_.length;
    if (!traffic_.publications.empty()) end_ = std::max(end_, traffic_.publications.back().at);
    agenda_.run_until(end_ + 1);

    heal();
    drain();
    check_numbers("when all was delivered");
    if (random_.percent(50)) {
      stop_gracefully();
      start();
      drain();
      check_numbers("after a graceful stop and start");
    }
    wait_long();
    check_numbers("after a long silence");
    outcome_.series = property::flatten(moment_.report);
    outcome_.counters = series_of(process_->monitor().intake().counters());
  }

  void heal() {
    trace_.line(agenda_.now(), {"heal"});
    healed_ = true;
    disk_.faults = {};
    disk_.capacity = std::numeric_limits<std::uint64_t>::max();
    disk_.cancel_crash();
    crash_at_event_.reset();
    crash_at_ack_ = false;
    platform_.refuse_until(0);
    if (scenario_.family == Family::wild) wall_offset_ = 0;
    clock_set_at_ = agenda_.now();
    if (paused_) resume();
    if (!process_) start();
  }

  bool has_all() const {
    if (!process_ || !process_->is_ready() || !platform_.has_told_all()) return false;
    if (scenario_.protocol == feed::Protocol::plain) return true;
    const auto cursor = process_->session().cursor();
    return cursor && platform_.numbering_of(*cursor) == platform_.numbering() &&
           cursor->seq == platform_.head();
  }

  void drain() {
    const Time latest = agenda_.now() + kRecovery;
    Time since = agenda_.now();
    // Some seconds more, for what is still on its way, and for time to go on without events.
    while (agenda_.now() - since < 6'000) {
      if (!has_all()) since = agenda_.now();
      if (agenda_.now() > latest) throw Failed{"not everything was delivered in the end"};
      agenda_.run_until(agenda_.now() + 500);
    }
  }

  void stop_gracefully() {
    trace_.line(agenda_.now(), {"stop"});
    process_->finish();
    const std::size_t saved = marks_.size() - 1;
    gone();
    must_restore_ = saved;
  }

  /// One more act, long after everything else: every deadline passes.
  void wait_long() {
    property::Act act;
    act.type = proto::Type::agent_status;
    act.shop = "s1";
    act.agent = "a";
    act.id = 'e' + std::to_string(traffic_.acts.size());
    // At the same time in every twin, whatever happened to it.
    act.ts = end_ + 2 * kRecovery + Random(scenario_.seed, "end").of<Time>({kMinute, kHour});
    published_in_[traffic_.acts.size()] = platform_.numbering();
    traffic_.publications.push_back({agenda_.now(), traffic_.acts.size()});
    traffic_.acts.push_back(act);
    wall_offset_ = act.ts - agenda_.now();
    clock_was_set();
    delivering(act.event(), instant(act.ts));
    process_->monitor().listener().event(act.event(), instant(act.ts));
    delivered();
  }

  // --- Lives of the daemon

  void start() {
    if (process_) return;
    ++life_;
    noticed_.clear();
    trace_.line(agenda_.now(), {"start", std::to_string(life_), disk_.text()});
    disk_.process_begins();
    guarded([this] {
      process_ = std::make_unique<Process>(scenario_, life_, options_.plant, disk_,
                                           static_cast<Surroundings&>(*this));
      check_restored();
      told_ = process_->monitor().intake().buffered();
      process_->begin();
    });
  }

  /// What the process does; it may be the last thing.
  template <class What>
  void guarded(What&& what) {
    try {
      what();
    } catch (const Crash&) {
      die(random_.percent(50));
    }
  }

  void die(bool power_cut) {
    trace_.line(agenda_.now(), {power_cut ? "power cut" : "killed", disk_.text()});
    const std::shared_ptr<Link> link = process_ ? process_->link() : nullptr;
    gone();
    if (power_cut) disk_.power_cut();
    if (link && power_cut && random_.percent(50)) {
      link->die();
    } else if (link) {
      link->cut();
    }
    if (rot_) {
      rot_ = false;
      rot();
    }
    agenda_.in(random_.of<Time>({0, 50, 1'000, 5'000, 30'000}), [this] { start(); });
  }

  void gone() {
    disk_.process_gone();
    process_.reset();
    timers_.clear();
    network_.clear();
    wake();
  }

  void wake() {
    if (is_suspended_) suspended_ += agenda_.now() - paused_at_;
    is_suspended_ = false;
    paused_ = false;
  }

  void resume() {
    trace_.line(agenda_.now(), {"resume"});
    wake();
    auto timers = std::exchange(timers_, {});
    auto network = std::exchange(network_, {});
    if (random_.percent(50)) std::swap(timers, network);
    const std::uint64_t life = life_;
    for (auto* const queue : {&timers, &network}) {
      for (const auto& what : *queue) {
        if (life == life_ && process_) guarded(what);
      }
    }
  }

  // --- Surroundings

  ClockReading clocks() override {
    const Time standing = is_suspended_ ? agenda_.now() - paused_at_ : 0;
    return {instant(agenda_.now() + wall_offset_ + scenario_.wall_gain(agenda_.now())),
            proto::Millis{agenda_.now() - scenario_.begin - suspended_ - standing}};
  }

  void later(Time wait, Source source, std::function<void()> what) override {
    agenda_.in(wait, [this, life = life_, source, what = std::move(what)]() mutable {
      in_process(life, source, std::move(what));
    });
  }

  void soon(Source source, std::function<void()> what) override {
    in_process(life_, source, std::move(what));
  }

  void in_process(std::uint64_t life, Source source, std::function<void()> what) {
    if (life != life_ || !process_) return;
    if (paused_) {
      (source == Source::timer ? timers_ : network_).push_back(std::move(what));
    } else {
      guarded(what);
    }
  }

  feed::Source source() const override { return platform_.source(); }

  std::shared_ptr<Link> connect() override {
    if (!platform_.answers() || process_->source() != platform_.source()) return nullptr;
    auto link = std::make_shared<Link>(agenda_, platform_.network(), scenario_.delay);
    listens_behind_ = platform_.newest();
    connected_at_ = agenda_.now();
    platform_.accept(link);
    return link;
  }

  void say(std::string_view what, std::string_view more) override {
    trace_.line(agenda_.now(), {" ", what, more});
  }

  void delivering(const proto::Event& event, proto::Instant wall) override {
    note_watermark();
    note_epoch();
    const auto number = traffic_.number_of(event);
    if (!number) throw Failed{"an event was delivered that nobody sent"};
    // What is from the future is judged by the source's clock, where ours was set back.
    const intake::LiveClock& clock = process_->monitor().intake().clock();
    ++told_;
    delivered_.act(*number, millis(clock.latest(wall)), clock.is_in_doubt(watermark_, wall));
    refused_ = refused();
    set_back_ = set_back();
    ++outcome_.delivered;
    if (crash_at_event_ && --*crash_at_event_ == 0 && random_.percent(50)) {
      crash_at_event_.reset();
      throw Crash{};
    }
  }

  std::uint64_t refused() const {
    const intake::IntakeCounters& counters = process_->monitor().intake().counters();
    return counters.duplicates +
           counters.rejected[static_cast<std::size_t>(proto::Reject::future)] +
           counters.rejected[static_cast<std::size_t>(proto::Reject::too_late)];
  }

  std::uint64_t set_back() const {
    return process_->monitor().intake().gaps().count(intake::GapKind::set_back);
  }

  void delivered() override {
    const bool clocks_were_set_back = set_back() > set_back_;
    if (clocks_were_set_back || refused() > refused_) delivered_.newest_was_refused();
    if (clocks_were_set_back) begin_counters_anew();
    watermark_ = process_->monitor().intake().watermark();
    if (crash_at_event_ && *crash_at_event_ <= 0) {
      crash_at_event_.reset();
      throw Crash{};
    }
  }

  void saving() override {
    look();
    marks_.push_back({process_->store().next_generation(), process_->wall(), delivered_.length(),
                      process_->session().cursor(), moment_.report,
                      process_->monitor().intake().counters(), batches_.size(),
                      counts_more_refused_});
  }

  std::uint64_t closing_batch() override {
    note_watermark();
    const auto& entries = delivered_.entries();
    batches_.push_back(
        {closed_, {entries.begin() + static_cast<std::ptrdiff_t>(closed_), entries.end()}});
    closed_ = entries.size();
    return batches_.size() - 1;
  }

  void batch_stays_open() override {
    closed_ = batches_.back().begin;
    batches_.pop_back();
  }

  void batch_is_safe(std::uint64_t number) override { safe_batches_.insert(number); }

  void begin_counters_anew() override {
    note_watermark();
    delivered_.counters_began_anew();
  }

  void acknowledging(std::uint64_t seq) override {
    trace_.line(agenda_.now(), {" ", "ack", std::to_string(seq)});
    ++outcome_.acknowledgements;
    check_acknowledgement(seq);
    if (crash_at_ack_ && random_.percent(50)) {
      crash_at_ack_ = false;
      throw Crash{};
    }
  }

  void acknowledged() override {
    if (std::exchange(crash_at_ack_, false)) throw Crash{};
  }

  void missed_until(std::optional<proto::Instant> ts, proto::Instant wall) override {
    const Time latest =
        millis(process_->monitor().intake().clock().latest(wall)) + scenario_.order.max_clock_skew;
    newest_missed_until_ = ts ? std::min(millis(*ts), latest) : latest;
  }

  // --- Faults

  /// Spreads each kind over the run.
  template <class Fault>
  void plan(int count, Fault fault) {
    for (int i = 0; i < count; ++i) {
      agenda_.at(scenario_.begin + random_.between(0, scenario_.length), [this, fault] {
        if (!healed_) fault();
      });
    }
  }

  void plan_faults() {
    const FaultCounts& faults = scenario_.faults;
    const auto if_alive = [this](auto fault) {
      return [this, fault] {
        if (process_) fault();
      };
    };
    plan(faults.kills, if_alive([this] { die(false); }));
    plan(faults.power_cuts, if_alive([this] { die(true); }));
    plan(faults.disk_crashes, [this] { disk_.crash_in(random_.below(25)); });
    plan(faults.apply_crashes, [this] { crash_at_event_ = random_.between(1, 30); });
    plan(faults.ack_crashes, [this] { crash_at_ack_ = true; });
    plan(faults.bad_disks, [this] {
      disk_.faults.eio_percent = random_.of({3U, 20U, 100U});
      trace_.line(agenda_.now(), {"bad disk", std::to_string(disk_.faults.eio_percent)});
      agenda_.in(random_.of<Time>({500, 5'000, 20'000}), [this] { disk_.faults = {}; });
    });
    plan(faults.full_disks, [this] {
      disk_.capacity = disk_.used() + random_.below(3'000);
      trace_.line(agenda_.now(), {"full disk", std::to_string(disk_.capacity)});
      agenda_.in(random_.of<Time>({500, 5'000, 20'000}),
                 [this] { disk_.capacity = std::numeric_limits<std::uint64_t>::max(); });
    });
    plan(faults.rotten_files, if_alive([this] {
           rot_ = true;
           die(random_.percent(50));
         }));
    plan(faults.cuts, if_alive([this] {
           if (process_->link()) process_->link()->cut();
         }));
    plan(faults.dead_links, if_alive([this] {
           trace_.line(agenda_.now(), {"dead link"});
           if (process_->link()) process_->link()->die();
         }));
    plan(faults.refusals, [this] {
      const Time span = random_.of<Time>({300, 3'000, 20'000});
      trace_.line(agenda_.now(), {"refuses", std::to_string(span)});
      platform_.refuse_until(agenda_.now() + span);
      if (process_ && process_->link()) process_->link()->cut();
    });
    plan(faults.byes, [this] { platform_.say_bye(); });
    plan(faults.epochs, [this] { platform_.begin_epoch(); });
    plan(faults.sources, [this] {
      trace_.line(agenda_.now(), {"another source"});
      platform_.become_another();
      if (!process_) return;
      if (random_.percent(50)) {
        die(false);
      } else {
        later(random_.of<Time>({0, 300, 5'000}), Source::timer, [this] { process_->follow(); });
      }
    });
    plan(faults.pauses, if_alive([this] {
           if (paused_) return;
           paused_ = true;
           paused_at_ = agenda_.now();
           is_suspended_ = random_.percent(30);
           const Time span = random_.of<Time>({400, 1'500, 4'000, 20'000});
           trace_.line(agenda_.now(), {is_suspended_ ? "suspend" : "pause", std::to_string(span)});
           agenda_.in(span, [this, life = life_] {
             if (life == life_ && paused_) resume();
           });
         }));
    plan(faults.clock_steps, [this] {
      wall_offset_ = random_.of<Time>({-3'000, -500, 0, 500, 3'000, 2 * kMinute, kHour});
      if (scenario_.family == Family::wild) {
        wall_offset_ = random_.of<Time>({wall_offset_, -10'000, -kHour});
      }
      clock_was_set();
      trace_.line(agenda_.now(), {"clock", std::to_string(wall_offset_)});
    });
  }

  void plan_clocks() {
    for (const ClockStep& step : scenario_.source_steps) {
      agenda_.at(step.at, [this, step] {
        if (step.both && !healed_) wall_offset_ += step.by;
        clock_was_set();
        trace_.line(agenda_.now(),
                    {step.both ? "both clocks" : "source's clock", std::to_string(step.by)});
      });
    }
  }

  void clock_was_set() {
    stepped_ = true;
    clock_set_at_ = agenda_.now();
  }

  /// Damages the newest snapshot, while nobody looks.
  void rot() {
    std::optional<std::uint64_t> newest;
    const char* file = nullptr;
    disk_.process_begins();
    for (const char* const name : store::SnapshotStore::kFiles) {
      store::SnapshotInfo header;
      if (!store::read_header(disk_, name, header).ok()) continue;
      if (newest && *newest > header.generation) continue;
      newest = header.generation;
      file = name;
    }
    disk_.process_gone();
    if (file == nullptr) return;
    disk_.damage(file);
    trace_.line(agenda_.now(), {"rot", file});
  }

  // --- Checks

  struct Mark {
    std::uint64_t generation = 0;
    proto::Instant written_at{};
    std::size_t length = 0;  ///< of delivered_
    std::optional<feed::Cursor> cursor;
    engine::Report report;
    intake::IntakeCounters counters;
    std::size_t batches = 0;  ///< of the journal, that were closed before
    bool counts_more_refused = false;
  };

  /// Where a clock was set back two may have the same number and time, of which one has failed:
  /// then `cursor` decides, and otherwise the newest is the one.
  const Mark& mark_of(const store::SnapshotInfo& header,
                      const std::optional<feed::Cursor>& cursor = {}) const {
    const Mark* found = nullptr;
    for (const Mark& mark : marks_) {
      const bool same =
          mark.generation == header.generation && mark.written_at == header.written_at;
      const bool better = found == nullptr || mark.cursor == cursor || found->cursor != cursor;
      if (same && better) found = &mark;
    }
    if (found != nullptr) return *found;
    throw Failed{"a snapshot that nobody wrote: generation " + std::to_string(header.generation)};
  }

  void note_watermark() {
    const proto::Instant now = process_->monitor().intake().watermark();
    if (now < watermark_) throw Failed{"the watermark went back"};
    if (now > watermark_) delivered_.moved(millis(now));
    watermark_ = now;
  }

  void note_epoch() {
    const auto cursor = process_->session().cursor();
    if (first_numbering_ == 0 && cursor) first_numbering_ = platform_.numbering_of(*cursor);
  }

  void look_again() {
    agenda_.in(kLook, [this] {
      if (process_ && !paused_) look();
      look_again();
    });
  }

  void look() {
    process_->monitor().fill(moment_);
    note_watermark();
    note_epoch();
    check_staleness();
    check_clocks();
    check_windows();
    check_levels();
    check_counters();
  }

  /// Prometheus takes a counter that is lower than before for one that began at 0: it must have, or
  /// a rate over it is as high as what was counted in all.
  void check_counters() {
    const engine::Report& report = moment_.report;
    if (report.hides_counters) return;
    std::uint64_t count = 0;
    for (const engine::ShopRow& row : report.shops)
      for (const std::uint64_t of_sender : row.counters.messages) count += of_sender;
    if (count < counted_ && count > told_) {
      throw Failed{"a counter has stepped back, from " + std::to_string(counted_) + " to " +
                   std::to_string(count)};
    }
    counted_ = count;
  }

  void check_staleness() {
    if (moment_.status.stale) return;
    if (!process_->is_ready()) throw Failed{"not connected, and shown as live"};
    const bool plain = scenario_.protocol == feed::Protocol::plain;
    const Time heartbeat = plain ? 2'000 : scenario_.heartbeat;
    const Time watchdog = plain ? 10'000 : 2 * heartbeat + kSecond;
    const Time longest = std::max(heartbeat + kLiveLag, watchdog) + kSecond;
    if (process_->unheard() > std::chrono::milliseconds{longest}) {
      throw Failed{"silent for too long, and shown as live"};
    }
    if (!scenario_.loses_nothing() || stepped_) return;
    const Time age = agenda_.now() - millis(watermark_);
    if (age > 2 * kLiveLag + heartbeat + scenario_.order.reorder_window + 2 * kSecond) {
      throw Failed{"the numbers are " + std::to_string(age) + " ms old, and shown as live"};
    }
  }

  /// When numbers may be called live, as the clocks are.
  void check_clocks() {
    if (moment_.status.stale) return;
    const Time wall = millis(process_->wall());
    const Time source = millis(platform_.clock());
    if (millis(watermark_) > std::max(wall, source) + kLiveLag) {
      throw Failed{"the numbers are ahead of every clock, and shown as live"};
    }
    // A plain source does not say what time it is.
    if (scenario_.protocol == feed::Protocol::plain) return;
    const Time heard = std::max(scenario_.heartbeat + kLiveLag, 2 * scenario_.heartbeat + kSecond) +
                       scenario_.delay + 2 * kSecond;
    if (agenda_.now() - std::max(clock_set_at_, connected_at_) <= heard) return;
    // Beyond the skew by no more than our own may have been set back.
    if (source > wall + scenario_.order.max_clock_skew + kLiveLag + kSecond) {
      throw Failed{"the source is from the future, and the numbers are shown as live"};
    }
    const Time age = std::min(wall, source) - millis(watermark_);
    if (age > heard + kLiveLag + scenario_.order.reorder_window) {
      throw Failed{"the numbers are " + std::to_string(age) +
                   " ms behind both clocks, and shown as live"};
    }
  }

  /// Whether nothing will come any more that was published there: the daemon has been told so.
  bool is_passed(const Platform::Position& position) const {
    if (scenario_.protocol == feed::Protocol::plain) {
      return process_->is_ready() && position <= listens_behind_;
    }
    const auto cursor = process_->session().cursor();
    return cursor && position <= platform_.position(*cursor);
  }

  /// The acts that the daemon has missed and can know of.
  std::vector<std::size_t> missed() {
    std::vector<bool> delivered(traffic_.acts.size());
    for (const Delivered::Entry& entry : delivered_.entries()) {
      if (entry.number) delivered[*entry.number] = true;
    }
    std::vector<std::size_t> missed;
    for (std::size_t number = 0; number < traffic_.acts.size(); ++number) {
      const auto position = platform_.position(number);
      if (delivered[number] || !position || !is_passed(*position)) continue;
      // A server that began anew before this state did cannot tell that there was more.
      if (published_in_.at(number) < first_numbering_) continue;
      // Of later than the source's clock was, or than is taken, are only those of a clock that was
      // set back.
      Time& known = missed_until_.try_emplace(number, newest_missed_until_).first->second;
      if (noticed_.insert(number).second) known = std::min(known, newest_missed_until_);
      if (stepped_ && traffic_.acts[number].ts > known) continue;
      missed.push_back(number);
    }
    return missed;
  }

  /// Each window that misses something says so.
  void check_windows() {
    const Time now = millis(watermark_);
    for (const std::size_t number : missed()) {
      const Time ts = traffic_.acts[number].ts;
      if (ts > now) continue;
      for (std::size_t i = 0; i < moment_.status.windows.size(); ++i) {
        const moment::WindowIncomplete& window = moment_.status.windows[i];
        Time start = millis(engine_.calendar.day_of(watermark_).start);
        if (i < engine_.windows.size()) {
          const Time bucket = engine_.windows[i].span.count() / 60;
          start = (now / bucket - 59) * bucket;
        }
        if (window.incomplete || ts < start) continue;
        throw Failed{"the window " + window.window + " misses " + traffic_.line(number) +
                     " and does not say so"};
      }
    }
  }

  void check_levels() {
    const engine::Report& report = moment_.report;
    std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> agents;
    for (const engine::AgentRow& row : report.agents) {
      auto& [waiting, open] = agents[report.directory->agents[row.agent].shop];
      waiting += row.levels.waiting_customers;
      open += row.levels.open_conversations;
    }
    for (const engine::ShopRow& row : report.shops) {
      const engine::Levels& levels = row.levels;
      const bool possible =
          levels.waiting_customers <= levels.open_conversations && levels.open_conversations <= 6 &&
          levels.oldest_wait_ms >= 0 &&
          agents[row.shop] == std::pair<std::uint64_t, std::uint64_t>(levels.waiting_customers,
                                                                      levels.open_conversations);
      if (!possible) throw Failed{"a shop's levels are impossible"};
    }
  }

  /// Reads which batches of the journal were applied behind the snapshot, as they were marked.
  class Applied final : public store::JournalRecords {
   public:
    /// `cursor`: of the snapshot.
    Applied(const Stream& stream, const std::optional<feed::Cursor>& cursor)
        : stream_(stream), cursor_(cursor) {}
    void accepted(const proto::Event&, const proto::CustomerKey&) override {}
    void in_doubt() override {}
    void advanced(proto::Instant) override {}
    void heard(proto::Instant) override {}
    void gap(std::string_view) override {}
    void missed_until(proto::Instant) override {}
    void ended(const store::JournalMark& mark) override {
      batches.push_back(mark.counters.back().count);
      cursor_.reset();
      if (mark.cursor) cursor_ = cursor_of(*mark.cursor);
    }
    bool missing(std::uint64_t from, std::uint64_t to) override {
      // With positions nothing behind it is read, where they are of the source that is asked, or
      // where a life had gone on before an earlier hole.
      const bool is_other = cursor_ && !cursor_->source.is_same(stream_.source);
      const bool repeats = cursor_ && to - from >= store::kMoreThanASegment;
      const bool goes_on = (!stream_.has_positions || is_other) && !repeats;
      has_hole = has_hole || goes_on;
      return goes_on;
    }
    std::vector<std::uint64_t> batches;
    bool has_hole = false;

   private:
    const Stream stream_;
    std::optional<feed::Cursor> cursor_;
  };

  void check_safe_batches(std::size_t first, const std::vector<std::uint64_t>& applied) {
    for (auto batch = safe_batches_.lower_bound(first); batch != safe_batches_.end(); ++batch) {
      if (std::find(applied.begin(), applied.end(), *batch) != applied.end()) continue;
      throw Failed{"a batch of the journal that was safe is lost: " + std::to_string(*batch)};
    }
  }

  void check_restored() {
    const auto& header = process_->restored_from();
    if (process_->was_set_aside()) {
      must_restore_.reset();
      safe_batches_.clear();
    }
    std::size_t length = 0;
    bool counted_more_refused = false;
    if (header) {
      ++outcome_.restored;
      const Mark& mark = mark_of(*header, process_->restored_cursor());
      trace_.line(agenda_.now(), {"restored", std::to_string(header->generation),
                                  cursor_text(process_->restored_cursor())});
      if (options_.plant == Plant::none && process_->restored_cursor() != mark.cursor) {
        throw Failed{"the position restored is " + cursor_text(process_->restored_cursor()) +
                     ", that of the state was " + cursor_text(mark.cursor)};
      }
      length = mark.length;
      counted_more_refused = mark.counts_more_refused;
    }
    Applied applied({scenario_.protocol == feed::Protocol::v1, process_->source()},
                    process_->restored_cursor());
    if (scenario_.journal) {
      store::read_journal(disk_, store::KeyFingerprint{}, process_->snapshot_batch(), applied);
    }
    // A stream with positions goes on before what is missing in its journal; one without takes all.
    if (scenario_.protocol == feed::Protocol::plain && scenario_.journal) {
      check_safe_batches(header ? mark_of(*header, process_->restored_cursor()).batches : 0,
                         applied.batches);
    }
    if (header && applied.batches.empty()) {
      const Mark& mark = mark_of(*header, process_->restored_cursor());
      process_->monitor().fill(moment_);
      if (moment_.report.watermark != mark.report.watermark) {
        throw Failed{"the time restored is another one than was saved"};
      }
      expect_equal(property::flatten(moment_.report), property::flatten(mark.report),
                   "as restored");
      expect_equal(series_of(process_->monitor().intake().counters()), series_of(mark.counters),
                   "as restored");
    }
    if (must_restore_ &&
        (!header || &mark_of(*header, process_->restored_cursor()) != &marks_[*must_restore_])) {
      throw Failed{"the last snapshot of a graceful stop was not restored"};
    }
    must_restore_.reset();
    // The end of a batch says how much had been refused, in those that are missing, too.
    counts_more_refused_ = applied.has_hole || counted_more_refused;
    delivered_.go_back_to(length);
    for (const std::uint64_t batch : applied.batches) {
      trace_.line(agenda_.now(), {"from the journal", std::to_string(batch)});
      const auto& [begin, entries] = batches_.at(batch);
      // What was refused moves nothing and so is no reason to end a batch: the first one may begin
      // before the snapshot.
      // Or behind it, where the snapshot is an older one than the batch goes on from: what lies
      // between was refused by an earlier life, is in the newer snapshot only, and has been told.
      if (begin > delivered_.length()) counts_more_refused_ = true;
      const std::size_t known = length > begin ? std::min(length - begin, entries.size()) : 0;
      std::vector<Delivered::Entry> more(entries.begin() + static_cast<std::ptrdiff_t>(known),
                                         entries.end());
      // What it repeats may be in the hole, and then it is missing, too.
      if (applied.has_hole) {
        std::erase_if(more, [](const Delivered::Entry& entry) { return entry.refused; });
      }
      delivered_.append(more);
    }
    closed_ = delivered_.length();
    if (delivered_.length() == 0) first_numbering_ = 0;
    watermark_ = process_->monitor().intake().watermark();
  }

  /// What is acknowledged will not be sent again: the worst power cut must leave it, and so must
  /// one damaged file.
  void check_acknowledgement(std::uint64_t seq) {
    for (const bool newest_is_damaged : {false, true}) {
      const auto disk = disk_.after_the_worst();
      store::SnapshotStore store(*disk, store::KeyFingerprint{});
      bool damaged = newest_is_damaged;
      const auto result = store.load([&](image::Reader& reader, const store::SnapshotInfo&) {
        std::byte next{};
        while (!reader.is_at_end() && reader.ok()) reader.bytes(std::span(&next, 1));
        return !std::exchange(damaged, false);
      });
      std::optional<feed::Cursor> covered;
      if (result.loaded) covered = mark_of(*result.loaded).cursor;
      if (!covered || !covered->has_numbers_of(*process_->session().cursor()) ||
          covered->seq < seq) {
        throw Failed{"acknowledged " + std::to_string(seq) + ", but a power cut now " +
                     (newest_is_damaged ? "and one damaged file " : "") + "leave " +
                     cursor_text(covered)};
      }
    }
  }

  void check_numbers(const std::string& when) {
    look();
    const intake::Intake& intake = process_->monitor().intake();
    const property::Series shown = property::flatten(moment_.report);
    const property::Series counters = series_of(intake.counters());
    const Time now = millis(intake.watermark());

    const Recounted known = recount(scenario_, traffic_, delivered_.entries());
    if (known.watermark != now) {
      throw Failed{when + ": the watermark is " + std::to_string(now) + ", should be " +
                   std::to_string(known.watermark)};
    }
    if (!counts_more_refused_) expect_equal(counters, series_of(known.counts), when);
    expect_equal(shown, known.series, when);
    check_once(known, when);
    if (scenario_.loses_nothing()) check_everything(counters, shown, now, when);
  }

  void check_once(const Recounted& known, const std::string& when) {
    std::vector<bool> published(traffic_.acts.size());
    for (const Publication& publication : traffic_.publications) {
      published[publication.number] = true;
    }
    outcome_.lost = 0;
    for (std::size_t number = 0; number < traffic_.acts.size(); ++number) {
      if (known.accepted[number] > 1) {
        throw Failed{when + ": counted twice: " + traffic_.line(number)};
      }
      if (!published[number] || known.accepted[number] == 1 || known.refused[number]) continue;
      // A server that began anew before this state did cannot tell that there was more.
      if (published_in_.at(number) < first_numbering_) continue;
      ++outcome_.lost;
    }
    const intake::GapLedger& gaps = process_->monitor().intake().gaps();
    for (const std::size_t number : missed()) {
      if (gaps.incomplete_since(instant(traffic_.acts[number].ts), kLast)) continue;
      throw Failed{when + ": lost and not declared: " + traffic_.line(number)};
    }
  }

  void check_everything(const property::Series& counters, const property::Series& shown, Time now,
                        const std::string& when) {
    const Recounted all = recount_everything(scenario_, traffic_, now);
    expect_equal(counters, series_of(all.counts), when + ", of all that was published");
    expect_equal(shown, all.series, when + ", of all that was published");
    if (process_->monitor().intake().gaps().count() > 0) {
      throw Failed{when + ": a gap, where nothing was lost"};
    }
    for (const moment::WindowIncomplete& window : moment_.status.windows) {
      if (window.incomplete) throw Failed{when + ": incomplete, where nothing was lost"};
    }
  }

  const Scenario& scenario_;
  const RunOptions& options_;
  Agenda agenda_;
  Trace trace_;
  Traffic traffic_;
  Random random_;
  Platform platform_;
  SimulatedDisk disk_;
  Outcome outcome_;
  Time end_ = 0;  ///< of the traffic

  std::uint64_t counted_ = 0;  ///< messages, as they were last shown
  std::uint64_t told_ = 0;     ///< events, to the process
  std::unique_ptr<Process> process_;
  std::uint64_t life_ = 0;
  bool healed_ = false;
  std::deque<std::function<void()>> timers_;   ///< what waits for a process that stands still
  std::deque<std::function<void()>> network_;  ///< the same
  bool paused_ = false;
  bool is_suspended_ = false;  ///< paused, and the steady clock stands still, too
  Time paused_at_ = 0;
  Time suspended_ = 0;  ///< for which the steady clock has stood still
  Time wall_offset_ = 0;
  bool stepped_;           ///< a clock was set, or drifts
  Time connected_at_ = 0;  ///< the newest connection
  Time clock_set_at_ = 0;  ///< the last time
  const engine::Settings engine_;
  Platform::Position listens_behind_;         ///< what a plain source sends comes behind it
  Time newest_missed_until_ = 0;              ///< what the daemon was told last of a gap's end
  std::map<std::size_t, Time> missed_until_;  ///< the same when an act was missed, by its number
  std::set<std::size_t> noticed_;             ///< acts that are missed, by this life

  std::optional<std::int64_t> crash_at_event_;
  bool crash_at_ack_ = false;
  bool rot_ = false;

  Delivered delivered_;
  std::size_t closed_ = 0;  ///< so much of it is in closed batches of the journal, or a snapshot
  struct Batch {
    std::size_t begin = 0;  ///< in the deliveries as they were then
    std::vector<Delivered::Entry> entries;
  };
  std::vector<Batch> batches_;  ///< of the journal, that were closed
  bool counts_more_refused_ = false;
  std::uint64_t refused_ = 0;             ///< before the event that is being delivered
  std::uint64_t set_back_ = 0;            ///< gaps of that kind, before it
  std::set<std::uint64_t> safe_batches_;  ///< those that are on disk
  std::vector<Mark> marks_;
  std::map<std::size_t, int> published_in_;  ///< the numbering, by the act's number
  int first_numbering_ = 0;                  ///< that the daemon's state knows of; 0: none
  std::optional<std::size_t> must_restore_;  ///< index of the mark
  proto::Instant watermark_{};
  moment::Moment moment_;
};

}  // namespace

Outcome run(const Scenario& scenario, const RunOptions& options) {
  return World(scenario, options).run();
}

Outcome run_seed(std::uint64_t seed, const RunOptions& options) {
  return run(scenario_of(seed), options);
}

}  // namespace deskpulse::simulation
