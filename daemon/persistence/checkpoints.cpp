#include "daemon/persistence/checkpoints.hpp"

#include <cassert>
#include <utility>

namespace deskpulse {
namespace {

std::chrono::milliseconds millis(Checkpoints::Steady::duration span) {
  return std::chrono::ceil<std::chrono::milliseconds>(span);
}

std::chrono::system_clock::time_point system_time(proto::Instant at) {
  return std::chrono::system_clock::time_point{at.time_since_epoch()};
}

/// Failures that are none of the disk's, behind those that are.
constexpr std::size_t kForkFailed = store::kSaveStages;
constexpr std::size_t kDied = kForkFailed + 1;

std::size_t failure_of(const SnapshotTaken& taken) {
  if (taken.fork_error != 0) return kForkFailed;
  if (taken.died) return kDied;
  return static_cast<std::size_t>(taken.saved.stage);
}

}  // namespace

struct Checkpoints::Content final : store::Content {
  Content(const Seams& seams_, const Covered& covered_) : seams(seams_), covered(covered_) {}
  void write(image::Writer& writer) const override {
    writer.number(covered.journal_batch);
    seams.save_state(writer, covered.cursor);
  }
  const Seams& seams;
  const Covered& covered;
};

Checkpoints::Checkpoints(Settings settings, Seams seams)
    : settings_(settings), seams_(std::move(seams)) {
  status_.enabled = true;
  status_.interval = millis(settings_.interval);
  for (std::size_t stage = 0; stage < store::kSaveStages; ++stage) {
    const auto each = static_cast<store::SaveStage>(stage);
    status_.failures.push_back({std::string(store::save_stage_name(each)), 0});
  }
  status_.failures.push_back({"fork", 0});
  status_.failures.push_back({"died", 0});
}

void Checkpoints::restored(const store::SnapshotInfo& info,
                           const std::optional<feed::Cursor>& cursor, std::uint64_t journal_batch) {
  newest_ = Covered{cursor, journal_batch};
  status_.restored = true;
  status_.last_snapshot = system_time(info.written_at);
  status_.bytes = info.bytes;
}

void Checkpoints::begin_anew() {
  assert(!running_);
  newest_.reset();
  older_.reset();
  next_ = Steady::time_point{};
}

void Checkpoints::tick(Steady::time_point now, proto::Instant wall) {
  if (running_) {
    if (now - running_->patient_since >= settings_.give_up_after) give_up(now);
    return;
  }
  if (!next_) next_ = now + settings_.interval;
  if (now < *next_) return;
  next_ = now + settings_.interval;
  begin(now, wall);
}

Checkpoints::Covered Checkpoints::cover() const {
  return {seams_.cursor(), seams_.cut_journal ? seams_.cut_journal() : 0};
}

void Checkpoints::begin(Steady::time_point now, proto::Instant wall) {
  running_ = Running{now, wall, seams_.store.next_generation(), cover()};
  seams_.runner.run(
      [this] {
        return seams_.store.save(running_->generation, running_->wall,
                                 Content(seams_, running_->covered));
      },
      [this](const SnapshotTaken& taken) { ended(taken); });
}

void Checkpoints::give_up(Steady::time_point now) {
  running_->patient_since = now;
  running_->given_up = true;
  failed({.saved = {}, .fork_error = 0, .died = true, .hold = {}, .duration = {}});
  seams_.runner.kill();
}

void Checkpoints::failed(const SnapshotTaken& taken) {
  if (seams_.ended) seams_.ended(taken);
  ++status_.failures[failure_of(taken)].count;
}

void Checkpoints::ended(const SnapshotTaken& taken) {
  const Running ended = *std::exchange(running_, std::nullopt);
  status_.hold = millis(taken.hold);
  if (!taken.ok()) {
    if (!ended.given_up) failed(taken);
    return;
  }
  if (seams_.ended) seams_.ended(taken);
  seams_.store.saved(ended.generation);
  older_ = std::exchange(newest_, ended.covered);
  ++status_.snapshots;
  status_.last_snapshot = system_time(ended.wall);
  status_.duration = millis(taken.duration);
  status_.bytes = taken.saved.bytes;
  release();
}

void Checkpoints::release() {
  if (!older_) return;
  if (seams_.release_journal) seams_.release_journal(older_->journal_batch);
  if (!older_->cursor || older_->cursor == acknowledged_) return;
  // A position means nothing in another epoch or source.
  const std::optional<feed::Cursor> cursor = seams_.cursor();
  if (!cursor || !cursor->has_numbers_of(*older_->cursor)) return;
  acknowledged_ = older_->cursor;
  status_.acknowledged_seq = older_->cursor->seq;
  seams_.acknowledge(older_->cursor->seq);
}

SnapshotTaken Checkpoints::finish(proto::Instant wall) {
  if (running_) {
    seams_.runner.abandon();
    running_.reset();
  }
  running_ = Running{{}, wall, seams_.store.next_generation(), cover()};
  SnapshotTaken taken;
  taken.saved = seams_.store.save(running_->generation, wall, Content(seams_, running_->covered));
  ended(taken);
  return taken;
}

void Checkpoints::fill(moment::StoreStatus& status) const {
  status.enabled = status_.enabled;
  status.interval = status_.interval;
  status.last_snapshot = status_.last_snapshot;
  status.duration = status_.duration;
  status.hold = status_.hold;
  status.bytes = status_.bytes;
  status.snapshots = status_.snapshots;
  status.failures = status_.failures;
  status.restored = status_.restored;
  status.acknowledged_seq = status_.acknowledged_seq;
}

}  // namespace deskpulse
