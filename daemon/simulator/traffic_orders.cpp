// Who buys, pays, gets the money back.

#include <algorithm>

#include "daemon/simulator/traffic_world.hpp"

namespace deskpulse::simulator {

using namespace std::chrono_literals;
using proto::Event;

bool Traffic::World::place_order(std::uint32_t shop, std::uint64_t customer) {
  const std::uint32_t place = orders_.take();
  Order& order = orders_[place];
  order = {};
  order.shop = shop;
  order.customer = customer;
  order.number = ++shops_[shop].orders;
  order.items = static_cast<std::uint32_t>(random_.geometric(1.6, 9));
  // Whole yuan with an ending that shops like, and now and then a sum after a coupon.
  const auto yuan = static_cast<std::int64_t>(
      std::clamp(random_.lognormal(129.0, 0.9), 5.0, 20'000.0) * order.items);
  const double ending = random_.uniform();
  order.amount_e4 = yuan * 10'000 + (ending < 0.4   ? 9'000
                                     : ending < 0.7 ? 0
                                                    : 100 * random_.below(100));
  return order_step(place);
}

bool Traffic::World::order_step(std::uint32_t place) {
  Order& order = orders_[place];
  Event& event = emit(proto::Type::order, order.shop);
  event.customer = customer_id_.hex("b", mix(order.customer));
  event.order = order_id_.numbered("o", order.number, 9);
  event.order_status = order.next;
  event.amount_e4 = order.amount_e4;
  event.items = order.items;

  if (order.next == proto::OrderStatus::created) {
    const double will = random_.uniform();
    if (will < 0.85) {
      order.next = proto::OrderStatus::paid;
      timeline_.schedule(now_ + seconds(5.0 + random_.exponential(90.0)), kOrderStep, place);
      return true;
    }
    if (will < 0.93) {
      order.next = proto::OrderStatus::cancelled;
      timeline_.schedule(now_ + seconds(random_.uniform(60.0, 1800.0)), kOrderStep, place);
      return true;
    }
  } else if (order.next == proto::OrderStatus::paid && random_.chance(0.06)) {
    order.next = proto::OrderStatus::refunded;
    timeline_.schedule(now_ + seconds(random_.uniform(300.0, 14'400.0)), kOrderStep, place);
    return true;
  }
  orders_.give_back(place);
  return true;
}

}  // namespace deskpulse::simulator
