// Quantiles of response times over the windows and the day, within 5 %.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/engine/image_scopes.hpp"
#include "daemon/engine/report.hpp"
#include "daemon/engine/window_clock.hpp"

namespace deskpulse::engine {

/// Counts response times in cells of fixed relative width: 16 to an octave, as in HdrHistogram, so
/// that a cell's middle is at most 1/32 (3.1 %) from any time in it; below 16 ms they are exact.
/// place() is O(1) amortised; a read walks the 720 cells of a scope once. 25 kB a shop, and for
/// each bucket of a window 2 bytes an answered turn, at most 8 kB however many there are. Quantiles
/// are nearest-rank (ruling R19).
class ResponseSketch {
 public:
  void place(const WindowClock& clock, Instant at, Millis response_time);
  /// One entry a scope: rolling windows in their order, then today.
  void read(const WindowClock& clock, Quantiles* scopes);

  void save(image::Writer& to, const WindowClock& clock) const;
  /// Of a sketch that has seen nothing yet; else as Tally::load().
  void load(image::Reader& from, const WindowClock& clock, const ImageScopes& image);

 private:
  static constexpr std::size_t kCells = 720;
  using Cells = std::array<std::uint32_t, kCells>;
  struct Scope {
    /// Whether there is room for one more: an image's total of a scope is of 32 bits.
    bool is_full() const { return total == ~std::uint32_t{0}; }
    void add(std::size_t cell) {
      ++cells[cell];
      ++total;
    }
    std::uint32_t total = 0;
    Cells cells{};
  };
  /// What one bucket of a window has counted: the newest cells one by one, for most buckets hold
  /// few, and those before them by how many.
  class Bucket {
   public:
    struct Some {
      std::uint16_t cell = 0;
      std::uint32_t count = 0;
    };
    void add(std::uint16_t cell) {
      if (newest_.size() == kNewest) fold();
      newest_.push_back(cell);
    }
    /// What is not there yet, in order of cells.
    void add_some(Some some) { folded_.push_back(some); }
    /// `visit(cell, count)`; a cell may come several times.
    template <class Visit>
    void each(Visit visit) const {
      for (const std::uint16_t cell : newest_) visit(cell, 1U);
      for (const Some& some : folded_) visit(some.cell, some.count);
    }
    bool is_empty() const { return newest_.empty() && folded_.empty(); }
    void clear() {
      newest_.clear();
      folded_.clear();
    }

   private:
    static constexpr std::size_t kNewest = 1024;
    void fold();
    std::vector<std::uint16_t> newest_;
    std::vector<Some> folded_;  ///< by cell
  };
  struct Ring {
    std::int64_t number = 0;
    Scope sum;
    std::array<Bucket, kBucketsPerWindow> buckets;
  };

  static std::size_t cell_of(std::int64_t ms);
  static double middle_of(std::size_t cell);
  static Quantiles quantiles(const Scope& scope);
  static void save_cells(image::Writer& to, const Cells& cells);
  /// `take(cell, count)` for each; false when they are not what save_cells() writes.
  template <class Take>
  static bool load_cells(image::Reader& from, Take take);
  void roll(const WindowClock& clock);

  std::uint64_t tick_ = 0;
  std::int64_t day_ = 0;
  Scope today_;
  std::vector<std::unique_ptr<Ring>> rings_;
};

}  // namespace deskpulse::engine
