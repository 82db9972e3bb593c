#include "daemon/simulator/past_traffic.hpp"

#include "daemon/simulator/day_curve.hpp"
#include "proto/encoder.hpp"

namespace deskpulse::simulator {
namespace {

/// Appends the events to `out`; the time of the last.
proto::Instant append_traffic(const TrafficOptions& options, std::uint64_t events,
                              std::string& out) {
  Traffic traffic(options);
  proto::Instant last = options.start;
  for (std::uint64_t i = 0; i < events; ++i) {
    const Spoken spoken = traffic.next();
    proto::append_event(out, spoken.event, spoken.text);
    out += '\n';
    last = spoken.event.ts;
  }
  return last;
}

}  // namespace

std::string past_traffic(TrafficOptions options, std::uint64_t events, proto::Instant now) {
  if (!options.time_of_day) options.time_of_day = time_of_day(options.start);
  std::string lines;
  const proto::Instant last = append_traffic(options, events, lines);
  if (last > now) {
    options.start -= last - now;
    lines.clear();
    append_traffic(options, events, lines);
  }
  return lines;
}

}  // namespace deskpulse::simulator
