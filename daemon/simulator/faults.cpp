#include "daemon/simulator/faults.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "proto/encoder.hpp"

namespace deskpulse::simulator {
namespace {

proto::Millis seconds(double count) {
  return proto::Millis(static_cast<std::int64_t>(count * 1000.0));
}

}  // namespace

Deliveries::Deliveries(std::function<std::optional<Spoken>()> source, const FaultRates& rates,
                       std::uint64_t seed)
    : source_(std::move(source)), rates_(rates), random_(mix(seed ^ 0x6661756c7473u)) {
  for (const double share : {rates.duplicates, rates.disorder, rates.late})
    if (!(share >= 0.0 && share <= 1.0))
      throw std::invalid_argument("A share of faults must lie between 0 and 100 %.");
}

bool Deliveries::later(const Held& a, const Held& b) {
  return a.at != b.at ? a.at > b.at : a.order > b.order;
}

void Deliveries::hold(proto::Instant at, proto::Instant ts, std::string_view json) {
  held_.push_back({at, holds_++, ts, std::string(json)});
  std::push_heap(held_.begin(), held_.end(), later);
}

/// Gets the next event that is to be delivered at its own time; those that are not are held.
bool Deliveries::fetch() {
  while (!fetched_ && !ended_) {
    const auto spoken = source_();
    if (!spoken) {
      ended_ = true;
      break;
    }
    const proto::Instant ts = spoken->event.ts;
    fresh_.clear();
    proto::append_event(fresh_, spoken->event, spoken->text);
    fresh_ts_ = ts;

    if (rates_.duplicates > 0.0 && random_.chance(rates_.duplicates)) {
      const double after =
          random_.chance(0.8) ? random_.uniform(0.0, 5.0) : random_.lognormal(30.0, 1.0);
      hold(ts + seconds(std::min(after, 540.0)), ts, fresh_);
    }
    if (rates_.late > 0.0 && random_.chance(rates_.late))
      hold(ts + seconds(std::min(10.0 + random_.exponential(40.0), 540.0)), ts, fresh_);
    else if (rates_.disorder > 0.0 && random_.chance(rates_.disorder))
      hold(ts + seconds(0.05 + std::min(random_.exponential(0.4), 1.95)), ts, fresh_);
    else
      fetched_ = true;
    // Nothing may overtake what is held for the moment that has been reached.
    if (!held_.empty() && held_.front().at <= ts) break;
  }
  return fetched_;
}

std::optional<Delivery> Deliveries::next() {
  for (;;) {
    const bool fresh = fetch();
    if (!held_.empty() &&
        (fresh ? held_.front().at <= fresh_ts_ : ended_ || held_.front().at <= fresh_ts_)) {
      std::pop_heap(held_.begin(), held_.end(), later);
      Held held = std::move(held_.back());
      held_.pop_back();
      out_.swap(held.json);
      return Delivery{held.at, held.ts, out_};
    }
    if (fresh) {
      out_.swap(fresh_);
      fetched_ = false;
      return Delivery{fresh_ts_, fresh_ts_, out_};
    }
    if (ended_ && held_.empty()) return std::nullopt;
  }
}

Outages::Outages(double per_hour, proto::Instant start, std::uint64_t seed)
    : per_hour_(per_hour), after_(start), random_(mix(seed ^ 0x6f757461676573u)) {
  if (!(per_hour >= 0.0 && per_hour <= 3600.0))
    throw std::invalid_argument("Disconnects must be 0 to 3,600 an hour.");
}

Outages::Outage Outages::next() {
  if (per_hour_ <= 0.0) return {proto::kLastInstant, proto::kLastInstant};
  const proto::Instant from = after_ + seconds(random_.exponential(3600.0 / per_hour_));
  const proto::Instant to = from + seconds(random_.uniform(5.0, 60.0));
  after_ = to;
  return {from, to};
}

}  // namespace deskpulse::simulator
