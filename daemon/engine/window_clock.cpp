#include "daemon/engine/window_clock.hpp"

#include <algorithm>
#include <cassert>

namespace deskpulse::engine {

WindowClock::WindowClock(const std::vector<Window>& windows, const Calendar& calendar)
    : calendar_(calendar),
      current_start_(windows.empty() ? Instant::max() : Instant{}),
      count_(windows.size()),
      day_(calendar.day_of(Instant{})) {
  assert(windows.size() <= kMaxWindows);
  for (std::size_t i = 0; i < count_; ++i) {
    const Millis width = windows[i].span / kBucketsPerWindow;
    assert(width > Millis{0} && width * kBucketsPerWindow == windows[i].span);
    buckets_[i] = {width, 0, 0, Instant{}, Instant{width}};
  }
}

void WindowClock::advance(Instant now) {
  if (now <= now_) return;
  now_ = now;
  if (now < next_change_) return;
  ++tick_;
  if (now >= day_.end) day_ = calendar_.day_of(now);
  next_change_ = day_.end;
  for (std::size_t i = 0; i < count_; ++i) {
    Bucket& bucket = buckets_[i];
    if (now >= bucket.end) {
      bucket.number = now.time_since_epoch() / bucket.width;
      bucket.slot = static_cast<int>(bucket.number % kBucketsPerWindow);
      bucket.start = Instant{bucket.number * bucket.width};
      bucket.end = bucket.start + bucket.width;
    }
    next_change_ = std::min(next_change_, bucket.end);
    current_start_ = std::max(current_start_, bucket.start);
  }
}

}  // namespace deskpulse::engine
