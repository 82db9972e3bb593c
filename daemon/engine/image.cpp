// The engine's state as an image: what cannot be worked out from the rest. Timers, the order of
// waits and the levels follow from the conversations, so that they cannot disagree with them.
//
// Shops are numbered as they come in the image, and agents within their shop. What shops and agents
// are like is the configuration's, unless an event has said it.
#include <utility>

#include "daemon/engine/state.hpp"

namespace deskpulse::engine {
namespace {

constexpr std::size_t kMostIdBytes = 256;
constexpr std::size_t kMostNameBytes = 1 << 20;

/// A conversation's flags, in one number. The first is always set: a 0 ends the list.
enum Flag : std::uint32_t {
  kIsThere = 1U << 0,
  kSessionOpen = 1U << 1,
  kTurnOpen = 1U << 2,
  kTurnSlow = 1U << 3,
  kTurnJudged = 1U << 4,
  kNewestUnanswered = 1U << 5,
  kNewestByBot = 1U << 6,
  kPersonTookPart = 1U << 7,
  kHandedOver = 1U << 8,
  kBotTurnEnded = 1U << 9,
  kTurnAnswered = 1U << 10,
  kTodayConsulted = 1U << 11,
  kTodayReplied = 1U << 12,
  kTodaySlow = 1U << 13,
  kAllFlags = (1U << 14) - 1,
};
constexpr std::uint32_t kOfSession = kPersonTookPart | kHandedOver | kBotTurnEnded | kTurnAnswered;
constexpr std::uint32_t kOfOpenTurn = kTurnSlow | kTurnJudged;

/// A pair's, of today.
enum PairFlag : std::uint32_t {
  kPairConsulted = 1U << 0,
  kPairReplied = 1U << 1,
  kPairBotEnded = 1U << 2,
  kPairSlow = 1U << 3,
  kAllPairFlags = (1U << 4) - 1,
};

void save_histogram(image::Writer& to, const Histogram& histogram) {
  for (const std::uint64_t count : histogram.buckets) to.number(count);
  to.number(static_cast<std::uint64_t>(histogram.sum_ms));
}

void load_histogram(image::Reader& from, Histogram& histogram) {
  for (std::uint64_t& count : histogram.buckets) count = from.number();
  histogram.sum_ms = static_cast<std::int64_t>(from.number(kLongestTotalMs));
}

void save_day(image::Writer& to, const Calendar::Day& day) {
  to.signed_number(day.number);
  to.instant(day.start);
  to.instant(day.end);
}

/// Reads a business day and says whether it is this one.
bool load_day(image::Reader& from, const Calendar::Day& day) {
  const std::int64_t saved = from.signed_number();
  const std::int64_t start = from.signed_number();
  const std::int64_t end = from.signed_number();
  return saved == day.number && start == day.start.time_since_epoch().count() &&
         end == day.end.time_since_epoch().count();
}

}  // namespace

void Engine::save(image::Writer& to) const { state_->save(to); }
Loaded Engine::load(image::Reader& from, Overdue overdue) { return state_->load(from, overdue); }

void Engine::State::save(image::Writer& to) const {
  to.instant(clock_.now());
  to.number(settings_.windows.size());
  for (const Window& window : settings_.windows) to.millis(window.span);
  save_day(to, clock_.day());
  for (const std::uint64_t exceeded :
       {conversations_exceeded_, roster_.agents_use().exceeded, roster_.shops_use().exceeded})
    to.number(exceeded);
  save_time(to, incomplete_until_, clock_.now());

  to.number(roster_.shops());
  for (std::uint32_t s = 0; s < roster_.shops(); ++s) {
    const Shop& shop = roster_.shop_at(s);
    to.text(shop.settings.id);
    shop.tally.save(to, clock_);
    shop.responses.save(to, clock_);
    save_histogram(to, shop.response_duration);
    save_histogram(to, shop.first_response_duration);
    to.number(shop.agents.size());
    for (const std::uint32_t agent : shop.agents) save_agent(to, roster_.agent_at(agent), agent);
  }

  const Slab<Conversation>& records = conversations_.records();
  for (std::uint32_t i = 0; i < records.end(); ++i) {
    const Conversation& c = records[i];
    const bool is_live = c.key != proto::CustomerKey{};
    if (is_live && !is_forgotten(c)) save_conversation(to, c);
  }
  to.number(0);
}

void Engine::State::save_agent(image::Writer& to, const Agent& agent, std::uint32_t index) const {
  const Instant now = clock_.now();
  const Directory::Agent& names = roster_.names_of(index);
  const auto save_told = [&](Instant at) {
    save_time(to, at, now);
    return at != Instant{};
  };
  to.text(names.id);
  to.flag(agent.is_seen);
  save_time(to, agent.last_seen, now);
  if (save_told(agent.capacity_at)) to.number(*agent.capacity);
  to.flag(agent.presence.has_value());
  if (agent.presence) {
    to.number(static_cast<std::uint64_t>(*agent.presence));
    save_time(to, agent.presence_at, now);
  }
  if (save_told(agent.name_at)) to.text(names.name);
  if (save_told(agent.group_at)) to.text(names.group);
  agent.tally.save(to, clock_);
}

void Engine::State::save_conversation(image::Writer& to, const Conversation& c) const {
  const Instant now = clock_.now();
  const auto save_when = [&](Instant at) { save_time(to, at, now); };
  const bool has_today = c.day == today();
  const auto flag = [](bool is_set, std::uint32_t value) { return is_set ? value : 0U; };
  std::uint32_t flags =
      kIsThere | flag(c.newest_by_bot, kNewestByBot) | flag(c.newest_unanswered, kNewestUnanswered);
  if (c.session_open)
    flags |= kSessionOpen | flag(c.person_took_part, kPersonTookPart) |
             flag(c.handed_over, kHandedOver) | flag(c.bot_turn_ended, kBotTurnEnded) |
             flag(c.turn_answered, kTurnAnswered);
  if (c.turn_open)
    flags |= kTurnOpen | flag(c.turn_slow, kTurnSlow) | flag(c.turn_judged, kTurnJudged);
  if (has_today)
    flags |= flag(c.today_consulted, kTodayConsulted) | flag(c.today_replied, kTodayReplied) |
             flag(c.today_slow, kTodaySlow);
  to.number(flags);
  to.key(c.key);
  to.number(c.shop);
  const Agent& responsible = roster_.agent_at(c.agent);
  to.number(responsible.place);
  if (responsible.is_other) to.number(c.agent_tag);
  to.number(static_cast<std::uint16_t>(today() - c.touched_day));
  save_when(c.agent_since);
  save_when(c.agent_named);
  save_when(c.last_reply);
  save_when(c.last_wrote);
  save_when(c.last_slow);
  if (c.session_open) {
    save_when(c.session_start);
    save_when(c.last_activity);
    to.number(c.slow_turns);
  }
  if (c.turn_open) {
    save_when(c.opening);
    save_when(c.newest_question);
  }
  if (c.newest_unanswered) {
    save_when(c.opening);
    to.number(roster_.agent_at(c.heap_place_or_ended_agent).place);
  }

  // The list ends with a pair that says so, for how long it is is not known.
  for (const Pair* pair = &c.first_pair; pair->agent != kNone; pair = &pairs_[pair->next]) {
    to.number(std::uint64_t{roster_.agent_at(pair->agent).place} + 1);
    const bool is_of_today = pair->day == today();
    to.number(is_of_today ? flag(pair->today_consulted, kPairConsulted) |
                                flag(pair->today_replied, kPairReplied) |
                                flag(pair->today_bot_ended, kPairBotEnded) |
                                flag(pair->today_slow, kPairSlow)
                          : 0);
    save_when(pair->last_wrote);
    save_when(pair->last_slow);
    if (pair->next == kNone) break;
  }
  to.number(0);
}

/// What the functions that load conversations share.
struct Engine::State::LoadedConversation {
  const ImageScopes& image;
  const std::vector<std::uint32_t>& shops;  ///< by their numbers in the image
  const std::vector<Places>& agents;        ///< by shop and place in the image
  std::vector<std::uint32_t> met;           ///< by agent: the conversation that has last met it
  std::uint32_t index = kNone;              ///< the newest one loaded; kNone behind the last
};

Loaded Engine::State::load(image::Reader& from, Overdue overdue) {
  assert(conversations_.size() == 0 && clock_.now() == Instant{});
  Loaded result;
  clock_.advance(from.instant());
  ImageScopes image;
  image.windows = static_cast<int>(from.number(kMaxWindows));
  image.same_windows = image.windows == clock_.windows();
  for (int i = 0; i < image.windows; ++i) {
    const Millis span = from.millis();
    image.same_windows =
        image.same_windows && span == settings_.windows[static_cast<std::size_t>(i)].span;
  }
  image.same_day = load_day(from, clock_.day());
  conversations_exceeded_ = from.number();
  const std::uint64_t agents_exceeded = from.number();
  const std::uint64_t shops_exceeded = from.number();
  roster_.restore_exceeded(agents_exceeded, shops_exceeded);
  incomplete_until_ = load_time(from, clock_.now());
  result.windows_anew = !image.same_windows;
  result.today_anew = !image.same_day;

  std::vector<Places> agents;
  const std::vector<std::uint32_t> shops = load_shops(from, image, agents);
  LoadedConversation loaded{.image = image,
                            .shops = shops,
                            .agents = agents,
                            .met = std::vector<std::uint32_t>(roster_.agents(), kNone)};
  do {
    if (!load_conversation(from, loaded)) return {};
  } while (loaded.index != kNone);

  // Only now are the levels whole. A deadline is past where a limit has become shorter.
  wheel_.start_at(clock_.now());
  overdue_ = overdue;
  const std::uint32_t end = conversations_.records().end();
  for (std::uint32_t i = 0; i < end; ++i) {
    Conversation& c = conversations_[i];
    if (!image.same_windows) count_distinct_anew(c);
    look_at_deadlines(i);
  }
  result.ok = true;
  return result;
}

std::vector<std::uint32_t> Engine::State::load_shops(image::Reader& from, const ImageScopes& image,
                                                     std::vector<Places>& agents) {
  std::vector<std::uint32_t> shops;
  std::vector<bool> is_loaded;  // by agent
  for (std::uint64_t left = from.number(kMostSavedShops); left > 0; --left) {
    const std::string id = from.text(kMostIdBytes);
    if (!from.ok() || id.empty()) {
      from.fail();
      break;
    }
    const std::uint32_t index = roster_.restore_shop(id);
    Shop& shop = roster_.shop_at(index);
    is_loaded.resize(roster_.agents());
    if (is_loaded[shop.queue]) {  // the same shop twice
      from.fail();
      break;
    }
    shops.push_back(index);
    shop.tally.load(from, clock_, image);
    shop.responses.load(from, clock_, image);
    load_histogram(from, shop.response_duration);
    load_histogram(from, shop.first_response_duration);
    Places& places = agents.emplace_back();
    for (std::uint64_t more = from.number(kMostSavedAgents); more > 0 && from.ok(); --more) {
      const std::string agent_id = from.text(kMostIdBytes);
      if (!from.ok() || agent_id.empty()) {
        from.fail();
        break;
      }
      const std::uint32_t agent = roster_.restore_agent(index, agent_id);
      is_loaded.resize(roster_.agents());
      const bool should_be_queue = places.empty();
      const bool is_queue = agent == shop.queue;
      if (is_loaded[agent] || is_queue != should_be_queue || roster_.agents() > kMostSavedAgents) {
        from.fail();
        break;
      }
      is_loaded[agent] = true;
      load_agent(from, image, agent);
      places.push_back(agent);
    }
    if (places.empty()) from.fail();
  }
  return shops;
}

void Engine::State::load_agent(image::Reader& from, const ImageScopes& image, std::uint32_t index) {
  const Instant now = clock_.now();
  Agent& agent = roster_.agent_at(index);
  const auto load_told = [&](Instant& at) {
    at = load_time(from, now);
    return at != Instant{};
  };
  agent.is_seen = from.flag();
  agent.last_seen = load_time(from, now);
  if (load_told(agent.capacity_at)) agent.capacity = from.number_of<std::uint32_t>();
  if (from.flag()) {
    agent.presence = static_cast<Presence>(from.number(kPresenceCount - 1));
    agent.presence_at = load_time(from, now);
  }
  if (load_told(agent.name_at)) roster_.rename(index, from.text(kMostNameBytes));
  if (load_told(agent.group_at)) roster_.regroup(index, from.text(kMostNameBytes));
  agent.tally.load(from, clock_, image);
}

// One conversation, or the end of them. False when it makes no sense.
bool Engine::State::load_conversation(image::Reader& from, LoadedConversation& loaded) {
  const Instant now = clock_.now();
  const auto load_when = [&] { return load_time(from, now); };
  loaded.index = kNone;
  const auto flags = static_cast<std::uint32_t>(from.number(kAllFlags));
  if (flags == 0) return from.ok();
  const auto is_set = [flags](std::uint32_t flag) { return (flags & flag) != 0; };
  const bool session_open = is_set(kSessionOpen);
  const bool turn_open = is_set(kTurnOpen);
  const bool contradicts = !is_set(kIsThere) || (!session_open && is_set(kOfSession)) ||
                           (turn_open && !session_open) || (!turn_open && is_set(kOfOpenTurn)) ||
                           turn_open + is_set(kNewestUnanswered) + is_set(kNewestByBot) > 1;
  const proto::CustomerKey key = from.key();
  const std::uint64_t shop_number = from.number();
  if (!from.ok() || contradicts || key == proto::CustomerKey{} ||
      shop_number >= loaded.shops.size() ||
      conversations_.find(loaded.shops[shop_number], key) != kNone)
    return false;

  const Places& places = loaded.agents[shop_number];
  const auto load_agent_of = [&](std::uint64_t place) {
    if (place < places.size()) return places[place];
    from.fail();
    return places.front();
  };
  const std::uint32_t index = conversations_.insert(loaded.shops[shop_number], key);
  loaded.index = index;
  Conversation& c = conversations_[index];
  c.agent = load_agent_of(from.number());
  if (roster_.agent_at(c.agent).is_other) c.agent_tag = from.number_of<std::uint32_t>();
  // Where the days are numbered otherwise now, it was touched as many days ago as before.
  c.touched_day = static_cast<std::uint16_t>(today() - from.number_of<std::uint16_t>());
  c.agent_since = load_when();
  c.agent_named = load_when();
  c.last_reply = load_when();
  c.last_wrote = load_when();
  c.last_slow = load_when();
  c.newest_by_bot = is_set(kNewestByBot);
  if (session_open) {
    c.session_open = true;
    c.person_took_part = is_set(kPersonTookPart);
    c.handed_over = is_set(kHandedOver);
    c.bot_turn_ended = is_set(kBotTurnEnded);
    c.turn_answered = is_set(kTurnAnswered);
    c.session_start = load_when();
    c.last_activity = load_when();
    c.slow_turns = from.number_of<std::uint16_t>();
    // Whoever has it open has been seen, or nobody would be shown to have it.
    if (c.last_activity < c.session_start || !roster_.agent_at(c.agent).is_seen) return false;
  }
  if (turn_open) {
    c.turn_open = true;
    c.turn_slow = is_set(kTurnSlow);
    c.turn_judged = is_set(kTurnJudged);
    c.opening = load_when();
    c.newest_question = load_when();
    if (c.opening == Instant{}) return false;
    c.turn_in_hours = is_in_service(c);
  }
  if (is_set(kNewestUnanswered)) {
    c.newest_unanswered = true;
    c.opening = load_when();
    c.heap_place_or_ended_agent = load_agent_of(from.number());
  }
  c.day = today();
  if (loaded.image.same_day) {
    c.today_consulted = is_set(kTodayConsulted);
    c.today_replied = is_set(kTodayReplied);
    c.today_slow = is_set(kTodaySlow);
    c.today_unanswered = c.today_consulted && !c.today_replied && !c.newest_by_bot;
  }

  std::size_t pairs = 0;
  for (Pair* last = nullptr; const std::uint64_t place = from.number();) {
    if (++pairs > kMostPairs) return false;
    const std::uint32_t agent = load_agent_of(place - 1);
    const auto of_today = static_cast<std::uint32_t>(from.number(kAllPairFlags));
    if (!from.ok() || std::exchange(loaded.met[agent], index) == index) return false;
    if (last != nullptr) last->next = pairs_.acquire();
    Pair& pair = last == nullptr ? c.first_pair : pairs_[last->next];
    last = &pair;
    pair.agent = agent;
    pair.last_wrote = load_when();
    pair.last_slow = load_when();
    pair.day = today();
    if (!loaded.image.same_day) continue;
    pair.today_consulted = (of_today & kPairConsulted) != 0;
    pair.today_replied = (of_today & kPairReplied) != 0;
    pair.today_bot_ended = (of_today & kPairBotEnded) != 0;
    pair.today_slow = (of_today & kPairSlow) != 0;
    pair.today_unanswered = pair.today_consulted && !pair.today_replied && !pair.today_bot_ended;
  }
  if (!from.ok()) return false;
  take_up(index);
  return true;
}

void Engine::State::take_up(std::uint32_t index) {
  Conversation& c = conversations_[index];
  Shop& shop = shop_of(c);
  Agent& agent = roster_.agent_at(c.agent);
  refer(c.agent);
  if (c.newest_unanswered) refer(c.heap_place_or_ended_agent);
  for (const Pair* pair = &c.first_pair; pair->agent != kNone; pair = &pairs_[pair->next]) {
    refer(pair->agent);
    if (pair->next == kNone) break;
  }
  if (c.session_open) {
    shop.tally.restore_level();
    agent.tally.restore_level();
  }
  if (c.turn_open) {
    agent.waits.push(c.opening, index, [this](std::uint32_t moved, std::uint32_t place) {
      conversations_[moved].heap_place_or_ended_agent = place;
    });
    ++shop.waiting_customers;
    for (const int seconds : kWaitingOverSeconds) {
      if (c.opening + std::chrono::seconds{seconds} >= clock_.now()) break;
      ++shop.waiting_over[c.waiting_over++];
    }
  }
}

// Distinct customers are a unit at the newest time of their kind, which the records know.
void Engine::State::count_distinct_anew(const Conversation& c) {
  const auto count_at = [this](Tally& tally, Instant at, Count count) {
    if (at != Instant{}) tally.place_rolling(clock_, at, [count](auto& row) { row.add(count); });
  };
  Tally& of_shop = shop_of(c).tally;
  count_at(of_shop, c.last_wrote, Count::consulting_customers);
  count_at(of_shop, c.last_slow, Count::slow_customers);
  for (const Pair* pair = &c.first_pair; pair->agent != kNone; pair = &pairs_[pair->next]) {
    Tally& of_agent = roster_.agent_at(pair->agent).tally;
    count_at(of_agent, pair->last_wrote, Count::consulting_customers);
    count_at(of_agent, pair->last_slow, Count::slow_customers);
    if (pair->next == kNone) break;
  }
  if (!c.turn_open && !c.newest_unanswered) return;
  Tally& of_agent = roster_.agent_at(c.turn_open ? c.agent : c.heap_place_or_ended_agent).tally;
  count_at(of_shop, c.opening, Count::unanswered_customers);
  count_at(of_agent, c.opening, Count::unanswered_customers);
}

}  // namespace deskpulse::engine
