// What gives way when a table is full, and how that is said: `incomplete_until_` is the newest time
// of which something is missing or may count twice. Rulings R34 to R39.
#include <algorithm>

#include "daemon/engine/state.hpp"

namespace deskpulse::engine {
namespace {

/// How many conversations a newcomer looks at for a place.
constexpr int kLooks = 64;

bool has_today(const Pair& pair) {
  return pair.today_consulted || pair.today_replied || pair.today_bot_ended || pair.today_slow;
}

}  // namespace

// Memory that is there already may be used: a table that was larger once does not grow by it.
void Engine::State::hold_growth(bool on) {
  holds_growth_ = on;
  roster_.hold_growth(on);
}

std::uint32_t Engine::State::most_conversations() const {
  const std::uint32_t most = settings_.limits.conversations;
  return holds_growth_ ? std::min(most, conversations_.records().end()) : most;
}

std::uint32_t Engine::State::most_pairs() const {
  const std::uint32_t most = settings_.limits.conversations;
  return holds_growth_ ? std::min(most, pairs_.end()) : most;
}

bool Engine::State::make_room() {
  Slab<Conversation>& records = conversations_.records();
  std::uint32_t oldest = kNone;
  for (int looks = std::min<int>(kLooks, static_cast<int>(records.end())); looks > 0; --looks) {
    if (sweep_at_ >= records.end()) sweep_at_ = 0;
    const std::uint32_t index = sweep_at_++;
    const Conversation& c = records[index];
    if (c.key == proto::CustomerKey{} || c.session_open) continue;
    if (is_forgotten(c)) {
      forget(index);
      return true;
    }
    if (oldest == kNone || newest_in_numbers(c) < newest_in_numbers(records[oldest]))
      oldest = index;
  }
  if (oldest == kNone) return false;
  forget_early(oldest);
  return true;
}

void Engine::State::forget_early(std::uint32_t index) {
  miss(newest_in_numbers(conversations_[index]));
  forget(index);
}

void Engine::State::miss(Instant at) {
  ++conversations_exceeded_;
  incomplete_until_ = std::max(incomplete_until_, at);
}

Instant Engine::State::newest_in_numbers(const Conversation& c) const {
  Instant newest = std::max<Instant>(c.last_wrote, c.last_slow);
  newest = std::max<Instant>(newest, c.last_reply);
  if (c.newest_unanswered) newest = std::max<Instant>(newest, c.opening);
  for (const Pair* pair = &c.first_pair;; pair = &pairs_[pair->next]) {
    newest = std::max({newest, Instant{pair->last_wrote}, Instant{pair->last_slow}});
    if (pair->next == kNone) return newest;
  }
}

bool Engine::State::is_in_numbers(const Pair& pair) const {
  return std::max<Instant>(pair.last_wrote, pair.last_slow) >= clock_.horizon() ||
         (pair.day == today() && has_today(pair));
}

Pair& Engine::State::oldest_pair(Conversation& c) {
  const auto newest = [](const Pair& pair) {
    return std::max<Instant>(pair.last_wrote, pair.last_slow);
  };
  Pair* oldest = &c.first_pair;
  for (Pair* at = oldest; at->next != kNone;) {
    at = &pairs_[at->next];
    if (newest(*at) < newest(*oldest)) oldest = at;
  }
  miss(newest(*oldest));
  return *oldest;
}

// When there is room for a shop that was counted as `_other` (by an image's limits), its customers
// begin anew: the two have nothing in common but the key.
std::uint32_t Engine::State::find_in_other_shop(std::uint32_t shop, const proto::CustomerKey& key) {
  if (shop == roster_.other_shop()) return kNone;
  const std::uint32_t index = conversations_.find(roster_.other_shop(), key);
  if (index == kNone) return kNone;
  Conversation& c = conversations_[index];
  const std::uint32_t owner_before = owner(c);
  if (c.turn_open) end_unanswered(c, clock_.now());
  c.session_open = false;
  book_level(c, owner_before);
  forget_early(index);
  return kNone;
}

void Engine::State::unrefer(std::uint32_t agent) {
  std::uint32_t& references = roster_.agent_at(agent).references;
  assert(references > 0);
  --references;
}

}  // namespace deskpulse::engine
