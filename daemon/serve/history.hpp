// The last hour, as the lines of the wall show it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/moment/moment.hpp"

namespace deskpulse::serve {

/// The lines, in the order of the API; NaN where the numbers stood still, or a division had no
/// denominator.
enum class Line : std::uint8_t {
  waiting_customers,
  oldest_wait_seconds,
  open_conversations,
  slow_customers,
  unanswered_customers,
  response_time_mean_seconds,
  messages_per_minute,
};
inline constexpr std::size_t kLines = 7;
/// As the API names them, by Line.
inline constexpr std::array<std::string_view, kLines> kLineNames{
    "waiting_customers",    "oldest_wait_seconds",        "open_conversations", "slow_customers",
    "unanswered_customers", "response_time_mean_seconds", "messages_per_minute"};

/// A point for every half minute of the wall clock, of each shop and of all together; at most one
/// hour of them. A slot's point is the first moment in it whose numbers did not stand still. Pure:
/// fed with moments, as many as there are. 7 kB a shop.
class History {
 public:
  static constexpr proto::Millis kStep{30'000};
  static constexpr std::size_t kPoints = 121;  ///< an hour, both ends

  void take(const moment::Moment& moment);

  /// Points that there are, the newest at end().
  std::size_t size() const { return size_; }
  /// A multiple of kStep; the epoch while there is none.
  proto::Instant end() const { return end_; }
  /// Whether the half minute of end() has its point already.
  bool has_newest() const { return newest_is_set_; }
  /// Point 0 is the oldest. `shop` is a row of the report; absent = all shops.
  double at(std::optional<std::size_t> shop, Line line, std::size_t point) const;

 private:
  using Point = std::array<double, kLines>;
  using Ring = std::array<Point, kPoints>;

  void move_to(proto::Instant slot);
  void clear_newest();

  std::size_t size_ = 0;
  std::size_t newest_ = 0;  ///< its place in the rings
  bool newest_is_set_ = false;
  proto::Instant end_{};
  std::vector<Ring> rings_;  ///< all shops together, then each shop
};

}  // namespace deskpulse::serve
