// What a conversation is made of: the script of a turn, and its acts.
#include <algorithm>
#include <array>
#include <string_view>

#include "daemon/simulator/phrases.hpp"
#include "daemon/simulator/traffic_world.hpp"

namespace deskpulse::simulator {

using namespace std::chrono_literals;
using proto::Event;
using proto::Instant;
using proto::Millis;

namespace {

constexpr double kFirstTurnSlower = 1.5;
constexpr double kCustomerMessages = 1.8;  // a turn
constexpr double kAgentMessages = 1.5;     // a turn
constexpr double kLongStory = 0.01;        // of customer messages
constexpr Millis kSessionGap = 10min;      // what the platform calls the end of a session
constexpr Millis kAbandonAfter = 30min;

}  // namespace

void Traffic::World::begin_turn(std::uint32_t place, Instant at) {
  Conversation& c = conversations_[place];
  c.turn_began = at;
  c.act = 0;
  c.acts_count = 0;
  draw_turn(c);
  std::stable_sort(c.acts.begin(), c.acts.begin() + c.acts_count,
                   [](const Act& a, const Act& b) { return a.after_ms < b.after_ms; });
  schedule_act(place);
}

void Traffic::World::draw_turn(Conversation& c) {
  const bool first = c.turn == 0;
  const bool last = c.turn + 1 == c.turns;
  const bool bot = c.bots_alone || c.turn < c.bot_turns;
  const bool forgotten = c.forgotten && last;
  double response = bot ? random_.uniform(0.6, 2.5)
                        : random_.lognormal(figures_.response_median, figures_.response_sigma) *
                              (first ? kFirstTurnSlower : 1.0);
  response = std::clamp(response, 0.4, 1500.0);  // beyond, it would be one that nobody answered

  // The customer's messages: all of a turn come before its answer.
  const int questions = random_.geometric(kCustomerMessages, 6);
  std::array<double, 6> asked{};
  for (int i = 1; i < questions; ++i)
    asked[i] = asked[i - 1] + 0.3 + random_.exponential(forgotten ? 40.0 : 5.0);
  const double newest = asked[questions - 1];
  const double squeeze = !forgotten && newest > 0.85 * response ? 0.85 * response / newest : 1.0;
  for (int i = 0; i < questions; ++i) c.add(asked[i] * squeeze, Step::ask);
  if (random_.chance(0.3)) c.add(asked[questions - 1] * squeeze * 0.9, Step::typing, false);
  if (random_.chance(0.01)) c.add(response * 0.9, Step::recall, false);

  if (first && !bot) {
    if (random_.chance(0.7) && response > 1.0) c.add(random_.uniform(0.2, 0.9), Step::welcome);
    if (random_.chance(0.3)) c.add(0.1, Step::system_line, false);
  }
  if (first && random_.chance(0.05)) c.add(0.0, Step::advert, false);
  if (forgotten) {
    draw_ending(c, newest);
    return;
  }

  double end = response;
  if (!bot && c.turn == c.transfer_at) {
    const double kind = random_.uniform();
    if (kind < 0.5) {
      c.add(response * random_.uniform(0.5, 0.9), Step::transfer);  // the customer still waits
    } else if (kind < 0.8) {
      end += random_.uniform(1.0, 8.0);
      c.add(end, Step::transfer);
    } else if (kind < 0.9) {
      c.add(response * 0.86, Step::back_to_queue);
    } else {
      c.add(response * 0.86, Step::ask_elsewhere);
    }
  }
  if (!bot && random_.chance(0.5)) c.add(response * 0.95, Step::read, false);
  if (!bot && random_.chance(0.02)) c.add(response * 0.9, Step::note, false);
  if (bot && !c.bots_alone && c.turn + 1 == c.bot_turns) {
    // The bot cannot help. Most customers are handed over right behind its answer, with no turn
    // open, some while they still wait for one; either way a person has to answer now.
    const bool answered = random_.chance(0.7);
    if (answered) c.add(response, Step::reply);
    end += answered ? random_.uniform(0.3, 3.0) : 0.0;
    c.add(end, Step::transfer);
    response = end + std::clamp(kFirstTurnSlower * random_.lognormal(figures_.response_median,
                                                                     figures_.response_sigma),
                                0.4, 1500.0);
    end = response;
  }
  c.add(response, Step::reply);
  double follow_up = response;
  for (int more = bot ? 0 : random_.geometric(kAgentMessages, 4) - 1; more > 0; --more) {
    follow_up += 0.5 + random_.exponential(6.0);
    c.add(follow_up, Step::follow_up);
  }
  end = std::max(end, follow_up);
  if (random_.chance(0.04)) c.add(end += 1.5, Step::reaction, false);
  if (!c.ordered && random_.chance(0.12)) {
    c.ordered = true;
    c.add(end += random_.uniform(5.0, 60.0), Step::order);
  }
  if (last) {
    draw_ending(c, end);
  } else {
    const double think = std::min(random_.lognormal(figures_.think_median, 0.8), 540.0);
    c.add(end + 1.0 + think, Step::next_turn);
  }
}

void Traffic::World::draw_ending(Conversation& c, double from) {
  const bool forgotten = c.forgotten;
  if (!forgotten && random_.chance(0.12)) c.add(from += random_.uniform(10.0, 40.0), Step::rating);
  if (random_.chance(0.6))
    c.add(from + (forgotten ? random_.uniform(300.0, 1500.0) : random_.uniform(20.0, 480.0)),
          Step::close);
  else
    c.add(from + 1.0 + static_cast<double>((forgotten ? kAbandonAfter : kSessionGap) / 1s),
          Step::gone);
}

void Traffic::World::schedule_act(std::uint32_t place) {
  const Conversation& c = conversations_[place];
  timeline_.schedule(c.turn_began + Millis(c.acts[c.act].after_ms), kPlay, place);
}

std::string_view Traffic::World::agent_id(const Conversation& c) const {
  const Shop& shop = shops_[c.shop];
  if (c.agent == kQueue) return {};
  if (c.agent == kRobot) return shop.robot_named ? std::string_view(shop.robot) : "";
  return agents_[c.agent].id;
}

/// Plays the conversation's next act; true if it was an event.
bool Traffic::World::play(std::uint32_t place) {
  Conversation& c = conversations_[place];
  Shop& shop = shops_[c.shop];
  const bool bot = c.agent == kRobot;
  const Step step = c.acts[c.act].step;
  const bool by_an_agent = step == Step::reply || step == Step::follow_up || step == Step::note ||
                           step == Step::read || step == Step::transfer;
  if (by_an_agent && c.agent == kQueue) {
    if (step == Step::reply || step == Step::transfer) {  // the rest of the turn waits as well
      c.waits = true;
      if (!c.in_queue) enqueue(place);  // had given up before an answer was due
      return false;
    }
    ++c.act;
    schedule_act(place);
    return false;
  }
  ++c.act;

  bool said = true;
  switch (step) {
    case Step::ask:
    case Step::ask_elsewhere: {
      if (step == Step::ask_elsewhere && c.agent != kQueue)
        if (const auto other = somebody(shop, c.agent, false); other != kNobody) give_to(c, other);
      const double what = random_.uniform();
      const bool opens = c.turn == 0 && c.act == 1;
      const proto::Kind kind = what < (opens ? 0.2 : 0.03)   ? proto::Kind::card
                               : what < (opens ? 0.25 : 0.1) ? proto::Kind::image
                                                             : proto::Kind::text;
      Event& event = message(c, proto::From::customer, agent_id(c), kind);
      const Question& question = any(questions());
      if (kind == proto::Kind::text) {
        out_.text = random_.chance(kLongStory) ? std::string_view(stories_[random_.below(8)])
                                               : question.text;
        event.topic = question.topic;
      }
      break;
    }
    case Step::typing:
      message(c, proto::From::customer, agent_id(c), proto::Kind::typing);
      break;
    case Step::reaction:
      message(c, proto::From::customer, agent_id(c), proto::Kind::reaction);
      break;
    case Step::recall:
      message(c, proto::From::customer, agent_id(c), proto::Kind::recall);
      break;
    case Step::read:
      message(c, bot ? proto::From::bot : proto::From::human, agent_id(c), proto::Kind::read);
      break;
    case Step::welcome:
      message(c, proto::From::automatic, agent_id(c));
      out_.text = any(welcome_lines());
      break;
    case Step::system_line:
      message(c, proto::From::system, agent_id(c));
      out_.text = any(system_lines());
      break;
    case Step::advert:
      message(c, proto::From::system, {}, proto::Kind::ad);
      break;
    case Step::note:
      message(c, proto::From::note, agent_id(c));
      out_.text = any(notes());
      break;
    case Step::reply:
    case Step::follow_up: {
      if (bot) {
        message(c, proto::From::bot, shop.robot);
        out_.text = any(bot_replies());
        break;
      }
      const bool assisted = random_.chance(0.15);
      const bool image = step == Step::follow_up && random_.chance(0.06);
      message(c, assisted ? proto::From::assist : proto::From::human, agent_id(c),
              image ? proto::Kind::image : proto::Kind::text);
      if (!image) out_.text = any(human_replies());
      break;
    }
    case Step::transfer: {
      const std::string_view before = agent_id(c);
      const auto other = somebody(shop, c.agent, false);
      if (other == kNobody) {  // nobody else is there
        if (bot) enqueue(place);
        said = false;
        break;
      }
      give_to(c, other);
      Event& event = emit(proto::Type::assign, c.shop);
      event.customer = customer_id_.hex("b", mix(c.customer));
      event.agent = agent_id(c);
      event.from_agent = before;
      break;
    }
    case Step::back_to_queue: {
      if (c.agent == kQueue) {
        said = false;
        break;
      }
      Event& event = emit(proto::Type::assign, c.shop);
      event.customer = customer_id_.hex("b", mix(c.customer));
      event.from_agent = agent_id(c);
      enqueue(place);
      break;
    }
    case Step::order:
      said = place_order(c.shop, c.customer);
      break;
    case Step::next_turn:
      ++c.turn;
      begin_turn(place, now_);
      return false;
    case Step::rating: {
      Event& event = emit(proto::Type::rating, c.shop);
      event.customer = customer_id_.hex("b", mix(c.customer));
      event.agent = bot ? std::string_view(shop.robot) : agent_id(c);
      const double mood = random_.uniform();
      event.score = mood < 0.72 ? 5 : mood < 0.86 ? 4 : mood < 0.91 ? 3 : mood < 0.94 ? 2 : 1;
      if (event.agent.empty()) event.agent = shop.robot;
      break;
    }
    case Step::close:
      emit(proto::Type::close, c.shop).customer = customer_id_.hex("b", mix(c.customer));
      end_session(place);
      return true;
    case Step::gone:
      end_session(place);
      return false;
  }
  schedule_act(place);
  return said;
}

void Traffic::World::end_session(std::uint32_t place) {
  Conversation& c = conversations_[place];
  Shop& shop = shops_[c.shop];
  give_to(c, kQueue);
  if (shop.former.size() < 4096)
    shop.former.push_back(c.customer);
  else
    shop.former[random_.below(4096)] = c.customer;
  --open_;
  c.visit = 0;
  const std::uint32_t shop_index = c.shop;
  conversations_.give_back(place);
  if (options_.conversations > 0)
    timeline_.schedule(now_ + Millis(200 + random_.below(1000)), kNewInSlot, shop_index);
  if (!shop.queue.empty()) serve_queue_soon(shop_index, Millis(300));
}

}  // namespace deskpulse::simulator
