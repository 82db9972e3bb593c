#include "proto/encoder.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>

#include "proto/decoder.hpp"

namespace deskpulse::proto {
namespace {

using namespace std::string_view_literals;

auto all_fields(const Event& e) {
  return std::tie(e.type, e.from, e.kind, e.status, e.order_status, e.score, e.ts, e.id, e.shop,
                  e.customer, e.agent, e.from_agent, e.topic, e.name, e.group, e.capacity, e.order,
                  e.amount_e4, e.items);
}

std::string text_of(const Event& event, std::optional<std::string_view> text = std::nullopt) {
  std::string out;
  append_event(out, event, text);
  return out;
}

Event of_type(Type type) {
  Event event;
  event.type = type;
  event.id = "i1";
  event.ts = Instant{Millis{1'700'000'000'000}};
  event.shop = "s";
  return event;
}

TEST(Encoder, WritesAMessageInTheOrderOfTheProtocol) {
  Event event = of_type(Type::message);
  event.customer = "c";
  event.agent = "a";
  event.from = From::automatic;
  event.kind = Kind::image;
  event.topic = "t";

  EXPECT_EQ(text_of(event, "你好\n"),
            R"({"type":"message","id":"i1","ts":1700000000000,"shop":"s","customer":"c",)"
            R"("agent":"a","from":"auto","kind":"image","text":"你好\n","topic":"t"})");
}

TEST(Encoder, LeavesOutWhatSaysNothing) {
  Event event = of_type(Type::message);
  event.id = "";
  event.customer = "c";
  event.from = From::customer;

  EXPECT_EQ(text_of(event),
            R"({"type":"message","ts":1700000000000,"shop":"s","customer":"c","from":"customer"})");
}

TEST(Encoder, AnAssignmentAlwaysNamesItsAgent) {
  Event event = of_type(Type::assign);
  event.customer = "c";

  EXPECT_EQ(
      text_of(event),
      R"({"type":"assign","id":"i1","ts":1700000000000,"shop":"s","customer":"c","agent":""})");
}

TEST(Encoder, WritesAnAgentsStatus) {
  Event event = of_type(Type::agent_status);
  event.agent = "a";
  event.status = Status::busy;
  event.capacity = 30;
  event.name = "小丽";
  event.group = "g";

  EXPECT_EQ(text_of(event),
            R"({"type":"agent_status","id":"i1","ts":1700000000000,"shop":"s","agent":"a",)"
            R"("status":"busy","capacity":30,"name":"小丽","group":"g"})");
}

TEST(Encoder, WritesMoneyWithTwoDecimalsOrFour) {
  const std::vector<std::pair<std::int64_t, std::string>> amounts{
      {0, "0.00"},           {1, "0.0001"},           {100, "0.01"},
      {1'299'000, "129.90"}, {1'299'001, "129.9001"}, {999'999'999'999'999, "99999999999.9999"}};
  for (const auto& [amount, text] : amounts) {
    Event event = of_type(Type::order);
    event.customer = "c";
    event.order = "o";
    event.amount_e4 = amount;
    event.items = 2;
    EXPECT_EQ(text_of(event),
              R"({"type":"order","id":"i1","ts":1700000000000,"shop":"s","customer":"c",)"
              R"("order":"o","status":"created","amount":")" +
                  text + R"(","items":2})");
  }
}

TEST(Encoder, EscapesWhatJsonMustSeeEscapedAndNothingElse) {
  std::string out;
  append_json_string(out, "\0\x1f\b\t\n\r\"\\/\x7f é你😀"sv);
  EXPECT_EQ(out, "\"\\u0000\\u001f\\u0008\\t\\n\\r\\\"\\\\/\x7f é你😀\"");
}

TEST(Encoder, AnUnknownTypeAndSenderStayUnknown) {
  Event message = of_type(Type::message);
  message.customer = "c";
  Decoder decoder;
  EXPECT_EQ(decoder.event(text_of(message))->from, From::unknown);
  EXPECT_EQ(decoder.event(text_of(of_type(Type::unknown)))->type, Type::unknown);
}

TEST(Encoder, DecodingGivesTheSameEventOnRandomEvents) {
  const std::vector<std::string> ids{"a", "买家·小红😀", "a\"b\\c", std::string(256, 'x'),
                                     "é\u00a0"};
  const std::vector<std::string> names{"", "小丽\n\t\"夜班\"", "n"};
  for (unsigned seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto id = [&] { return std::string_view(ids[random() % ids.size()]); };
    const auto id_or_empty = [&] { return random() % 3 == 0 ? std::string_view() : id(); };
    const auto name = [&] { return std::string_view(names[random() % names.size()]); };
    Event event = of_type(static_cast<Type>(random() % 7));
    event.id = id_or_empty();
    event.shop = id();
    event.ts = random() % 5 == 0 ? kLastInstant : Instant{Millis{1 + random() % 1000}};
    switch (event.type) {
      case Type::message:
        event.customer = id();
        event.agent = id_or_empty();
        event.from = static_cast<From>(random() % 8);
        event.kind = static_cast<Kind>(random() % 9);
        event.topic = id_or_empty();
        break;
      case Type::assign:
        event.customer = id();
        event.agent = id_or_empty();
        event.from_agent = id_or_empty();
        break;
      case Type::close:
        event.customer = id();
        break;
      case Type::agent_status:
        event.agent = id();
        event.status = static_cast<Status>(random() % 3);
        if (random() % 2 == 0) event.capacity = static_cast<std::uint32_t>(random() % 1'000'001);
        event.name = name();
        event.group = name();
        break;
      case Type::rating:
        event.customer = id();
        event.agent = id();
        event.score = static_cast<std::uint8_t>(1 + random() % 5);
        break;
      case Type::order:
        event.customer = id();
        event.order = id();
        event.order_status = static_cast<OrderStatus>(random() % 4);
        event.amount_e4 = static_cast<std::int64_t>(random() % 2'000'000) * (random() % 100'000);
        event.items = static_cast<std::uint32_t>(random() % 1'000'001);
        break;
      case Type::unknown:
        break;
    }

    const std::string text = text_of(event, "text \x01 \"引号\"");
    Decoder decoder;
    const auto decoded = decoder.event(text);

    ASSERT_TRUE(decoded) << text;
    ASSERT_EQ(all_fields(*decoded), all_fields(event)) << text;
  }
}

}  // namespace
}  // namespace deskpulse::proto
