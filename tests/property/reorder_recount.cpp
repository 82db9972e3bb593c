#include "tests/property/reorder_recount.hpp"

#include <algorithm>

namespace deskpulse::property {

ReorderRecount::ReorderRecount(const Settings& settings, Recount& recount)
    : settings_(settings), recount_(recount) {}

void ReorderRecount::arrive(const Act& act, Time wall, bool in_doubt) {
  if (act.ts > wall + settings_.max_clock_skew) {
    ++counts_.future;
    return;
  }
  if (act.ts < watermark_ - settings_.allowed_lateness) {
    ++counts_.too_late;
    return;
  }
  const bool known = std::any_of(accepted_.begin(), accepted_.end(), [&](const Act& before) {
    return !act.id.empty() && before.shop == act.shop && before.id == act.id &&
           watermark_ <= before.ts + settings_.allowed_lateness;
  });
  if (known) {
    ++counts_.duplicates;
    return;
  }

  accepted_.push_back(act);
  const bool late = act.ts < watermark_;
  if (act.type == proto::Type::unknown) {
    ++counts_.unknown_type;
  } else if (act.type == proto::Type::message && act.from == proto::From::unknown) {
    ++counts_.unknown_from;
  } else {
    ++counts_.taken;
    if (late) ++counts_.late;
  }
  if (late) {
    recount_.apply(act.event(), in_doubt);
    return;
  }
  waiting_.push_back(act);
  newest_ = std::max(newest_, act.ts);
  move_to(std::max(watermark_, newest_ - settings_.reorder_window));
}

void ReorderRecount::advance(Time watermark) { move_to(std::max(watermark_, watermark)); }

void ReorderRecount::finish(std::optional<Time> until) {
  move_to(std::max({watermark_, newest_, until.value_or(0)}));
}

void ReorderRecount::move_to(Time watermark) {
  watermark_ = watermark;
  for (;;) {
    // min_element gives the first of equals: the one that arrived first.
    const auto next = std::min_element(waiting_.begin(), waiting_.end(),
                                       [](const Act& a, const Act& b) { return a.ts < b.ts; });
    if (next == waiting_.end() || next->ts > watermark) break;
    const Act act = *next;
    waiting_.erase(next);
    recount_.apply(act.event());
  }
  recount_.advance(watermark);
}

}  // namespace deskpulse::property
