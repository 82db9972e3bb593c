// Memory for the rings of all tallies.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "daemon/engine/row.hpp"
#include "daemon/memory/huge_pages.hpp"

namespace deskpulse::engine {

/// Hands out blocks of rows, all of one length. Thousands of agents take turns, so an event finds
/// their rows anywhere in tens of megabytes: the large chunks are huge pages, or each row would
/// cost a miss of the page table beside its own. A block given back is the next one handed out;
/// memory goes back to the system with the pool.
template <class Row>
class RowPool {
 public:
  /// `length`: rows in a block.
  explicit RowPool(std::size_t length) : length_(std::max<std::size_t>(length, 1)) {}
  RowPool(const RowPool&) = delete;
  RowPool& operator=(const RowPool&) = delete;

  /// A block of empty rows; valid as long as the pool.
  Row* acquire() {
    if (free_.empty()) add_chunk();
    Row* const block = free_.back();
    free_.pop_back();
    std::fill_n(block, length_, Row{});
    return block;
  }
  void release(Row* block) { free_.push_back(block); }

 private:
  static constexpr std::size_t kFirstBlocks = 16;
  static constexpr std::size_t kMostRows = (std::size_t{8} << 20) / sizeof(Row);

  // A quarter of what there is, so that little of it is ever idle.
  void add_chunk() {
    const std::size_t rows =
        std::max(std::min(rows_ / 4, kMostRows), rows_ == 0 ? kFirstBlocks * length_ : 4 * length_);
    chunks_.emplace_back(rows);
    rows_ += rows;
    for (std::size_t i = rows / length_; i-- > 0;)
      free_.push_back(chunks_.back().data() + i * length_);
  }

  std::size_t length_;
  std::size_t rows_ = 0;  ///< in all chunks
  std::vector<std::vector<Row, memory::HugePageAllocator<Row>>> chunks_;
  std::vector<Row*> free_;
};

struct RowPools {
  explicit RowPools(std::size_t length) : packed(length), wide(length) {}
  RowPool<PackedRow> packed;
  RowPool<WideRow> wide;
};

}  // namespace deskpulse::engine
