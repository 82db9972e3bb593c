#include "daemon/serve/password_checks.hpp"

#include <pthread.h>

#include <exception>
#include <utility>
#include <vector>

namespace deskpulse::serve {

PasswordChecks::PasswordChecks(std::function<void(std::function<void()>)> post)
    : post_(std::move(post)) {}

void PasswordChecks::wait() {
  if (worker_.joinable()) worker_.join();
}

bool PasswordChecks::check(std::shared_ptr<BasicAuth> auth, Credentials credentials, Done done) {
  if (waiting_.size() >= kMaxWaiting) return false;
  waiting_.push_back({std::move(auth), std::move(credentials), std::move(done)});
  if (!is_busy_) start_next();
  return true;
}

void PasswordChecks::start_next() {
  if (waiting_.empty()) return;
  is_busy_ = true;
  if (worker_.joinable()) worker_.join();  // it has said its result, so this does not wait
  worker_ =
      std::thread([this, auth = waiting_.front().auth, credentials = waiting_.front().credentials] {
        pthread_setname_np(pthread_self(), "password");
        bool is_right = false;
        std::exception_ptr failure;
        try {
          is_right = auth->verify(credentials);
        } catch (...) {
          failure = std::current_exception();
        }
        post_([this, is_right, failure] {
          if (failure) std::rethrow_exception(failure);
          finish(is_right);
        });
      });
}

void PasswordChecks::finish(bool is_right) {
  is_busy_ = false;
  const Waiting checked = waiting_.front();
  if (is_right) checked.auth->remember(checked.credentials);
  std::vector<Done> answered;
  std::erase_if(waiting_, [&](Waiting& waiting) {
    const bool is_same = waiting.auth == checked.auth &&
                         waiting.credentials.user == checked.credentials.user &&
                         waiting.credentials.password == checked.credentials.password;
    if (is_same) answered.push_back(std::move(waiting.done));
    return is_same;
  });
  start_next();
  for (const Done& done : answered) done(is_right);
}

}  // namespace deskpulse::serve
