#include "daemon/feed/backoff.hpp"

#include <algorithm>
#include <utility>

namespace deskpulse::feed {

Backoff::Backoff(const BackoffSettings& settings, Random random)
    : settings_(settings), random_(std::move(random)) {}

std::chrono::milliseconds Backoff::next(bool slow) {
  const auto base = slow ? settings_.slow_base : settings_.base;
  const auto cap = slow ? settings_.slow_cap : settings_.cap;
  auto limit = std::min(base, cap);
  for (int i = 0; i < attempts_ && limit < cap; ++i) limit = std::min(cap, limit * 2);
  ++attempts_;
  // At least 1 ms, so that even a random source stuck at 0 makes no busy loop.
  return std::max(std::chrono::milliseconds{1},
                  std::chrono::milliseconds{
                      static_cast<std::int64_t>(static_cast<double>(limit.count()) * random_())});
}

void Backoff::ended_after(std::chrono::milliseconds healthy) {
  if (healthy >= settings_.healthy_after) attempts_ = 0;
}

}  // namespace deskpulse::feed
