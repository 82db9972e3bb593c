// How long to wait before connecting again.
#pragma once

#include <chrono>
#include <functional>

namespace deskpulse::feed {

struct BackoffSettings {
  std::chrono::milliseconds base{250};
  std::chrono::milliseconds cap{30'000};
  std::chrono::milliseconds slow_base{10'000};  ///< when the server refuses our token
  std::chrono::milliseconds slow_cap{300'000};
  std::chrono::milliseconds healthy_after{5'000};
};

/// Full jitter: a random share of min(cap, base * 2^n), n growing with each attempt, so that many
/// clients of a restarted server do not come back at once (AWS Architecture Blog, "Exponential
/// Backoff And Jitter"). It starts over only after a connection has brought traffic for
/// `healthy_after`, or a server that accepts and closes would be asked without a pause.
class Backoff {
 public:
  /// Uniform in [0, 1).
  using Random = std::function<double()>;

  Backoff(const BackoffSettings& settings, Random random);

  /// The wait before the next attempt. `slow`: the server said 401 or 403.
  std::chrono::milliseconds next(bool slow = false);
  /// How long the connection that just ended had brought traffic.
  void ended_after(std::chrono::milliseconds healthy);
  int attempts() const { return attempts_; }  ///< since it started over

 private:
  BackoffSettings settings_;
  Random random_;
  int attempts_ = 0;
};

}  // namespace deskpulse::feed
