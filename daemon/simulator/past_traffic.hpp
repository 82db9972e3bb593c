// Traffic that has all happened already.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/simulator/traffic.hpp"
#include "proto/event.hpp"

namespace deskpulse::simulator {

/// The first `events` events of the traffic as JSON, one a line, moved back as far as it takes for
/// the last of them not to lie behind `now`: a reader would refuse it. The course of the day stays
/// that of `options`. About 1 µs an event, twice that where it must be moved.
std::string past_traffic(TrafficOptions options, std::uint64_t events, proto::Instant now);

}  // namespace deskpulse::simulator
