#include "daemon/monitor/waiting_names.hpp"

#include <algorithm>
#include <utility>

namespace deskpulse {

WaitingNames::WaitingNames(IsWaiting is_waiting, std::size_t most)
    : is_waiting_(std::move(is_waiting)), most_(most), held_(most) {}

void WaitingNames::remember(const proto::CustomerKey& key, std::string_view id,
                            proto::Instant applied_by) {
  const auto found = places_.find(key);
  if (found != places_.end()) {
    Entry& entry = entries_[found->second];
    entry.applied_by = std::max(entry.applied_by, applied_by);
    return;
  }
  if (entries_.size() >= held_) return;
  places_.emplace(key, entries_.size());
  entries_.push_back({key, std::string(id), applied_by});
}

void WaitingNames::sweep(proto::Instant now, std::size_t looks) {
  for (looks = std::min(looks, entries_.size()); looks > 0 && !entries_.empty(); --looks) {
    if (sweep_at_ >= entries_.size()) sweep_at_ = 0;
    const Entry& entry = entries_[sweep_at_];
    if (entry.applied_by <= now && !is_waiting_(entry.key)) {
      erase(sweep_at_);
    } else {
      ++sweep_at_;
    }
  }
}

void WaitingNames::clear() {
  entries_ = {};
  places_.clear();
  sweep_at_ = 0;
}

std::string_view WaitingNames::find(const proto::CustomerKey& key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? std::string_view{} : entries_[found->second].id;
}

void WaitingNames::erase(std::size_t at) {
  places_.erase(entries_[at].key);
  if (at + 1 != entries_.size()) {
    entries_[at] = std::move(entries_.back());
    places_[entries_[at].key] = at;
  }
  entries_.pop_back();
}

}  // namespace deskpulse
