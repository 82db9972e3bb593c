#include "daemon/intake/event_image.hpp"

#include <array>
#include <cstdint>

namespace deskpulse::intake {

using proto::Event;
using proto::From;
using proto::Kind;
using proto::OrderStatus;
using proto::Status;
using proto::Type;

namespace {

// The decoder's own limits.
constexpr std::size_t kLongestId = 256;
constexpr std::size_t kLongestName = 2'048;
constexpr std::uint64_t kMostCapacity = 1'000'000;
constexpr std::uint64_t kMostItems = 1'000'000;
constexpr std::int64_t kAmountEnd = 100'000'000'000 * 10'000;

struct Text {
  std::string_view Event::*field;
  std::size_t longest;
};
constexpr std::array<Text, 6> kTexts{{{&Event::shop, kLongestId},
                                      {&Event::agent, kLongestId},
                                      {&Event::from_agent, kLongestId},
                                      {&Event::topic, kLongestId},
                                      {&Event::name, kLongestName},
                                      {&Event::group, kLongestName}}};

template <class Enum>
Enum read_up_to(image::Reader& reader, Enum last) {
  return static_cast<Enum>(reader.number(static_cast<std::uint64_t>(last)));
}

bool is_plausible(const Event& event) {
  const bool has_customer = event.customer_key != proto::CustomerKey{};
  if (event.shop.empty() || event.ts < proto::Instant{proto::Millis{1}}) return false;
  switch (event.type) {
    case Type::message:
    case Type::assign:
    case Type::close:
      return has_customer;
    case Type::agent_status:
      return !event.agent.empty();
    case Type::rating:
      return has_customer && !event.agent.empty() && event.score >= 1;
    case Type::order:
      return has_customer && event.order_key != proto::CustomerKey{} && event.amount_e4 >= 0 &&
             event.amount_e4 < kAmountEnd;
    case Type::unknown:
      break;
  }
  return false;
}

}  // namespace

void save(image::Writer& writer, const Event& event) {
  const auto name = [&writer](auto value) { writer.number(static_cast<std::uint64_t>(value)); };
  name(event.type);
  name(event.from);
  name(event.kind);
  name(event.status);
  name(event.order_status);
  writer.number(event.score);
  writer.instant(event.ts);
  writer.key(event.customer_key);
  for (const Text& text : kTexts) writer.text(event.*text.field);
  writer.number(event.capacity ? std::uint64_t{*event.capacity} + 1 : 0);
  if (event.type != Type::order) return;
  writer.key(event.order_key);
  writer.signed_number(event.amount_e4);
  writer.number(event.items);
}

const Event& EventReader::read(image::Reader& reader) {
  event_ = {};
  event_.type = read_up_to(reader, Type::order);
  event_.from = read_up_to(reader, From::unknown);
  event_.kind = read_up_to(reader, Kind::event);
  event_.status = read_up_to(reader, Status::offline);
  event_.order_status = read_up_to(reader, OrderStatus::cancelled);
  event_.score = static_cast<std::uint8_t>(reader.number(5));
  event_.ts = reader.instant();
  event_.customer_key = reader.key();
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    texts_[i] = reader.text(kTexts[i].longest);
    event_.*kTexts[i].field = texts_[i];
  }
  const std::uint64_t capacity = reader.number(kMostCapacity + 1);
  if (capacity > 0) event_.capacity = static_cast<std::uint32_t>(capacity - 1);
  if (event_.type == Type::order) {
    event_.order_key = reader.key();
    event_.amount_e4 = reader.signed_number();
    event_.items = static_cast<std::uint32_t>(reader.number(kMostItems));
  }
  if (!is_plausible(event_)) reader.fail();
  return event_;
}

}  // namespace deskpulse::intake
