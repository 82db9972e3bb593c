// What a bucket of a window holds: its numbers, narrow where they are few.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "daemon/engine/report.hpp"

namespace deskpulse::engine {

/// What is counted one by one. The first ones are the messages, by proto::From.
enum class Count : std::uint8_t {
  consulting_customers = proto::kFromCount,
  slow_turns,
  slow_customers,
  unanswered_customers,
  answered_turns,
  first_responses,
  judged_turns,
  timely_turns,
};
inline constexpr std::size_t kCounts = static_cast<std::size_t>(Count::timely_turns) + 1;
constexpr Count messages_from(proto::From from) { return static_cast<Count>(from); }

/// `visit(count)` for each of them, unrolled: reading a page is little else.
template <class Visit>
constexpr void each_count(Visit visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(std::integral_constant<Count, static_cast<Count>(I)>{}), ...);
  }
  (std::make_index_sequence<kCounts>{});
}

/// Adds and takes away within [0, most]: what an image says need not fit together, and what a row
/// comes to must be good for the next image.
template <class Number>
constexpr void grow(Number& sum, Number by, Number most) {
  sum += std::min<Number>(by, most - sum);
}
template <class Number>
constexpr void shrink(Number& sum, Number by) {
  sum -= std::min<Number>(by, sum);
}

/// The numbers as they are reported.
class WideRow {
 public:
  template <class Numbers>
  static constexpr auto& field(Numbers& of, Count count) {
    switch (count) {
      case Count::consulting_customers:
        return of.consulting_customers;
      case Count::slow_turns:
        return of.slow_turns;
      case Count::slow_customers:
        return of.slow_customers;
      case Count::unanswered_customers:
        return of.unanswered_customers;
      case Count::answered_turns:
        return of.answered_turns;
      case Count::first_responses:
        return of.first_responses;
      case Count::judged_turns:
        return of.judged_turns;
      case Count::timely_turns:
        return of.timely_turns;
    }
    return of.messages[static_cast<std::size_t>(count)];
  }

  ScopeNumbers numbers;

  /// `by` is 1 or -1.
  void add(Count count, int by = 1) {
    std::uint64_t& counted = field(numbers, count);
    by > 0 ? grow<std::uint64_t>(counted, 1, kMostCounted) : shrink<std::uint64_t>(counted, 1);
  }
  /// At most kMostCounted.
  void set(Count count, std::uint64_t value) { field(numbers, count) = value; }
  /// One answered turn's response time, as the profile caps it.
  void add_response(std::int64_t capped_ms) {
    grow(numbers.response_time_sum_ms, capped_ms, kLongestSumMs);
  }
  void add_first_response(std::int64_t capped_ms) {
    grow(numbers.first_response_time_sum_ms, capped_ms, kLongestSumMs);
  }
  void raise_response_max(std::int64_t ms) {
    numbers.response_time_max_ms = std::max(numbers.response_time_max_ms, ms);
  }
  void raise_peak(std::uint32_t level) {
    numbers.peak_conversations = std::max(numbers.peak_conversations, level);
  }
  std::uint64_t get(Count count) const { return field(numbers, count); }
  std::int64_t response_max() const { return numbers.response_time_max_ms; }
  std::uint32_t peak() const { return numbers.peak_conversations; }

  /// Sums, and the greater of the maxima.
  void add(const WideRow& row) {
    each_count(
        [&](auto count) { grow(field(numbers, count), field(row.numbers, count), kMostCounted); });
    add_response(row.numbers.response_time_sum_ms);
    add_first_response(row.numbers.first_response_time_sum_ms);
    raise_maxima(row);
  }
  /// Leaves the maxima as they are.
  void subtract(const WideRow& row) {
    each_count([&](auto count) { shrink(field(numbers, count), field(row.numbers, count)); });
    shrink(numbers.response_time_sum_ms, row.numbers.response_time_sum_ms);
    shrink(numbers.first_response_time_sum_ms, row.numbers.first_response_time_sum_ms);
  }
  void raise_maxima(const WideRow& row) {
    raise_response_max(row.response_max());
    raise_peak(row.peak());
  }
  void forget_maxima() {
    numbers.response_time_max_ms = 0;
    numbers.peak_conversations = 0;
  }
  bool is_empty() const { return numbers == ScopeNumbers{}; }
  const WideRow& wide() const { return *this; }
  void read(ScopeNumbers& into) const { into = numbers; }
  static WideRow of(const WideRow& row) { return row; }
};

