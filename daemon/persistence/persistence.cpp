#include "daemon/persistence/persistence.hpp"

#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "daemon/log/logging.hpp"
#include "daemon/persistence/deadline.hpp"

namespace deskpulse {
namespace {

using config::LogLevel;

// Together with the closing of the connection less than the unit's TimeoutStopSec.
constexpr std::chrono::seconds kPatienceForJournal{5};
constexpr std::chrono::seconds kPatienceForSnapshot{15};

std::string_view stage_of(const SnapshotTaken& taken) {
  if (taken.fork_error != 0) return "fork";
  if (taken.died) return "died";
  return store::save_stage_name(taken.saved.stage);
}

}  // namespace

Persistence::Persistence(boost::asio::io_context& io, const PersistenceSettings& settings)
    : directory_(settings.directory),
      snapshots_(directory_.disk(), store::fingerprint_of(directory_.key())),
      runner_(io, directory_.descriptors()),
      settings_(settings) {
  for (std::size_t i = 0; i < store::kRefusals; ++i) {
    const auto refusal = static_cast<store::Refusal>(i);
    if (refusal == store::Refusal::none || refusal == store::Refusal::missing) continue;
    refused_.push_back({std::string(store::refusal_name(refusal)), 0});
  }
}

Recovered Persistence::recover(const MakeMonitor& make_monitor) {
  Recovered recovered = recover_state(make_monitor);
  if (is_from_the_future(recovered)) {
    set_aside(recovered);
    restored_from_.reset();
    Recovered next = recover_state(make_monitor);
    goes_on_behind(recovered, next);
    next.monitor->go_on(settings_.stream.has_positions);
    return next;
  }
  if (recovered.monitor->ahead() > recovered.monitor->intake().clock().tolerance()) {
    log(LogLevel::warn,
        "The state is ahead of the clock: the numbers stand still until the clock has come there.",
        {{"ahead_ms", recovered.monitor->ahead().count()}});
  }
  recovered.monitor->go_on(settings_.stream.has_positions);
  return recovered;
}

void Persistence::set_aside(const Recovered& recovered) {
  log(LogLevel::error,
      "The state is too far ahead of the clock to go on from: it is set aside, and the numbers "
      "begin anew behind a gap. The clock was wrong in the last run, or is now.",
      {{"ahead_ms", recovered.monitor->ahead().count()}, {"directory", directory_.path()}});
  if (recovered.snapshot) count_refused(store::Refusal::future);
  const std::error_code error = deskpulse::set_aside(directory_.disk(), snapshots_, recovered);
  if (!error) return;
  throw store::StateError(
      "the state in " + directory_.path() +
      " is of a time that is still to come, and cannot be renamed: " + error.message());
}

void Persistence::count_refused(store::Refusal why) {
  for (moment::LabelCount& each : refused_)
    if (each.label == store::refusal_name(why)) ++each.count;
}

Recovered Persistence::recover_state(const MakeMonitor& make_monitor) {
  Recovered recovered = deskpulse::recover(snapshots_, make_monitor);
  for (const store::RefusedSnapshot& refused : recovered.refused) {
    if (recovered.must_not_start) continue;  // said by whom it stops
    log(LogLevel::error, "Snapshot refused.", {{"detail", refused.sentence}});
    count_refused(refused.why);
  }
  if (recovered.must_not_start) throw store::StateError(recovered.refused.back().sentence);
  if (recovered.snapshot) {
    restored_from_ = recovered.snapshot;
    restored_cursor_ = recovered.snapshot_cursor;
    restored_batch_ = recovered.journal_batch;
    log(LogLevel::info, "State restored.",
        {{"generation", static_cast<std::int64_t>(recovered.snapshot->generation)},
         {"written_ms", recovered.snapshot->written_at.time_since_epoch().count()},
         {"has_position", recovered.cursor ? "true" : "false"}});
  }
  recover_journal(recovered);
  if (recovered.cursor && !recovered.cursor->source.is_same(settings_.stream.source))
    log(LogLevel::warn, "The state is of another source: its numbers go on behind a gap.");
  if (!recovered.snapshot && recovered_events_ == 0) {
    log(recovered.refused.empty() ? LogLevel::info : LogLevel::error,
        "There is no state to go on from: the numbers begin anew.",
        {{"directory", directory_.path()}});
  }
  return recovered;
}

void Persistence::recover_journal(Recovered& recovered) {
  const store::JournalReadResult result = deskpulse::recover_journal(
      directory_.disk(), store::fingerprint_of(directory_.key()), settings_.stream, recovered);
  for (const store::RefusedSegment& refused : result.refused) {
    if (result.must_not_start && &refused == &result.refused.back())
      throw store::StateError(refused.sentence);
    // A crash tears the end off what was being written: that is what a journal is for.
    log(refused.fault == store::SegmentFault::torn ? LogLevel::info : LogLevel::error,
        "Journal segment not read to its end.", {{"detail", refused.sentence}});
  }
  if (result.error)
    log(LogLevel::error, "Journal cannot be read.", {{"error", result.error.message()}});
  if (result.strange_lines > 0) {
    log(LogLevel::error, "Journal has lines that say nothing known; they are declared as a gap.",
        {{"lines", static_cast<std::int64_t>(result.strange_lines)}});
  }
  next_batch_ = result.next;
  recovered_events_ = result.events;
  if (result.batches == 0) return;
  log(LogLevel::info, "Journal applied.",
      {{"batches", static_cast<std::int64_t>(result.batches)},
       {"events", static_cast<std::int64_t>(result.events)}});
}

void Persistence::begin_journal(Monitor& monitor) {
  try {
    journal_.emplace(directory_.disk(), store::fingerprint_of(directory_.key()), next_batch_,
                     *settings_.journal);
  } catch (const std::system_error& failure) {
    throw std::runtime_error("cannot make a thread for the journal: " + failure.code().message() +
                             "; raise the limit of tasks (TasksMax=, ulimit -u) or of address "
                             "space (LimitAS=, ulimit -v)");
  }
  recorder_.emplace(*journal_);
  monitor.tell(&*recorder_);
}

store::JournalMark Persistence::mark() const {
  return journal_mark(cursor_(), monitor_->intake().counters());
}

void Persistence::begin(Monitor& monitor, std::function<std::optional<feed::Cursor>()> cursor,
                        std::function<void(std::uint64_t seq)> acknowledge) {
  monitor_ = &monitor;
  cursor_ = std::move(cursor);
  if (settings_.journal) begin_journal(monitor);
  checkpoints_.emplace(
      Checkpoints::Settings{.interval = settings_.interval,
                            .give_up_after = std::chrono::seconds{60}},
      Checkpoints::Seams{
          .store = snapshots_,
          .runner = runner_,
          .save_state =
              [&monitor](image::Writer& writer, const std::optional<feed::Cursor>& position) {
                monitor.save(writer, position);
              },
          .cursor = cursor_,
          .acknowledge = std::move(acknowledge),
          .ended = [this](const SnapshotTaken& taken) { tell(taken); },
          .cut_journal = [this] { return journal_ ? journal_->cut(mark()) : next_batch_ - 1; },
          .release_journal =
              [this](std::uint64_t batch) {
                if (journal_) journal_->needed_behind(batch);
              }});
  if (restored_from_) checkpoints_->restored(*restored_from_, restored_cursor_, restored_batch_);
}

void Persistence::tick(proto::Instant wall) {
  const auto now = Checkpoints::Steady::now();
  if (journal_ && journal_->is_due(now)) journal_->tick(now, mark());
  if (journal_) look_at_journal(now);
  // Only behind a failure: where the disk hangs, a look at it would hold up the numbers.
  if (has_failed_ && !checkpoints_->is_running()) look_after_directory();
  checkpoints_->tick(now, wall);
}

void Persistence::look_at_journal(Checkpoints::Steady::time_point now) {
  const store::JournalCounters counters = journal_->counters();
  if (counters.dropped_batches != std::exchange(dropped_batches_, counters.dropped_batches))
    has_failed_ = true;
  const JournalFailures::Change change = journal_failures_.look(counters, now);
  if (change == JournalFailures::Change::ended) {
    log(LogLevel::info, "Journal is written again.",
        {{"dropped_batches", static_cast<std::int64_t>(counters.dropped_batches)}});
  }
  if (change != JournalFailures::Change::began) return;
  log(LogLevel::error, "Journal failed; what is not written of it a crash may lose.",
      {{"error",
        counters.last_error != 0 ? std::strerror(counters.last_error) : "the disk does not follow"},
       {"directory", directory_.path()}});
}

bool Persistence::look_after_directory() {
  has_failed_ = false;
  if (directory_.is_in_place()) return false;
  try {
    directory_.put_in_place();
  } catch (const store::StateError& impossible) {
    if (std::exchange(told_, impossible.what()) != impossible.what()) {
      log(LogLevel::error, "The state directory was removed or replaced, and cannot be made again.",
          {{"detail", impossible.what()}});
    }
    return false;
  }
  told_.clear();
  log(LogLevel::warn, "The state directory was removed or replaced; the state is written there.",
      {{"directory", directory_.path()}});
  snapshots_.look();
  checkpoints_->begin_anew();
  if (journal_) journal_->begin_anew();
  return true;
}

Persistence::End Persistence::finish(proto::Instant wall) {
  bool has_answered = true;
  if (journal_) {
    journal_->cut(mark());
    has_answered = journal_->drain(kPatienceForJournal);
    if (!has_answered) {
      log(LogLevel::error, "The end of the journal is not written: the disk does not answer.",
          {{"directory", directory_.path()}});
    }
  }
  if (ends_within(kPatienceForSnapshot, [this, wall] { save_last(wall); })) {
    if (!has_answered) return End::hangs;
    return has_saved_last_ ? End::saved : End::not_saved;
  }
  log(LogLevel::error,
      "State not saved: the disk does not answer; the next start goes on from an earlier one.",
      {{"directory", directory_.path()}});
  return End::hangs;
}

void Persistence::save_last(proto::Instant wall) {
  SnapshotTaken taken = checkpoints_->finish(wall);
  if (!taken.ok() && look_after_directory()) taken = checkpoints_->finish(wall);
  has_saved_last_ = taken.ok();
  if (taken.ok()) {
    log(LogLevel::info, "State saved.", {{"bytes", static_cast<std::int64_t>(taken.saved.bytes)}});
    return;
  }
  log(LogLevel::error, "State not saved; the next start goes on from an earlier one.",
      {{"stage", stage_of(taken)},
       {"error", std::strerror(taken.saved.error)},
       {"directory", directory_.path()}});
}

// A disk that stays full is one line at its beginning and one at its end; the counter has the rest.
void Persistence::tell(const SnapshotTaken& taken) {
  has_failed_ = has_failed_ || !taken.saved.ok();
  if (taken.ok() == !is_failing_) return;
  is_failing_ = !taken.ok();
  if (taken.ok()) {
    log(LogLevel::info, "Snapshots are written again.");
    return;
  }
  const int error = taken.fork_error != 0 ? taken.fork_error : taken.saved.error;
  log(LogLevel::error,
      "Snapshot failed; the ones before it stay, and it is tried again every interval.",
      {{"stage", stage_of(taken)},
       {"error", error != 0 ? std::strerror(error) : "the process that writes it has died"},
       {"directory", directory_.path()}});
}

void Persistence::fill(moment::StoreStatus& status) const {
  if (checkpoints_) checkpoints_->fill(status);
  status.refused = refused_;
  status.journal.recovered = recovered_events_;
  if (!journal_) return;
  const store::JournalCounters counters = journal_->counters();
  status.journal.enabled = true;
  status.journal.events = counters.events;
  status.journal.bytes = counters.bytes;
  status.journal.dropped_batches = counters.dropped_batches;
  status.journal.removed_early = counters.removed_early;
  status.journal.failures.resize(store::kJournalStages);
  for (std::size_t i = 0; i < store::kJournalStages; ++i) {
    moment::LabelCount& each = status.journal.failures[i];
    each.label = store::journal_stage_name(static_cast<store::JournalStage>(i));
    each.count = counters.failures[i];
  }
}

}  // namespace deskpulse
