#include "daemon/simulator/timeline.hpp"

#include <algorithm>
#include <cassert>

namespace deskpulse::simulator {
namespace {

std::uint64_t bucket_of(proto::Instant at) {
  return static_cast<std::uint64_t>(at.time_since_epoch().count()) >> 10;
}

bool later(const Timeline::Entry& a, const Timeline::Entry& b) {
  return a.at != b.at ? a.at > b.at : a.order > b.order;
}

}  // namespace

Timeline::Timeline(proto::Instant start) : ring_(kBuckets), cursor_(bucket_of(start)) {}

void Timeline::schedule(proto::Instant at, std::uint8_t what, std::uint32_t subject) {
  put({at, next_order_++, subject, what});
  ++size_;
}

void Timeline::put(const Entry& entry) {
  const std::uint64_t bucket = bucket_of(entry.at);
  if (bucket <= cursor_) {
    heap_.push_back(entry);
    std::push_heap(heap_.begin(), heap_.end(), later);
  } else {
    // What lies beyond the ring waits in its last bucket and is put again from there.
    ring_[std::min(bucket, cursor_ + kBuckets - 1) % kBuckets].push_back(entry);
  }
}

Timeline::Entry Timeline::pop() {
  assert(size_ > 0);
  while (heap_.empty()) {
    ++cursor_;
    std::vector<Entry>& due = ring_[cursor_ % kBuckets];
    for (const Entry& entry : due) put(entry);  // never back into this one
    due.clear();
  }
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Entry entry = heap_.back();
  heap_.pop_back();
  --size_;
  return entry;
}

}  // namespace deskpulse::simulator
