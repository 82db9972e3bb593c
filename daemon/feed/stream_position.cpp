#include "daemon/feed/stream_position.hpp"

#include <limits>
#include <utility>

namespace deskpulse::feed {

using proto::Resume;

StreamPosition::StreamPosition(StartAt start_at, std::optional<Cursor> resume_from)
    : start_at_(start_at), cursor_(std::move(resume_from)), has_history_(cursor_.has_value()) {}

std::optional<proto::Position> StreamPosition::ask() const {
  if (cursor_) return proto::Position{cursor_->epoch, cursor_->seq};
  // After a lost position whatever the server still has is better than what comes from now on.
  if (start_at_ == StartAt::floor || has_history_) return proto::Position{};
  return std::nullopt;
}

std::optional<GapKind> StreamPosition::ready(const proto::Ready& ready) {
  const bool same_epoch = cursor_ && cursor_->epoch == ready.epoch;
  const bool had_history = std::exchange(has_history_, true);
  const std::uint64_t before_floor = ready.floor == 0 ? 0 : ready.floor - 1;

  if (same_epoch && ready.resume == Resume::ok) return std::nullopt;
  std::optional<GapKind> gap;
  if (cursor_) {
    gap = same_epoch && ready.resume != Resume::reset ? GapKind::resume : GapKind::reset;
  } else if (had_history) {
    gap = GapKind::resume;
  } else if (ready.resume == Resume::live || ready.floor > 1) {
    gap = GapKind::live_start;
  }
  const std::uint64_t seq = ready.resume == Resume::live ? ready.head : before_floor;
  cursor_ = Cursor{std::string(ready.epoch), seq};
  return gap;
}

StreamPosition::Frame StreamPosition::begin(std::uint64_t seq, std::size_t count) {
  if (count > std::numeric_limits<std::uint64_t>::max() - seq) return {.valid = false};
  const bool hole = count > 0 && seq > cursor_->seq + 1;
  if (hole) cursor_->seq = seq - 1;
  return {.valid = true, .hole = hole};
}

bool StreamPosition::take(std::uint64_t seq) {
  if (seq <= cursor_->seq) return false;
  cursor_->seq = seq;
  return true;
}

StreamPosition::Heartbeat StreamPosition::heartbeat(std::uint64_t head) const {
  if (head < cursor_->seq) return Heartbeat::invalid;
  return head == cursor_->seq ? Heartbeat::caught_up : Heartbeat::behind;
}

}  // namespace deskpulse::feed
