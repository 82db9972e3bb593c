#include "tests/property/act.hpp"

#include <array>

#include "proto/id_hash.hpp"

namespace deskpulse::property {
namespace {

constexpr std::array<const char*, 7> kTypes{"message", "assign", "close",  "agent_status",
                                            "rating",  "order",  "unheard"};
constexpr std::array<const char*, 8> kFroms{"customer", "human",  "assist", "bot",
                                            "auto",     "system", "note",   "martian"};
constexpr std::array<const char*, 9> kKinds{"text",     "image",  "card", "recall", "read",
                                            "reaction", "typing", "ad",   "event"};

}  // namespace

Act::Act(const proto::Event& event)
    : type(event.type),
      from(event.from),
      kind(event.kind),
      ts(event.ts.time_since_epoch().count()),
      id(event.id),
      shop(event.shop),
      customer(event.customer),
      agent(event.agent),
      name(event.name),
      group(event.group),
      capacity(event.capacity),
      status(event.status) {
  if (customer.empty() && event.customer_key != proto::CustomerKey{}) {
    customer =
        std::to_string(event.customer_key.high) + '/' + std::to_string(event.customer_key.low);
  }
}

proto::Event Act::event() const {
  proto::Event event;
  event.type = type;
  event.from = from;
  event.kind = kind;
  event.ts = proto::Instant{proto::Millis{ts}};
  event.id = id;
  event.shop = shop;
  event.customer = customer;
  if (!customer.empty()) event.customer_key = proto::IdHasher{}.hash(shop, customer);
  event.agent = agent;
  event.name = name;
  event.group = group;
  event.capacity = capacity;
  event.status = status;
  if (type == proto::Type::rating) event.score = 5;
  if (type == proto::Type::order) event.order = "o";
  return event;
}

std::string Act::line() const {
  std::string text = "{\"type\":\"" + std::string(kTypes[static_cast<std::size_t>(type)]) +
                     "\",\"id\":\"" + id + "\",\"ts\":" + std::to_string(ts) + ",\"shop\":\"" +
                     shop + '"';
  const auto add = [&](const char* field, const std::string& value) {
    text += std::string(",\"") + field + "\":\"" + value + '"';
  };
  if (type != proto::Type::agent_status) add("customer", customer);
  if (type == proto::Type::message) {
    add("from", kFroms[static_cast<std::size_t>(from)]);
    if (kind != proto::Kind::text) add("kind", kKinds[static_cast<std::size_t>(kind)]);
  }
  if (type != proto::Type::close && type != proto::Type::order) add("agent", agent);
  if (type == proto::Type::agent_status) {
    add("status", kStatusLabels[static_cast<std::size_t>(status)]);
    if (!name.empty()) add("name", name);
    if (!group.empty()) add("group", group);
    if (capacity) text += ",\"capacity\":" + std::to_string(*capacity);
  }
  if (type == proto::Type::rating) text += ",\"score\":5";
  if (type == proto::Type::order) {
    text += ",\"order\":\"o\",\"status\":\"created\",\"amount\":\"1\",\"items\":1";
  }
  return text + '}';
}

}  // namespace deskpulse::property
