#include "daemon/http/password_checks.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

namespace deskpulse::http {
namespace {

/// Until somebody may have given some back.
constexpr std::chrono::milliseconds kMemoryPause{10};

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
  done(Result::not_now);
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
  std::vector<Check> failed;
  while (!running_) {
    std::erase_if(waiting_, [](const Check& check) { return !check.is_wanted(); });
    const auto first = next();
    if (first == waiting_.end()) break;
    last_ = first->network;
    running_ = std::move(*first);
    waiting_.erase(first);
    if (!start_running()) failed.push_back(*std::exchange(running_, std::nullopt));
  }
  for (const Check& each : failed) each.done(Result::not_now);
}

bool PasswordChecks::start_running() {
  if (worker_.joinable()) worker_.join();  // it has said its result, so this does not wait
  try {
    worker_ = std::thread([this, auth = running_->auth, credentials = running_->credentials] {
      pthread_setname_np(pthread_self(), "password");
      Result result = Result::not_now;
      try {
        result = auth->verify(credentials) ? Result::right : Result::wrong;
      } catch (const std::bad_alloc&) {
      }
      while (!has_posted(result)) std::this_thread::sleep_for(kMemoryPause);
    });
  } catch (const std::system_error&) {
    return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

bool PasswordChecks::has_posted(Result result) {
  try {
    post_([this, result] { finish(result); });
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

void PasswordChecks::finish(Result result) {
  const Check checked = *std::exchange(running_, std::nullopt);
  // Also for somebody who has gone meanwhile: the next time he is known at once.
  if (result == Result::right) checked.auth->remember(checked.credentials);
  std::vector<Check> answered{checked};
  std::erase_if(waiting_, [&](Check& waiting) {
    if (!is_same(waiting, checked)) return false;
    answered.push_back(std::move(waiting));
    return true;
  });
  start_next();
  for (const Check& each : answered) each.done(result);
}

}  // namespace deskpulse::http
