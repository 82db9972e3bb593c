#include "daemon/serve/history.hpp"

#include <algorithm>
#include <limits>

#include "daemon/serve/overview.hpp"

namespace deskpulse::serve {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

std::array<double, kLines> point_of(const moment::Moment& moment, const ShopRange& shops,
                                    const ScopeChoice& choice) {
  engine::Levels levels;
  for (std::size_t s = shops.begin; s < shops.end; ++s) {
    const engine::Levels& one = moment.report.shops[s].levels;
    levels.waiting_customers += one.waiting_customers;
    levels.open_conversations += one.open_conversations;
    levels.oldest_wait_ms = std::max(levels.oldest_wait_ms, one.oldest_wait_ms);
  }
  const engine::ScopeNumbers focus = scope_of(moment.report, shops, choice.focus).numbers;
  const double mean = focus.answered_turns == 0 ? kNone
                                                : seconds(focus.response_time_sum_ms) /
                                                      static_cast<double>(focus.answered_turns);
  return {static_cast<double>(levels.waiting_customers),
          seconds(levels.oldest_wait_ms),
          static_cast<double>(levels.open_conversations),
          static_cast<double>(focus.slow_customers),
          static_cast<double>(focus.unanswered_customers),
          mean,
          messages_per_minute(moment.report, shops, choice).value_or(kNone)};
}

}  // namespace

void History::take(const moment::Moment& moment) {
  const proto::Instant slot{moment.at.time_since_epoch() / kStep * kStep};
  // A clock that is set back by a little goes through the same half minute twice.
  if (size_ != 0 && slot < end_ && end_ - slot <= kStep) return;
  if (size_ == 0 || slot != end_) move_to(slot);
  if (newest_is_set_ || moment.status.stale || moment.report.scopes == nullptr) return;

  const ScopeChoice choice = choose_scopes(moment.spans);
  const std::size_t shops = moment.report.shops.size();
  while (rings_.size() < shops + 1) {
    rings_.emplace_back();
    for (Point& point : rings_.back()) point.fill(kNone);
  }
  rings_[0][newest_] = point_of(moment, {0, shops}, choice);
  for (std::size_t s = 0; s < shops; ++s)
    rings_[s + 1][newest_] = point_of(moment, {s, s + 1}, choice);
  newest_is_set_ = true;
}

double History::at(std::optional<std::size_t> shop, Line line, std::size_t point) const {
  const std::size_t ring = shop ? *shop + 1 : 0;
  if (ring >= rings_.size()) return kNone;  // not known when the points were made
  const std::size_t place = (newest_ + kPoints - (size_ - 1 - point)) % kPoints;
  return rings_[ring][place][static_cast<std::size_t>(line)];
}

void History::move_to(proto::Instant slot) {
  const bool follows = size_ != 0 && slot > end_ && slot - end_ < kStep * kPoints;
  if (!follows) {  // the first, or after a break longer than the hour, or the clock was set back
    size_ = 0;
    end_ = slot - kStep;
  }
  while (end_ < slot) {
    end_ += kStep;
    newest_ = (newest_ + 1) % kPoints;
    size_ = std::min(size_ + 1, kPoints);
    clear_newest();
  }
}

void History::clear_newest() {
  for (Ring& ring : rings_) ring[newest_].fill(kNone);
  newest_is_set_ = false;
}

}  // namespace deskpulse::serve
