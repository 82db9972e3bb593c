#include "tests/simulation/delivered.hpp"

#include <limits>

#include "tests/property/recount.hpp"

namespace deskpulse::simulation {

using property::Recount;
using property::ReorderRecount;
using property::Series;

void Delivered::moved(Time watermark) {
  entries_.push_back({.number = std::nullopt, .at = watermark});
}

Recounted recount(const Scenario& scenario, const Traffic& traffic,
                  const std::vector<Delivered::Entry>& entries, Time until) {
  Recounted result;
  result.accepted.resize(traffic.acts.size());
  result.refused.resize(traffic.acts.size());
  Recount numbers(scenario.rules);
  ReorderRecount order(scenario.order, numbers);
  const auto taken = [&] {
    const ReorderRecount::Counts& counts = order.counts();
    return counts.taken + counts.unknown_type + counts.unknown_from;
  };
  for (const Delivered::Entry& entry : entries) {
    if (entry.counters_anew) {
      order.begin_counters_anew();
      continue;
    }
    if (!entry.number) {
      order.advance(entry.at);
      continue;
    }
    const int before = taken();
    const int duplicates = order.counts().duplicates;
    order.arrive(traffic.acts[*entry.number], entry.at, entry.in_doubt);
    if (taken() > before) {
      ++result.accepted[*entry.number];
    } else if (order.counts().duplicates == duplicates) {
      result.refused[*entry.number] = true;
    }
  }
  order.advance(until);
  result.series = numbers.series();
  result.watermark = order.watermark();
  result.counts = order.counts();
  return result;
}

Recounted recount_everything(const Scenario& scenario, const Traffic& traffic, Time until) {
  std::vector<Delivered::Entry> entries;
  for (const Publication& publication : traffic.publications) {
    entries.push_back({.number = publication.number, .at = std::numeric_limits<Time>::max() / 2});
  }
  return recount(scenario, traffic, entries, until);
}

Series series_of(const intake::IntakeCounters& counters) {
  const auto rejected = [&](proto::Reject reason) {
    return static_cast<double>(counters.rejected[static_cast<std::size_t>(reason)]);
  };
  double taken = 0;
  for (const std::uint64_t of_type : counters.events) taken += static_cast<double>(of_type);
  double unread = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(proto::Reject::future); ++i) {
    unread += static_cast<double>(counters.rejected[i]);
  }
  return {{"taken", taken},
          {"late", static_cast<double>(counters.late)},
          {"duplicates", static_cast<double>(counters.duplicates)},
          {"future", rejected(proto::Reject::future)},
          {"too_late", rejected(proto::Reject::too_late)},
          {"unknown_type", rejected(proto::Reject::unknown_type)},
          {"unknown_from", rejected(proto::Reject::unknown_from)},
          {"unread", unread}};
}

Series series_of(const ReorderRecount::Counts& counts) {
  return {{"taken", counts.taken},
          {"late", counts.late},
          {"duplicates", counts.duplicates},
          {"future", counts.future},
          {"too_late", counts.too_late},
          {"unknown_type", counts.unknown_type},
          {"unknown_from", counts.unknown_from},
          {"unread", 0}};
}

}  // namespace deskpulse::simulation
