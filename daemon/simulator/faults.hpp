// What goes wrong between a chat platform and whoever reads its stream.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/simulator/random.hpp"
#include "daemon/simulator/traffic.hpp"
#include "proto/event.hpp"

namespace deskpulse::simulator {

/// Shares are of all events, 0 to 1.
struct FaultRates {
  double duplicates = 0.0;  ///< delivered a second time, most within seconds, some minutes later
  double disorder = 0.0;    ///< delivered 0.05 to 2 s after younger ones
  double late = 0.0;        ///< delivered 10 s to 9 min after they happened
  double disconnects_per_hour = 0.0;  ///< each of 5 to 60 s
  std::uint64_t restart_after = 0;    ///< events; then a new epoch, again and again. 0 = never

  /// What a reader should expect of a platform on a bad day.
  static FaultRates sensible() { return {0.005, 0.02, 0.005, 6.0, 0}; }
};

/// One event as it is to be delivered.
struct Delivery {
  proto::Instant at;  ///< when, on the events' time line; never before that of the delivery before
  proto::Instant ts;  ///< the event's own time
  std::string_view json;  ///< without line end; valid until the next call
};

/// Encodes events and delivers them with faults: each at least once, whatever the rates. The same
/// seed gives the same deliveries. Without faults an event costs its encoding, about 0.1 µs.
class Deliveries {
 public:
  /// `source` gives events in order of `ts`, nothing when there are no more. Throws
  /// std::invalid_argument on a share outside 0 to 1.
  Deliveries(std::function<std::optional<Spoken>()> source, const FaultRates& rates,
             std::uint64_t seed);

  /// Nothing once the source has ended and all that was held back is out.
  std::optional<Delivery> next();

 private:
  struct Held {
    proto::Instant at;
    std::uint64_t order;
    proto::Instant ts;
    std::string json;
  };
  static bool later(const Held& a, const Held& b);
  void hold(proto::Instant at, proto::Instant ts, std::string_view json);
  bool fetch();

  std::function<std::optional<Spoken>()> source_;
  FaultRates rates_;
  Random random_;
  bool ended_ = false;
  bool fetched_ = false;  // fresh_ is the next that is neither held back nor delivered
  proto::Instant fresh_ts_{};
  std::string fresh_;
  std::string out_;
  std::vector<Held> held_;  // a heap
  std::uint64_t holds_ = 0;
};

/// When the connection breaks and for how long, on the events' time line; never earlier than the
/// end of the one before. Without disconnects, the end of time.
class Outages {
 public:
  struct Outage {
    proto::Instant from;
    proto::Instant to;
  };
  Outages(double per_hour, proto::Instant start, std::uint64_t seed);
  Outage next();

 private:
  double per_hour_;
  proto::Instant after_;
  Random random_;
};

}  // namespace deskpulse::simulator
