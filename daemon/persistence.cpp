#include "daemon/persistence.hpp"

#include <cstring>
#include <string_view>
#include <utility>

#include "daemon/logging.hpp"

namespace deskpulse {
namespace {

using config::LogLevel;

std::string_view stage_of(const SnapshotTaken& taken) {
  if (taken.fork_error != 0) return "fork";
  if (taken.died) return "died";
  return store::save_stage_name(taken.saved.stage);
}

}  // namespace

Persistence::Persistence(boost::asio::io_context& io, const std::string& directory,
                         std::chrono::milliseconds interval)
    : directory_(directory),
      snapshots_(directory_.disk(), store::fingerprint_of(directory_.key())),
      runner_(io, directory_.descriptors()),
      interval_(interval) {
  for (std::size_t i = 0; i < store::kRefusals; ++i) {
    const auto refusal = static_cast<store::Refusal>(i);
    if (refusal == store::Refusal::none || refusal == store::Refusal::missing) continue;
    refused_.push_back({std::string(store::refusal_name(refusal)), 0});
  }
}

Recovered Persistence::recover(const MakeMonitor& make_monitor) {
  Recovered recovered = deskpulse::recover(snapshots_, make_monitor);
  for (const store::RefusedSnapshot& refused : recovered.refused) {
    if (recovered.must_not_start) continue;  // said by whom it stops
    log(LogLevel::error, "Snapshot refused.", {{"detail", refused.sentence}});
    for (serve::LabelCount& each : refused_)
      if (each.label == store::refusal_name(refused.why)) ++each.count;
  }
  if (recovered.must_not_start) throw store::StateError(recovered.refused.back().sentence);
  if (recovered.snapshot) {
    restored_from_ = recovered.snapshot;
    restored_cursor_ = recovered.cursor;
    log(LogLevel::info, "State restored.",
        {{"generation", static_cast<std::int64_t>(recovered.snapshot->generation)},
         {"written_ms", recovered.snapshot->written_at.time_since_epoch().count()},
         {"has_position", recovered.cursor ? "true" : "false"}});
  } else {
    log(recovered.refused.empty() ? LogLevel::info : LogLevel::error,
        "State is empty: the numbers begin anew.", {{"directory", directory_.path()}});
  }
  return recovered;
}

void Persistence::begin(const Monitor& monitor, std::function<std::optional<feed::Cursor>()> cursor,
                        std::function<void(std::uint64_t seq)> acknowledge) {
  checkpoints_.emplace(
      Checkpoints::Settings{.interval = interval_, .give_up_after = std::chrono::seconds{60}},
      Checkpoints::Seams{
          .store = snapshots_,
          .runner = runner_,
          .save_state =
              [&monitor](image::Writer& writer, const std::optional<feed::Cursor>& position) {
                monitor.save(writer, position);
              },
          .cursor = std::move(cursor),
          .acknowledge = std::move(acknowledge),
          .ended = [this](const SnapshotTaken& taken) { tell(taken); }});
  if (restored_from_) checkpoints_->restored(*restored_from_, restored_cursor_);
}

void Persistence::tick(proto::Instant wall) {
  checkpoints_->tick(Checkpoints::Steady::now(), wall);
}

void Persistence::finish(proto::Instant wall) {
  const SnapshotTaken taken = checkpoints_->finish(wall);
  if (taken.ok())
    log(LogLevel::info, "State saved.", {{"bytes", static_cast<std::int64_t>(taken.saved.bytes)}});
}

// A disk that stays full is one line at its beginning and one at its end; the counter has the rest.
void Persistence::tell(const SnapshotTaken& taken) {
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

void Persistence::fill(serve::StoreStatus& status) const {
  if (checkpoints_) checkpoints_->fill(status);
  status.refused = refused_;
}

}  // namespace deskpulse
