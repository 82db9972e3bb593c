// Checks of passwords, away from the thread that must not wait for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <thread>

#include "daemon/http/basic_auth.hpp"
#include "daemon/http/network.hpp"

namespace deskpulse::http {

/// Runs BasicAuth::verify() on a thread beside the owner's, one at a time, so that guessing
/// passwords costs one core at most and never a scrape of somebody who is known. Checks that wait
/// for the same credentials share one.
///
/// Networks take turns, and within one the first comes first. So whoever guesses holds up himself:
/// a user who proves his password for the first time waits for the check that runs and one for
/// each other network that has somebody waiting. Nobody is refused before kMaxWaiting wait, which
/// is more than the server's connections by default; then the network that has most of them loses
/// its newest. Behind a proxy all are of one network, and wait for each other's guesses.
///
/// A thread that cannot be made, or that has no memory, is nobody's end: whoever waits for it is
/// told so, and the next check tries again. Only for the owner's thread.
class PasswordChecks {
 public:
  enum class Result : std::uint8_t {
    right,
    wrong,
    not_now,  ///< too many wait already, or the machine has no thread for it
  };
  struct Check {
    std::shared_ptr<BasicAuth> auth;
    Credentials credentials;
    Network network;                  ///< of whoever wants to know
    std::function<bool()> is_wanted;  ///< whether he is still there; else it need not be done
    std::function<void(Result)> done;
  };

  /// `post` runs work on the owner's thread, and may be called from any.
  explicit PasswordChecks(std::function<void(std::function<void()>)> post);
  ~PasswordChecks() { wait(); }  ///< no `done` is called any more
  PasswordChecks(const PasswordChecks&) = delete;
  PasswordChecks& operator=(const PasswordChecks&) = delete;

  /// Calls `done` later, or at once with `not_now`, and has `auth` remember what was right. Not at
  /// all where it was no longer wanted when its turn came.
  void check(Check check);

  /// For the check that runs; from then on nothing is posted until check() is called again.
  void wait();

  static constexpr std::size_t kMaxWaiting = 256;

 private:
  void start_next();
  /// Has a thread do what `running_` says; false when none can be made.
  [[nodiscard]] bool start_running();
  bool has_posted(Result result);  ///< false: no memory for it
  void finish(Result result);
  /// Whose turn it is; the end when nobody waits.
  std::list<Check>::iterator next();
  void drop_newest_of_most();

  std::function<void(std::function<void()>)> post_;
  std::list<Check> waiting_;  // in the order in which they came
  std::optional<Check> running_;
  Network last_;  // whose turn it was
  std::thread worker_;
};

}  // namespace deskpulse::http
