// What happens next in the simulated day.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/event.hpp"

namespace deskpulse::simulator {

/// A queue of things to do, by time; equal times come out in the order they went in. A ring of
/// second-long buckets with a small heap for the current one, so a million pending entries cost
/// what a thousand do: 30 to 100 ns for an entry in and out. An entry in the past is due at once.
class Timeline {
 public:
  struct Entry {
    proto::Instant at;
    std::uint64_t order = 0;    ///< filled by schedule()
    std::uint32_t subject = 0;  ///< whose turn it is; what it means is the caller's business
    std::uint8_t what = 0;
  };

  explicit Timeline(proto::Instant start);
  void schedule(proto::Instant at, std::uint8_t what, std::uint32_t subject);
  /// The earliest entry. There must be one.
  Entry pop();
  bool empty() const { return size_ == 0; }

 private:
  void put(const Entry& entry);

  static constexpr std::uint64_t kBuckets = 4096;  // a little over an hour
  std::vector<std::vector<Entry>> ring_;
  std::vector<Entry> heap_;  // the bucket that time is in
  std::uint64_t cursor_;     // its number
  std::uint64_t next_order_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace deskpulse::simulator
