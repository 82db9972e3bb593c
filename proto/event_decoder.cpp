// One walk over the object notes where each field is that the protocol names; then the fields are
// checked in a fixed order, so that the reason given for an event does not depend on how its
// producer happens to order the keys.
#include "proto/event_decoder.hpp"

#include <array>

namespace deskpulse::proto {
namespace {

enum class Key : std::uint8_t {
  type,
  ts,
  shop,
  id,
  customer,
  agent,
  from,
  kind,
  text,
  topic,
  from_agent,
  status,
  capacity,
  name,
  group,
  score,
  order,
  amount,
  items,
  none
};
constexpr std::size_t kKeyCount = static_cast<std::size_t>(Key::none);

/// Length and a letter leave one candidate, so a key costs one comparison.
Key key_of(std::string_view key) {
  const auto only = [key](std::string_view candidate, Key is) {
    return key == candidate ? is : Key::none;
  };
  switch (key.size()) {
    case 2:
      return key[0] == 't' ? only("ts", Key::ts) : only("id", Key::id);
    case 4:
      switch (key[0]) {
        case 't':
          return key[1] == 'y' ? only("type", Key::type) : only("text", Key::text);
        case 's':
          return only("shop", Key::shop);
        case 'f':
          return only("from", Key::from);
        case 'k':
          return only("kind", Key::kind);
        case 'n':
          return only("name", Key::name);
        default:
          return Key::none;
      }
    case 5:
      switch (key[0]) {
        case 'a':
          return only("agent", Key::agent);
        case 't':
          return only("topic", Key::topic);
        case 'g':
          return only("group", Key::group);
        case 's':
          return only("score", Key::score);
        case 'o':
          return only("order", Key::order);
        case 'i':
          return only("items", Key::items);
        default:
          return Key::none;
      }
    case 6:
      return key[0] == 's' ? only("status", Key::status) : only("amount", Key::amount);
    case 8:
      return key[1] == 'u' ? only("customer", Key::customer) : only("capacity", Key::capacity);
    case 10:
      return only("from_agent", Key::from_agent);
    default:
      return Key::none;
  }
}

class Fields {
 public:
  /// The first of repeated keys counts, also when it is null.
  explicit Fields(simdjson::dom::object object) {
    std::uint32_t seen = 0;
    for (const auto [key, value] : object) {
      const Key is = key_of(key);
      if (is == Key::none) continue;
      const auto slot = static_cast<std::size_t>(is);
      if ((seen >> slot & 1u) != 0) continue;
      seen |= 1u << slot;
      fields_[slot] = Field(value);
    }
  }
  const Field& operator[](Key key) const { return fields_[static_cast<std::size_t>(key)]; }

