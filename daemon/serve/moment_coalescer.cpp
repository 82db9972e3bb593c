#include "daemon/serve/moment_coalescer.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace deskpulse::serve {

MomentCoalescer::MomentCoalescer(moment::TakeMoment take_moment, std::chrono::milliseconds deadline,
                                 std::chrono::milliseconds apart)
    : take_moment_(std::move(take_moment)), deadline_(deadline), apart_(apart) {}

void MomentCoalescer::ask_from(AskingThread thread) { thread_ = std::move(thread); }

void MomentCoalescer::next(std::vector<moment::WaitingWish> wishes, Use use) {
  const std::uint64_t number = ++last_number_;
  waiting_.push_back({number, std::move(wishes), std::move(use)});
  thread_.after(deadline_, [weak = weak_from_this(), number] {
    if (const auto moments = weak.lock()) moments->give_up(number);
  });
  ask_when_due();
}

void MomentCoalescer::ask_when_due() {
  if (waiting_.empty() || is_asked_ || is_too_soon_) return;
  is_asked_ = true;
  try {
    ask();
  } catch (const std::bad_alloc&) {
    is_asked_ = false;  // whoever comes next asks for those who wait, too
    throw;
  }
}

void MomentCoalescer::ask() {
  if (apart_ > std::chrono::milliseconds::zero()) {
    thread_.after(apart_, [weak = weak_from_this()] {
      const auto moments = weak.lock();
      if (moments == nullptr) return;
      moments->is_too_soon_ = false;
      moments->ask_when_due();
    });
    is_too_soon_ = true;
  }
  std::size_t pages = 0;
  for (const Waiting& each : waiting_) {
    for (const moment::WaitingWish& wish : each.wishes) {
      const auto end = moment_->waiting.begin() + static_cast<std::ptrdiff_t>(pages);
      const auto same = std::find_if(
          moment_->waiting.begin(), end,
          [&](const moment::WaitingPage& page) { return page.wish.scope == wish.scope; });
      if (same != end) {
        if (same->wish.is_within(wish)) same->wish.limit = wish.limit;
        continue;
      }
      if (pages == moment_->waiting.size()) moment_->waiting.emplace_back();
      moment_->waiting[pages++].wish = wish;
    }
  }
  moment_->waiting.resize(pages);
  take_moment_(moment_, [weak = weak_from_this(), post = thread_.post] {
    post([weak] {
      if (const auto moments = weak.lock()) moments->answer();
    });
  });
}

void MomentCoalescer::answer() {
  try {
    hand_out();
  } catch (const std::bad_alloc&) {
    is_asked_ = false;  // else nobody would be asked ever again
    throw;
  }
  is_asked_ = false;
  ask_when_due();
}

void MomentCoalescer::hand_out() {
  ++answered_;
  const auto unmet =
      std::stable_partition(waiting_.begin(), waiting_.end(),
                            [this](const Waiting& each) { return has_all(each.wishes); });
  std::vector<Waiting> met(std::make_move_iterator(waiting_.begin()),
                           std::make_move_iterator(unmet));
  waiting_.erase(waiting_.begin(), unmet);
  // Still asked: who asks from within a use waits until all of them have seen this moment.
  const moment::Moment* const moment = moment_->lacks_memory ? nullptr : moment_.get();
  for (const Waiting& each : met) give(each.use, moment);
}

void MomentCoalescer::give(const Use& use, const moment::Moment* moment) {
  try {
    use(moment);
  } catch (const std::bad_alloc&) {
    if (moment == nullptr) throw;
    use(nullptr);
  }
}

void MomentCoalescer::give_up(std::uint64_t number) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const Waiting& each) { return each.number == number; });
  if (found == waiting_.end()) return;
  const Use use = std::move(found->use);
  waiting_.erase(found);
  use(nullptr);
}

bool MomentCoalescer::has_all(const std::vector<moment::WaitingWish>& wishes) const {
  return std::all_of(wishes.begin(), wishes.end(), [this](const moment::WaitingWish& wish) {
    return moment::find_page(*moment_, wish) != nullptr;
  });
}

}  // namespace deskpulse::serve
