// Fixed-size records found by a small index that never moves.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/memory/huge_pages.hpp"

namespace deskpulse::engine {

/// Grows by pages, so that a million records never move and never exist twice while growing; a
/// record given back is the next one handed out. References stay valid until release().
template <class Record>
class Slab {
 public:
  std::uint32_t acquire() {
    ++live_;
    if (!free_.empty()) {
      const std::uint32_t index = free_.back();
      free_.pop_back();
      return index;
    }
    if (end_ == pages_.size() * kPage) add_pages();
    return end_++;
  }
  /// The record becomes what a new one is.
  void release(std::uint32_t index) {
    (*this)[index] = Record{};
    free_.push_back(index);
    --live_;
  }
  Record& operator[](std::uint32_t index) {
    assert(index < end_);
    return pages_[index / kPage][index % kPage];
  }
  const Record& operator[](std::uint32_t index) const {
    assert(index < end_);
    return pages_[index / kPage][index % kPage];
  }
  std::uint32_t end() const { return end_; }  ///< all indices ever handed out are below it
  std::uint32_t live() const { return live_; }

 private:
  static constexpr std::uint32_t kPage = 4096;
  static constexpr std::size_t kSmallPages = 8;  ///< from then on many at once, in huge pages
  static constexpr std::size_t kBlockBytes = std::size_t{2} << 20;

  void add_pages() {
    const std::size_t pages =
        pages_.size() < kSmallPages
            ? 1
            : std::max(kBlockBytes / (kPage * sizeof(Record)), std::size_t{1});
    blocks_.emplace_back(pages * kPage);
    for (std::size_t i = 0; i < pages; ++i) pages_.push_back(blocks_.back().data() + i * kPage);
  }

  std::vector<std::vector<Record, memory::HugePageAllocator<Record>>> blocks_;
  std::vector<Record*> pages_;
  std::vector<std::uint32_t> free_;
  std::uint32_t end_ = 0;
  std::uint32_t live_ = 0;
};

}  // namespace deskpulse::engine
