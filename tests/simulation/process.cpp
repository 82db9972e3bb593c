#include "tests/simulation/process.hpp"

#include <stdexcept>
#include <utility>

#include "tests/property/flatten.hpp"

namespace deskpulse::simulation {

namespace {

using Source = Surroundings::Source;

constexpr Time kTick = 250;
/// Small, so that there are several of them in a run.
constexpr std::uint64_t kSegmentBytes = 2'000;
constexpr std::chrono::seconds kHandshake{10};
constexpr std::string_view kPing = "ping";

intake::IntakeSettings intake_settings(const Scenario& scenario) {
  intake::IntakeSettings settings;
  settings.reorder_window = proto::Millis{scenario.order.reorder_window};
  settings.allowed_lateness = proto::Millis{scenario.order.allowed_lateness};
  settings.max_clock_skew = proto::Millis{scenario.order.max_clock_skew};
  return settings;
}

constexpr feed::BackoffSettings kBackoff{
    .base = std::chrono::milliseconds{100},
    .cap = std::chrono::milliseconds{5'000},
    .slow_base = std::chrono::milliseconds{1'000},
    .slow_cap = std::chrono::milliseconds{5'000},
    .healthy_after = std::chrono::milliseconds{5'000},
};

}  // namespace

Process::Process(const Scenario& scenario, std::uint64_t life, Plant plant, SimulatedDisk& disk,
                 Surroundings& surroundings)
    : scenario_(scenario),
      life_(life),
      plant_(plant),
      surroundings_(surroundings),
      random_(scenario.seed * 1'000 + life, "process"),
      clock_([this] { return surroundings_.clocks(); }),
      store_(disk, store::KeyFingerprint{}),
      source_(surroundings.source()),
      recovered_(recover_state(disk)),
      monitor_(std::move(recovered_.monitor)),
      session_(stream_settings()),
      backoff_(kBackoff, [this] { return static_cast<double>(random_.below(1'000)) / 1'000; }) {
  clock_.on_step([this](proto::Millis delta, proto::Instant wall) {
    if (monitor_) monitor_->clock_stepped(delta, wall);
  });
  if (scenario.journal) {
    store::JournalSettings journal;
    journal.reorder_window = proto::Millis{scenario.order.reorder_window};
    journal.bounds.segment_bytes = kSegmentBytes;
    journal_.emplace(disk, store::KeyFingerprint{}, next_batch_, journal,
                     store::JournalWriter::Work::inside);
    recorder_.emplace(*journal_);
    monitor_->tell(&*recorder_);
  }
  Checkpoints::Settings settings;
  settings.interval = std::chrono::milliseconds{scenario.snapshot_interval};
  settings.give_up_after = std::chrono::seconds{10};
  checkpoints_ = std::make_unique<Checkpoints>(
      settings, Checkpoints::Seams{
                    .store = store_,
                    .runner = *this,
                    .save_state =
                        [this](image::Writer& writer, const std::optional<feed::Cursor>& cursor) {
                          monitor_->save(writer, cursor);
                        },
                    .cursor = [this] { return cursor_for_snapshot(); },
                    .acknowledge = [this](std::uint64_t seq) { acknowledge(seq); },
                    .ended = {},
                    .cut_journal = [this] { return cut_journal(); },
                    .release_journal =
                        [this](std::uint64_t batch) {
                          if (journal_) journal_->needed_behind(batch);
                        },
                });
  if (recovered_.snapshot) {
    checkpoints_->restored(*recovered_.snapshot, recovered_.snapshot_cursor, snapshot_batch_);
  }
  cursor_before_ = recovered_.cursor;
}

feed::StreamSettings Process::stream_settings() const {
  feed::StreamSettings settings;
  settings.protocol = scenario_.protocol;
  if (plant_ != Plant::unbound_position) settings.source = source_;
  settings.start_at = scenario_.start_at;
  settings.resume_from = recovered_.cursor;
  settings.has_history = recovered_.was_set_aside || monitor_->intake().counters().connects > 0;
  return settings;
}

Recovered Process::recover_state(SimulatedDisk& disk) {
  Recovered recovered = read_state(disk);
  if (!is_from_the_future(recovered)) return recovered;
  surroundings_.say("set aside", std::to_string(recovered.monitor->ahead().count()));
  if (set_aside(disk, store_, recovered))
    throw Crash{};  // it refuses to start, and is started again
  Recovered next = read_state(disk);
  goes_on_behind(recovered, next);
  return next;
}

Recovered Process::read_state(SimulatedDisk& disk) {
  Recovered recovered = recover(store_, [this] {
    return std::make_unique<Monitor>(property::settings_of(scenario_.rules),
                                     intake_settings(scenario_), proto::IdHasher{},
                                     [this] { return clock_.now(); });
  });
  for (const store::RefusedSnapshot& refused : recovered.refused) {
    surroundings_.say("refused", refused.sentence);
  }
  if (recovered.must_not_start) throw std::runtime_error("the daemon refuses to start");
  snapshot_batch_ = recovered.journal_batch;
  if (!scenario_.journal) return recovered;
  const store::JournalReadResult journal = recover_journal(
      disk, store::KeyFingerprint{},
      {.has_positions = scenario_.protocol == feed::Protocol::v1, .source = source_}, recovered);
  for (const store::RefusedSegment& refused : journal.refused) {
    surroundings_.say("refused", refused.sentence);
  }
  if (journal.must_not_start) throw std::runtime_error("the daemon refuses to start");
  next_batch_ = journal.next;
  return recovered;
}

store::JournalMark Process::journal_mark() {
  store::JournalMark mark =
      deskpulse::journal_mark(session_.cursor(), monitor_->intake().counters());
  // The daemon passes over what it does not know.
  mark.counters.push_back({"batch", surroundings_.closing_batch()});
  return mark;
}

template <class Close>
void Process::close_batch(Close&& close) {
  const std::uint64_t safe = journal_->counters().batches;
  const store::JournalMark mark = journal_mark();
  const std::uint64_t last = close(mark);
  if (last < next_batch_) {
    surroundings_.batch_stays_open();
    return;
  }
  next_batch_ = last + 1;
  if (journal_->counters().batches > safe) surroundings_.batch_is_safe(mark.counters.back().count);
}

std::uint64_t Process::cut_journal() {
  if (!journal_) return 0;
  close_batch([&](const store::JournalMark& mark) { return journal_->cut(mark); });
  return next_batch_ - 1;
}

void Process::journal_due() {
  if (!journal_ || !journal_->is_due(steady())) return;
  close_batch([&](const store::JournalMark& mark) {
    journal_->tick(steady(), mark);
    return next_batch_;
  });
}

Process::~Process() {
  if (link_) link_->client = {};
}

void Process::begin() {
  const bool has_positions = scenario_.protocol == feed::Protocol::v1;
  if (!has_positions) surroundings_.begin_counters_anew();
  monitor_->go_on(has_positions);
  session_.listen(this);
  tick();
  connect();
}

std::chrono::steady_clock::time_point Process::steady() const {
  return std::chrono::steady_clock::time_point{surroundings_.clocks().monotonic};
}

void Process::tick() {
  ++ticks_;
  monitor_->tick();
  journal_due();
  checkpoints_->tick(steady(), clock_.now());
  cursor_before_ = session_.cursor();
  surroundings_.later(kTick, Source::timer, [this] { tick(); });
}

void Process::follow() {
  if (link_) end(intake::Disconnect::stopped);
  source_ = surroundings_.source();
  session_.change(stream_settings());
  connect();
}

void Process::finish() {
  if (link_) end(intake::Disconnect::stopped);
  ++connection_;
  cut_journal();
  surroundings_.saving();
  checkpoints_->finish(clock_.now());
}

// ---------------------------------------------------------------------------------------------------
// The connection

void Process::connect() {
  const std::uint64_t connection = ++connection_;
  link_ = surroundings_.connect();
  if (!link_) {
    end(intake::Disconnect::refused);
    return;
  }
  const auto mine = [this, connection](const std::function<void()>& what) {
    surroundings_.soon(Source::network, [this, connection, what] {
      if (connection == connection_) what();
    });
  };
  link_->client.message = [this, mine](const std::string& text) {
    mine([this, text] { message(text); });
  };
  link_->client.closed = [this, mine] {
    mine([this] { end(intake::Disconnect::connection_lost); });
  };
  opened_ = heard_ = steady();
  ready_.reset();
  signs_ = session_.signs_of_life();
  const std::string hello = session_.opened(clock_.now());
  if (!hello.empty()) {
    surroundings_.say("hello", hello);
    link_->send_to_server(hello);
  } else {
    ready_ = opened_;
    ping();
  }
  watch();
}

void Process::message(const std::string& text) {
  heard_ = steady();
  const bool was_ready = session_.is_ready();
  if (text == kPing) {
    session_.pong(clock_.now());
    return;
  }
  surroundings_.say("message", text);
  switch (session_.message(text, proto::Tail::unknown, clock_.now())) {
    case feed::StreamSession::Verdict::go_on:
      break;
    case feed::StreamSession::Verdict::not_json:
      session_.not_json();
      break;
    case feed::StreamSession::Verdict::end:
      end(session_.ending().end.reason);
      return;
  }
  if (!was_ready && session_.is_ready()) ready_ = steady();
}

/// Ends a connection that takes too long.
void Process::watch() {
  surroundings_.later(100, Source::timer, [this, connection = connection_] {
    if (connection != connection_) return;
    const auto now = steady();
    if (!session_.is_ready() && now - opened_ > kHandshake) {
      end(intake::Disconnect::handshake_timeout);
    } else if (session_.is_ready() && now - heard_ > session_.silence_limit()) {
      end(intake::Disconnect::silence);
    } else {
      watch();
    }
  });
}

void Process::ping() {
  link_->send_to_server(std::string(kPing));
  surroundings_.later(2'000, Source::timer, [this, connection = connection_] {
    if (connection == connection_) ping();
  });
}

void Process::end(intake::Disconnect reason) {
  surroundings_.say("disconnected", intake::disconnect_name(reason));
  ++connection_;
  if (link_) {
    link_->client = {};
    link_->close_to_server();
    link_.reset();
  }
  session_.disconnected(reason);
  if (ready_) {
    backoff_.ended_after(std::chrono::duration_cast<std::chrono::milliseconds>(steady() - *ready_));
  }
  if (reason == intake::Disconnect::stopped) return;
  surroundings_.later(backoff_.next(reason == intake::Disconnect::unauthorized).count(),
                      Source::timer, [this, connection = connection_] {
                        if (connection == connection_) connect();
                      });
}

std::chrono::steady_clock::duration Process::unheard() const { return steady() - heard_; }

void Process::acknowledge(std::uint64_t seq) {
  const std::string frame = session_.ack(seq);
  if (frame.empty() || !link_) return;
  surroundings_.acknowledging(seq);
  link_->send_to_server(frame);
  surroundings_.acknowledged();
}

// ---------------------------------------------------------------------------------------------------
// What the session says

void Process::connected(proto::Millis heartbeat, proto::Instant wall) {
  monitor_->listener().connected(heartbeat, wall);
}

void Process::event(const proto::Event& event, proto::Instant wall) {
  surroundings_.delivering(event, wall);
  std::string other_id;
  proto::Event planted = event;
  if (plant_ == Plant::forgotten_duplicates && !event.id.empty()) {
    other_id = std::string(event.id) + '/' + std::to_string(life_);
    planted.id = other_id;
  }
  monitor_->listener().event(planted, wall);
  surroundings_.delivered();
}

void Process::rejected(const proto::Rejection& rejection) {
  monitor_->listener().rejected(rejection);
}

void Process::heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) {
  monitor_->listener().heartbeat(ts, wall);
}

void Process::answered(proto::Instant wall) { monitor_->listener().answered(wall); }

void Process::gap(intake::GapKind kind) {
  surroundings_.say("gap", std::to_string(static_cast<int>(kind)));
  if (intake::is_lost_at_source(kind)) surroundings_.begin_counters_anew();
  monitor_->listener().gap(kind);
}

void Process::missed_until(std::optional<proto::Instant> ts, proto::Instant wall) {
  surroundings_.missed_until(ts, wall);
  if (plant_ != Plant::late_first_event) monitor_->listener().missed_until(ts, wall);
}

void Process::caught_up() { monitor_->listener().caught_up(); }

void Process::disconnected(intake::Disconnect reason) { monitor_->listener().disconnected(reason); }

// ---------------------------------------------------------------------------------------------------
// Snapshots

std::optional<feed::Cursor> Process::cursor_for_snapshot() {
  return plant_ == Plant::cursor_apart ? cursor_before_ : session_.cursor();
}

/// In the daemon the state is that of the fork, and its writing goes on beside it. Nothing that the
/// daemon does meanwhile touches the disk, so it may as well be written at once; it is only known
/// to be there later.
void Process::run(Save save, Done done) {
  surroundings_.saving();
  if (plant_ == Plant::early_ack) {
    if (const auto cursor = session_.cursor()) acknowledge(cursor->seq);
  }
  snapshot_done_ = done;
  SnapshotTaken taken;
  taken.saved = save();
  const bool hangs = random_.percent(1);
  const Time duration = random_.between(0, scenario_.snapshot_time);
  taken.duration = std::chrono::milliseconds{duration};
  surroundings_.say("snapshot", store::save_stage_name(taken.saved.stage));
  if (hangs) return;
  surroundings_.later(duration, Source::timer,
                      [this, done = std::move(done), taken, snapshot = ++snapshot_] {
                        if (snapshot == snapshot_) done(taken);
                      });
}

void Process::kill() {
  surroundings_.soon(Source::timer,
                     [this, done = std::move(snapshot_done_), snapshot = ++snapshot_] {
                       SnapshotTaken taken;
                       taken.died = true;
                       if (snapshot == snapshot_) done(taken);
                     });
}

}  // namespace deskpulse::simulation
