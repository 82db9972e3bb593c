// What deskpulse-sim can be told to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/simulator/faults.hpp"
#include "daemon/simulator/traffic.hpp"

namespace deskpulse::simulator {

/// Exit codes, as sysexits.h names them.
inline constexpr int kBadUsage = 64;
inline constexpr int kUnavailable = 69;
inline constexpr int kCannotCreate = 73;
inline constexpr int kIoError = 74;

struct WriteCommand {
  TrafficOptions traffic;
  FaultRates faults;
  std::uint64_t events = 100'000;
};

/// Prints the deliveries of `events` events to standard output, one a line.
int run(const WriteCommand& command);

struct ServeCommand {
  TrafficOptions traffic;  ///< `start` is filled when it begins, from `from`
  FaultRates faults;
  std::string from = "now";
  double speed = 1.0;
  proto::Millis warm_up{0};
  std::string address;
  std::uint16_t port = 0;
  std::string token;
  std::string epoch;  ///< empty = one that no run before had
  std::size_t backlog = 200'000;
  std::size_t batch = 16;
  proto::Millis heartbeat{5000};
  bool plain = false;
  bool forget_acked = false;
  std::string record;  ///< a file, or empty
  std::string flood;   ///< a file, a number of events, or empty
};

/// Serves until SIGINT or SIGTERM; after SIGUSR1 without new events. Throws std::invalid_argument
/// on what does not go together.
int run(const ServeCommand& command);

}  // namespace deskpulse::simulator
