#include "daemon/feed/stream_position.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace deskpulse::feed {

using proto::Resume;

StreamPosition::StreamPosition(StartAt start_at, std::optional<Cursor> resume_from,
                               bool has_history, const Source& source)
    : start_at_(start_at),
      source_(source),
      cursor_(std::move(resume_from)),
      has_history_(has_history || cursor_.has_value()) {}

std::optional<proto::Position> StreamPosition::ask() const {
  if (can_resume()) return proto::Position{cursor_->epoch, cursor_->seq};
  // After a lost position whatever the server still has is better than what comes from now on.
  if (start_at_ == StartAt::floor || has_history_) return proto::Position{};
  return std::nullopt;
}

std::optional<intake::GapKind> StreamPosition::ready(const proto::Ready& ready) {
  const bool same_epoch =
      cursor_ && cursor_->source.is_same(source_) && cursor_->epoch == ready.epoch;
  const bool had_history = std::exchange(has_history_, true);
  const bool asked = cursor_ && !std::exchange(forgotten_, false);
  const std::uint64_t before_floor = ready.floor == 0 ? 0 : ready.floor - 1;

  head_ = ready.head;
  // A server that has less than it has sent has begun anew, whatever it calls that.
  const bool lost = same_epoch && ready.head < cursor_->seq;
  if (asked && same_epoch && ready.resume == Resume::ok && !lost) {
    at_ready_ = cursor_->seq;
    cursor_->source = source_;
    return std::nullopt;
  }
  std::optional<intake::GapKind> gap;
  if (asked) {
    const bool reset = !same_epoch || lost || ready.resume == Resume::reset;
    gap = reset ? intake::GapKind::reset : intake::GapKind::resume;
  } else if (had_history) {
    gap = intake::GapKind::resume;
  } else if (ready.resume == Resume::live || ready.floor > 1) {
    gap = intake::GapKind::live_start;
  }
  at_ready_ = ready.resume == Resume::live ? ready.head : before_floor;
  // What the same numbers meant before they mean still, whatever the server calls its answer.
  if (same_epoch) at_ready_ = std::max(at_ready_, std::min(cursor_->seq, ready.head));
  cursor_ = Cursor{std::string(ready.epoch), at_ready_, source_};
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

bool StreamPosition::pass_over() {
  if (!cursor_ || cursor_->seq != at_ready_ || head_ <= cursor_->seq) return false;
  ++cursor_->seq;
  return true;
}

StreamPosition::Heartbeat StreamPosition::heartbeat(std::uint64_t head) const {
  if (head < cursor_->seq) return Heartbeat::invalid;
  return head == cursor_->seq ? Heartbeat::caught_up : Heartbeat::behind;
}

}  // namespace deskpulse::feed
