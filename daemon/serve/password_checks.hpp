// Checks of passwords, away from the thread that must not wait for them.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "daemon/serve/basic_auth.hpp"

namespace deskpulse::serve {

/// Runs BasicAuth::verify() on a thread beside the owner's, one at a time, so that guessing
/// passwords costs one core at most and never a scrape of somebody who is known. Checks that wait
/// for the same credentials share one. Only for the owner's thread; what verify() throws is thrown
/// there, too.
class PasswordChecks {
 public:
  using Done = std::function<void(bool is_right)>;
  /// `post` runs work on the owner's thread, and may be called from any.
  explicit PasswordChecks(std::function<void(std::function<void()>)> post);
  ~PasswordChecks() { wait(); }  ///< no `done` is called any more
  PasswordChecks(const PasswordChecks&) = delete;
  PasswordChecks& operator=(const PasswordChecks&) = delete;

  /// Calls `done` later, and has `auth` remember what was right. False, and nothing is called, when
  /// kMaxWaiting wait already.
  [[nodiscard]] bool check(std::shared_ptr<BasicAuth> auth, Credentials credentials, Done done);

  /// For the check that runs; from then on nothing is posted until check() is called again.
  void wait();

  static constexpr std::size_t kMaxWaiting = 32;

 private:
  struct Waiting {
    std::shared_ptr<BasicAuth> auth;
    Credentials credentials;
    Done done;
  };
  void start_next();
  void finish(bool is_right);

  std::function<void(std::function<void()>)> post_;
  std::deque<Waiting> waiting_;  // the first is the one that is checked while is_busy_
  bool is_busy_ = false;
  std::thread worker_;
};

}  // namespace deskpulse::serve
