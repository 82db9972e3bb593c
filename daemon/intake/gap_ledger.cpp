#include "daemon/intake/gap_ledger.hpp"

#include <numeric>

namespace deskpulse::intake {

namespace {

/// Buckets of a rolling window; METRICS.md, Time.
constexpr int kBuckets = 60;

/// The longest reorder window: what is newest in a state is ahead of its time by that at most.
constexpr proto::Millis kLongestReorder{60'000};

}  // namespace

proto::Instant window_start(proto::Millis span, proto::Instant watermark) {
  const proto::Millis bucket = span / kBuckets;
  const auto current = watermark.time_since_epoch() / bucket;  // times are positive: a floor
  return proto::Instant{(current - (kBuckets - 1)) * bucket};
}

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
  missed_until(std::max(ts, open_->from.value_or(ts)));
  open_.reset();
}

bool GapLedger::incomplete(proto::Millis span, proto::Instant watermark) const {
  return misses(window_start(span, watermark), watermark, windows_began_);
}

bool GapLedger::incomplete_since(proto::Instant start, proto::Instant watermark) const {
  return misses(start, watermark, calendar_began_);
}

bool GapLedger::misses(proto::Instant start, proto::Instant watermark,
                       const std::optional<proto::Instant>& mark) const {
  return misses_events_of(start) ||
         (mark && start <= *mark && *mark <= watermark + kLongestReorder);
}

void GapLedger::save(image::Writer& writer) const {
  const auto optional = [&writer](const std::optional<proto::Instant>& at) {
    writer.flag(at.has_value());
    if (at) writer.instant(*at);
  };
  writer.flag(open_.has_value());
  if (open_) {
    optional(open_->from);
    writer.flag(open_->counted);
  }
  optional(end_);
  optional(windows_began_);
  optional(calendar_began_);
  writer.number(counts_.size());
  for (const std::uint64_t count : counts_) writer.number(count);
  writer.millis(total_);
  writer.millis(last_);
}

bool GapLedger::load(image::Reader& reader) {
  const auto optional = [&reader]() -> std::optional<proto::Instant> {
    if (!reader.flag()) return std::nullopt;
    return reader.instant();
  };
  if (reader.flag()) {
    open_ = Open{};
    open_->from = optional();
    open_->counted = reader.flag();
  }
  end_ = optional();
  windows_began_ = optional();
  calendar_began_ = optional();
  const std::size_t kinds = reader.number(counts_.size());
  for (std::size_t i = 0; i < kinds; ++i) counts_[i] = reader.number();
  total_ = reader.millis();
  last_ = reader.millis();
  if (total_ < proto::Millis{0} || last_ < proto::Millis{0} || last_ > total_) reader.fail();
  return reader.ok();
}

std::uint64_t GapLedger::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}) -
         count(GapKind::live_start);
}

}  // namespace deskpulse::intake
