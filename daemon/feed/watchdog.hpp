// The deadlines of one connection, on one timer.
#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace deskpulse::feed {

/// What can take too long.
enum class Deadline : std::uint8_t { connect, handshake, message, silence, close };
inline constexpr int kDeadlineCount = 5;

/// Arming again and disarming cost nothing but a store: the timer is set anew only when it would
/// fire too late, and looks at what is armed when it fires. Not thread-safe.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  /// `expired` is called at most once per armed deadline, from the executor. It may arm and disarm.
  Watchdog(const boost::asio::any_io_executor& executor, std::function<void(Deadline)> expired)
      : state_(std::make_shared<State>(executor, std::move(expired))) {}
  ~Watchdog() { stop(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void arm(Deadline which, Clock::time_point when) {
    state_->armed[static_cast<std::size_t>(which)] = when;
    if (!state_->wakes || when < *state_->wakes) wait(state_, when);
  }
  void arm(Deadline which, Clock::duration in) { arm(which, Clock::now() + in); }
  void disarm(Deadline which) { state_->armed[static_cast<std::size_t>(which)].reset(); }
  bool is_armed(Deadline which) const {
    return state_->armed[static_cast<std::size_t>(which)].has_value();
  }
  /// Nothing expires any more.
  void stop() {
    state_->expired = nullptr;
    state_->timer.cancel();
  }

 private:
  struct State {
    State(const boost::asio::any_io_executor& executor, std::function<void(Deadline)> call)
        : timer(executor), expired(std::move(call)) {}
    boost::asio::steady_timer timer;
    std::function<void(Deadline)> expired;
    std::array<std::optional<Clock::time_point>, kDeadlineCount> armed;
    std::optional<Clock::time_point> wakes;
  };

  static void wait(const std::shared_ptr<State>& state, Clock::time_point when) {
    state->wakes = when;
    state->timer.expires_at(when);
    state->timer.async_wait([state, when](const boost::system::error_code& error) {
      // A wait that was replaced by an earlier one has nothing to say.
      if (error || state->wakes != when) return;
      state->wakes.reset();
      const auto now = Clock::now();
      for (std::size_t i = 0; i < kDeadlineCount; ++i) {
        if (!state->armed[i] || *state->armed[i] > now) continue;
        state->armed[i].reset();
        if (const auto call = state->expired) call(static_cast<Deadline>(i));
      }
      if (!state->expired) return;
      for (const auto& one : state->armed) {
        if (one && (!state->wakes || *one < *state->wakes)) wait(state, *one);
      }
    });
  }

  std::shared_ptr<State> state_;
};

}  // namespace deskpulse::feed
