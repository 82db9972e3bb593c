#include "daemon/simulator/backlog.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace deskpulse::simulator {

Backlog::Backlog(std::string epoch, std::size_t capacity)
    : epoch_(std::move(epoch)), ring_(capacity) {
  assert(capacity > 0);
}

std::uint64_t Backlog::push(std::string_view event) {
  ++head_;
  ring_[head_ % ring_.size()].assign(event);
  return head_;
}

std::string_view Backlog::at(std::uint64_t seq) const {
  assert(floor() <= seq && seq <= head_);
  return ring_[seq % ring_.size()];
}

std::uint64_t Backlog::floor() const {
  return std::max(head_ - std::min<std::uint64_t>(head_, ring_.size()), forgotten_) + 1;
}

void Backlog::forget(std::uint64_t seq) { forgotten_ = std::clamp(seq, forgotten_, head_); }

Backlog::Start Backlog::start_for(const std::optional<proto::Position>& position) const {
  using proto::Resume;
  if (!position) return {Resume::live, head_ + 1};
  if (position->epoch.empty() && position->after == 0) return {Resume::ok, floor()};
  if (!position->epoch.empty() && position->epoch != epoch_) return {Resume::reset, floor()};
  // A position that this numbering has not reached cannot be ours, whatever its epoch says.
  if (position->after > head_) return {Resume::reset, floor()};
  if (position->after + 1 < floor()) return {Resume::gap, floor()};
  return {Resume::ok, position->after + 1};
}

}  // namespace deskpulse::simulator
