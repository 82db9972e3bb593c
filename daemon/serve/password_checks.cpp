#include "daemon/serve/password_checks.hpp"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace deskpulse::serve {
namespace {

bool is_same(const PasswordChecks::Check& a, const PasswordChecks::Check& b) {
  return a.auth == b.auth && a.credentials.user == b.credentials.user &&
         a.credentials.password == b.credentials.password;
}

}  // namespace

PasswordChecks::PasswordChecks(std::function<void(std::function<void()>)> post)
    : post_(std::move(post)) {}

void PasswordChecks::wait() {
  if (worker_.joinable()) worker_.join();
}

void PasswordChecks::check(Check check) {
  waiting_.push_back(std::move(check));
  if (waiting_.size() > kMaxWaiting) drop_newest_of_most();
  if (!running_) start_next();
}

void PasswordChecks::drop_newest_of_most() {
  std::erase_if(waiting_, [](const Check& check) { return !check.is_wanted(); });
  if (waiting_.size() <= kMaxWaiting) return;
  std::map<Network, std::size_t> counts;
  for (const Check& check : waiting_) ++counts[check.network];
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto newest = std::find_if(waiting_.rbegin(), waiting_.rend(), [&](const Check& check) {
    return check.network == most->first;
  });
  const auto done = std::move(newest->done);
  waiting_.erase(std::next(newest).base());
  done(Result::too_many);
}

std::list<PasswordChecks::Check>::iterator PasswordChecks::next() {
  // The least network above the last one, or the least of all.
  auto best = waiting_.end();
  const auto turn = [this](const Check& check) {
    return std::pair(check.network <= last_, check.network);
  };
  for (auto each = waiting_.begin(); each != waiting_.end(); ++each) {
    if (best == waiting_.end() || turn(*each) < turn(*best)) best = each;
  }
  return best;
}

void PasswordChecks::start_next() {
  std::erase_if(waiting_, [](const Check& check) { return !check.is_wanted(); });
  const auto first = next();
  if (first == waiting_.end()) return;
  last_ = first->network;
  running_ = std::move(*first);
  waiting_.erase(first);
  if (worker_.joinable()) worker_.join();  // it has said its result, so this does not wait
  worker_ = std::thread([this, auth = running_->auth, credentials = running_->credentials] {
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
  const Check checked = *std::exchange(running_, std::nullopt);
  // Also for somebody who has gone meanwhile: the next time he is known at once.
  if (is_right) checked.auth->remember(checked.credentials);
  std::vector<Check> answered{checked};
  std::erase_if(waiting_, [&](Check& waiting) {
    if (!is_same(waiting, checked)) return false;
    answered.push_back(std::move(waiting));
    return true;
  });
  start_next();
  for (const Check& each : answered) each.done(is_right ? Result::right : Result::wrong);
}

}  // namespace deskpulse::serve
