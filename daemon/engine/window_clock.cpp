#include "daemon/engine/window_clock.hpp"

#include <algorithm>
#include <cassert>

namespace deskpulse::engine {

WindowClock::WindowClock(const std::vector<Window>& windows, const Calendar& calendar)
    : calendar_(calendar), count_(windows.size()) {
  begin_day();
  assert(windows.size() <= kMaxWindows);
  for (std::size_t i = 0; i < count_; ++i) {
    const Millis width = windows[i].span / kBucketsPerWindow;
    assert(width > Millis{0} && width * kBucketsPerWindow == windows[i].span);
    buckets_[i] = {width, 0, 0, Instant{}, Instant{width}, 0};
    fed_first_[i] = static_cast<int>(i);
  }
  const auto width = [this](int i) { return window(i).width; };
  const std::span order(fed_first_.data(), count_);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return width(a) > width(b); });
  for (auto fed = order.begin(); fed != order.end(); ++fed) {
    const auto feeder = std::find_if(fed + 1, order.end(), [&](int shorter) {
      return width(*fed) % width(shorter) == Millis{0};
    });
    const bool is_root = feeder == order.end();
    fed_by_[static_cast<std::size_t>(*fed)] = is_root ? -1 : *feeder;
    (is_root ? roots_ : buckets_[static_cast<std::size_t>(*feeder)].feeds) |= 1U << *fed;
  }
}

void WindowClock::advance(Instant now) {
  if (now <= now_) return;
  now_ = now;
  if (now < next_change_) return;
  ++tick_;
  if (now >= day_.end) begin_day();
  next_change_ = day_.end;
  horizon_ = now;
  for (std::size_t i = 0; i < count_; ++i) {
    Bucket& bucket = buckets_[i];
    if (now >= bucket.end) {
      bucket.number = now.time_since_epoch() / bucket.width;
      bucket.slot = static_cast<int>(bucket.number % kBucketsPerWindow);
      bucket.start = Instant{bucket.number * bucket.width};
      bucket.end = bucket.start + bucket.width;
    }
    next_change_ = std::min(next_change_, bucket.end);
    horizon_ = std::min(horizon_, bucket.start - (kBucketsPerWindow - 1) * bucket.width);
  }
}

void WindowClock::begin_day() {
  day_ = calendar_.day_of(now_);
  day_before_ = calendar_.day_of(day_.start - Millis{1}).number;
}

}  // namespace deskpulse::engine
