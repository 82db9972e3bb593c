#include "daemon/feed/gap_ledger.hpp"

#include <algorithm>
#include <numeric>

namespace deskpulse::feed {

namespace {

/// Buckets of a rolling window; spec 5.
constexpr int kBuckets = 60;

}  // namespace

void GapLedger::open(GapKind kind, std::optional<proto::Instant> newest) {
  if (!open_) open_ = Open{newest, false};
  const bool counts = kind != GapKind::live_start;
  if (counts && open_->counted) return;
  open_->counted = open_->counted || counts;
  ++counts_[static_cast<std::size_t>(kind)];
}

void GapLedger::heard(proto::Instant ts) {
  if (!open_) return;
  if (open_->counted && open_->from) {
    last_ = std::max(proto::Millis{0}, ts - *open_->from);
    total_ += last_;
  }
  const proto::Instant end = std::max(ts, open_->from.value_or(ts));
  end_ = std::max(end, end_.value_or(end));
  open_.reset();
}

bool GapLedger::incomplete(proto::Millis span, proto::Instant watermark) const {
  const proto::Millis bucket = span / kBuckets;
  const auto current = watermark.time_since_epoch() / bucket;  // times are positive: a floor
  return incomplete_since(proto::Instant{(current - (kBuckets - 1)) * bucket});
}

bool GapLedger::incomplete_since(proto::Instant start) const {
  return open_.has_value() || (end_ && start <= *end_);
}

std::uint64_t GapLedger::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}) -
         count(GapKind::live_start);
}

}  // namespace deskpulse::feed