/// The same in one line of the caches, which is what an agent's event waits for: three counts of 21
/// bits to a word, so that a row is added to another one by eight additions. Holds as long as no
/// count passes kMost; whoever uses it keeps to that.
class alignas(64) PackedRow {
 public:
  static constexpr std::uint32_t kMost = (1U << 21) - 1;
  /// 278 years; a longer response time is kept as this.
  static constexpr std::int64_t kLongest = (std::int64_t{1} << 43) - 1;

  void add(Count count, int by = 1) {
    counts_[word(count)] += static_cast<std::uint64_t>(std::int64_t{by}) << shift(count);
  }
  void add_response(std::int64_t capped_ms) { grow(response_sum_ms_, capped_ms, kLongestSumMs); }
  void add_first_response(std::int64_t capped_ms) {
    grow(first_response_sum_ms_, capped_ms, kLongestSumMs);
  }
  void raise_response_max(std::int64_t ms) {
    const auto value = static_cast<std::uint64_t>(std::min(ms, kLongest));
    if (value > maxima_ >> kPeakBits) maxima_ = value << kPeakBits | (maxima_ & kMost);
  }
  void raise_peak(std::uint32_t level) {
    if (level > peak()) maxima_ = (maxima_ & ~std::uint64_t{kMost}) | level;
  }
  std::int64_t response_max() const { return static_cast<std::int64_t>(maxima_ >> kPeakBits); }
  std::uint32_t peak() const { return static_cast<std::uint32_t>(maxima_ & kMost); }

  void add(const PackedRow& row) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += row.counts_[i];
    add_response(row.response_sum_ms_);
    add_first_response(row.first_response_sum_ms_);
    raise_maxima(row);
  }
  void subtract(const PackedRow& row) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] -= row.counts_[i];
    shrink(response_sum_ms_, row.response_sum_ms_);
    shrink(first_response_sum_ms_, row.first_response_sum_ms_);
  }
  void raise_maxima(const PackedRow& row) {
    raise_response_max(row.response_max());
    raise_peak(row.peak());
  }
  void forget_maxima() { maxima_ = 0; }
  bool is_empty() const {
    return counts_ == decltype(counts_){} && response_sum_ms_ == 0 && first_response_sum_ms_ == 0 &&
           maxima_ == 0;
  }

  WideRow wide() const {
    WideRow row;
    read(row.numbers);
    return row;
  }
  void read(ScopeNumbers& into) const {
    each_count([&](auto count) { WideRow::field(into, count) = get(count); });
    into.response_time_sum_ms = response_sum_ms_;
    into.first_response_time_sum_ms = first_response_sum_ms_;
    into.response_time_max_ms = response_max();
    into.peak_conversations = peak();
  }

  /// No count of `row` is above kMost.
  static PackedRow of(const WideRow& row) {
    PackedRow packed;
    each_count([&](auto count) { packed.counts_[word(count)] |= row.get(count) << shift(count); });
    packed.response_sum_ms_ = row.numbers.response_time_sum_ms;
    packed.first_response_sum_ms_ = row.numbers.first_response_time_sum_ms;
    packed.raise_response_max(row.response_max());
    packed.raise_peak(row.peak());
    return packed;
  }

 private:
  static constexpr unsigned kPeakBits = 21;
  static constexpr std::size_t word(Count count) { return static_cast<std::size_t>(count) / 3; }
  static constexpr unsigned shift(Count count) { return static_cast<unsigned>(count) % 3 * 21; }
  std::uint32_t get(Count count) const {
    return static_cast<std::uint32_t>(counts_[word(count)] >> shift(count)) & kMost;
  }

  std::array<std::uint64_t, (kCounts + 2) / 3> counts_{};
  std::int64_t response_sum_ms_ = 0;
  std::int64_t first_response_sum_ms_ = 0;
  std::uint64_t maxima_ = 0;  ///< response time above, peak in the lowest 21 bits
};
static_assert(sizeof(PackedRow) == 64);

}  // namespace deskpulse::engine
