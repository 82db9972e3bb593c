// Quantiles of response times over the windows and the day, within 5 %.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/engine/report.hpp"
#include "daemon/engine/window_clock.hpp"

namespace deskpulse::engine {

/// Counts response times in cells of fixed relative width: 16 to an octave, as in HdrHistogram, so
/// that a cell's middle is at most 1/32 (3.1 %) from any time in it; below 16 ms they are exact.
/// place() is O(1) amortised; a read walks the 720 cells of a scope once. 25 kB a shop, and 2 bytes
/// an answered turn for each window that still covers it. Quantiles are nearest-rank (ruling R19).
class ResponseSketch {
 public:
  void place(const WindowClock& clock, Instant at, Millis response_time);
  /// One entry a scope: rolling windows in their order, then today.
  void read(const WindowClock& clock, Quantiles* scopes);

 private:
  static constexpr std::size_t kCells = 720;
  struct Scope {
    std::uint32_t total = 0;
    std::array<std::uint32_t, kCells> cells{};
  };
  struct Ring {
    std::int64_t number = 0;
    Scope sum;
    std::array<std::vector<std::uint16_t>, kBucketsPerWindow> buckets;  ///< the cells counted
  };

  static std::size_t cell_of(std::int64_t ms);
  static double middle_of(std::size_t cell);
  static Quantiles quantiles(const Scope& scope);
  void roll(const WindowClock& clock);

  std::uint64_t tick_ = 0;
  std::int64_t day_ = 0;
  Scope today_;
  std::vector<std::unique_ptr<Ring>> rings_;
};

}  // namespace deskpulse::engine