 private:
  std::array<Field, kKeyCount> fields_;
};

Type type_of(std::string_view word) {
  if (word == "message") return Type::message;
  if (word == "assign") return Type::assign;
  if (word == "close") return Type::close;
  if (word == "agent_status") return Type::agent_status;
  if (word == "rating") return Type::rating;
  if (word == "order") return Type::order;
  return Type::unknown;
}

From from_of(std::string_view word) {
  if (word == "customer") return From::customer;
  if (word == "human") return From::human;
  if (word == "bot") return From::bot;
  if (word == "assist") return From::assist;
  if (word == "auto") return From::automatic;
  if (word == "system") return From::system;
  if (word == "note") return From::note;
  return From::unknown;
}

Kind kind_of(std::string_view word) {
  if (word == "text") return Kind::text;
  if (word == "image") return Kind::image;
  if (word == "card") return Kind::card;
  if (word == "recall") return Kind::recall;
  if (word == "read") return Kind::read;
  if (word == "reaction") return Kind::reaction;
  if (word == "typing") return Kind::typing;
  if (word == "ad") return Kind::ad;
  if (word == "event") return Kind::event;
  return Kind::text;
}

void read_message(const Fields& fields, FieldReader& read, Event& event) {
  event.customer = read.id(fields[Key::customer], "customer");
  event.agent = read.optional_id_or_empty(fields[Key::agent], "agent");
  event.from = from_of(read.string(fields[Key::from], "from"));
  if (fields[Key::kind].present()) event.kind = kind_of(read.string(fields[Key::kind], "kind"));
  if (fields[Key::text].present()) read.string(fields[Key::text], "text");
  event.topic = read.optional_label(fields[Key::topic], "topic");
}

void read_assign(const Fields& fields, FieldReader& read, Event& event) {
  event.customer = read.id(fields[Key::customer], "customer");
  event.agent = read.id_or_empty(fields[Key::agent], "agent");
  event.from_agent = read.optional_id_or_empty(fields[Key::from_agent], "from_agent");
}

void read_agent_status(const Fields& fields, FieldReader& read, Event& event) {
  event.agent = read.id(fields[Key::agent], "agent");
  const std::string_view status = read.string(fields[Key::status], "status");
  if (status == "online")
    event.status = Status::online;
  else if (status == "busy")
    event.status = Status::busy;
  else if (status == "offline")
    event.status = Status::offline;
  else
    read.reject(Reject::bad_value, "status");
  if (fields[Key::capacity].present())
    event.capacity =
        static_cast<std::uint32_t>(read.integer(fields[Key::capacity], "capacity", 0, kMaxCount));
  event.name = read.optional_name(fields[Key::name], "name");
  event.group = read.optional_name(fields[Key::group], "group");
}

void read_rating(const Fields& fields, FieldReader& read, Event& event) {
  event.customer = read.id(fields[Key::customer], "customer");
  event.agent = read.id(fields[Key::agent], "agent");
  event.score = static_cast<std::uint8_t>(read.integer(fields[Key::score], "score", 1, 5));
}

void read_order(const Fields& fields, FieldReader& read, Event& event) {
  event.customer = read.id(fields[Key::customer], "customer");
  event.order = read.id(fields[Key::order], "order");
  const std::string_view status = read.string(fields[Key::status], "status");
  if (status == "created")
    event.order_status = OrderStatus::created;
  else if (status == "paid")
    event.order_status = OrderStatus::paid;
  else if (status == "refunded")
    event.order_status = OrderStatus::refunded;
  else if (status == "cancelled")
    event.order_status = OrderStatus::cancelled;
  else
    read.reject(Reject::bad_value, "status");
  event.amount_e4 = read.amount_e4(fields[Key::amount], "amount");
  event.items = static_cast<std::uint32_t>(read.integer(fields[Key::items], "items", 0, kMaxCount));
}

}  // namespace

Decoded<Event> decode_event(simdjson::dom::element element, bool clean_text) {
  simdjson::dom::object object;
  if (element.get_object().get(object) != simdjson::SUCCESS)
    return Rejection{Reject::not_object, ""};
  const Fields fields(object);
  FieldReader read(clean_text);

  Decoded<Event> decoded(Event{});
  Event& event = *decoded;
  event.type = type_of(read.string(fields[Key::type], "type"));
  event.ts = read.time(fields[Key::ts], "ts");
  event.shop = read.id_or_empty(fields[Key::shop], "shop");
  if (event.shop.empty()) read.reject(Reject::malformed, "shop");
  if (fields[Key::id].present()) event.id = read.id(fields[Key::id], "id");

  switch (event.type) {
    case Type::message:
      read_message(fields, read, event);
      break;
    case Type::assign:
      read_assign(fields, read, event);
      break;
    case Type::close:
      event.customer = read.id(fields[Key::customer], "customer");
      break;
    case Type::agent_status:
      read_agent_status(fields, read, event);
      break;
    case Type::rating:
      read_rating(fields, read, event);
      break;
    case Type::order:
      read_order(fields, read, event);
      break;
    case Type::unknown:
      break;
  }
  if (read.failed()) return read.rejection();
  return decoded;
}

}  // namespace deskpulse::proto
