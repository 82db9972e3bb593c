// One moment for everybody who asks at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/moment/moment.hpp"

namespace deskpulse::serve {

/// The thread that asks, as far as it is needed: see HttpServer::after() and HttpServer::poster().
struct AskingThread {
  std::function<void(std::chrono::milliseconds, std::function<void()>)> after;
  std::function<void(std::function<void()>)> post;
};

/// Asks the feed's thread for moments, one at a time and never more often than `apart` says, so
/// that no number of readers, however hasty, costs that thread more than so many answers a second.
/// An answer is always younger than its question. Who asks while one is on its way gets that
/// one, unless it lacks a list of waiting customers that is wanted; those wait for the next, which
/// has the lists of all. So a burst of questions costs the feed's thread one answer, or two; and
/// since each scope is listed once, a customer is listed three times at the most (with all, its
/// shop, its agent), whatever limits are asked for.
/// Everything happens on the asking thread; only `filled` may come from another, and does no more
/// than post.
class MomentCoalescer : public std::enable_shared_from_this<MomentCoalescer> {
 public:
  /// Called with the moment, which is good during the call only; null when the feed's thread gave
  /// none in time, or there was no memory for it, or for what the call does with it: then that is
  /// the second call.
  using Use = std::function<void(const moment::Moment*)>;

  /// Who has no moment `deadline` after the question is told so; from one question to the feed's
  /// thread to the next at least `apart` passes.
  MomentCoalescer(moment::TakeMoment take_moment, std::chrono::milliseconds deadline,
                  std::chrono::milliseconds apart);

  /// Before the first next().
  void ask_from(AskingThread thread);
  void next(std::vector<moment::WaitingWish> wishes, Use use);
  void next(Use use) { next({}, std::move(use)); }
  /// Of the moment that is being used, or of the last one: 1, 2, 3 …
  std::uint64_t number() const { return answered_; }

 private:
  struct Waiting {
    std::uint64_t number;
    std::vector<moment::WaitingWish> wishes;
    Use use;
  };

  void ask();
  void ask_when_due();
  void answer();
  void hand_out();
  static void give(const Use& use, const moment::Moment* moment);
  void give_up(std::uint64_t number);
  bool has_all(const std::vector<moment::WaitingWish>& wishes) const;

  const moment::TakeMoment take_moment_;
  const std::chrono::milliseconds deadline_;
  const std::chrono::milliseconds apart_;
  AskingThread thread_;
  // Given to the feed's thread while is_asked_, and not touched here then, except in answer().
  const std::shared_ptr<moment::Moment> moment_ = std::make_shared<moment::Moment>();
  bool is_asked_ = false;
  bool is_too_soon_ = false;  ///< since the last question
  std::uint64_t answered_ = 0;
  std::uint64_t last_number_ = 0;
  std::vector<Waiting> waiting_;
};

}  // namespace deskpulse::serve
