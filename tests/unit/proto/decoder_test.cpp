#include "proto/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

namespace deskpulse::proto {
namespace {

std::string message(std::string_view rest) {
  return R"({"type":"message","ts":1700000000000,"shop":"s","customer":"c","from":"customer")" +
         std::string(rest) + "}";
}

Rejection rejection_of(std::string_view text, const DecoderLimits& limits = {}) {
  Decoder decoder(limits);
  const auto decoded = decoder.event(text);
  EXPECT_FALSE(decoded) << text;
  return decoded ? Rejection{} : decoded.error();
}

std::string nested(int levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(Decoder, WhoTakesTheValueOfARejectionIsToldSo) {
  Decoder decoder;

  EXPECT_THROW(decoder.event("no event").value(), std::logic_error);
}

TEST(Decoder, ReadsEveryFieldOfAMessage) {
  Decoder decoder;

  const auto event = decoder.event(
      R"({"type":"message","id":"m1","ts":1700000000001,"shop":"旗舰店","customer":"c1","agent":"a1",)"
      R"("from":"assist","kind":"card","text":"你好","topic":"logistics"})");

  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, Type::message);
  EXPECT_EQ(event->id, "m1");
  EXPECT_EQ(event->ts, Instant{Millis{1'700'000'000'001}});
  EXPECT_EQ(event->shop, "旗舰店");
  EXPECT_EQ(event->customer, "c1");
  EXPECT_EQ(event->customer_key, CustomerKey{});
  EXPECT_EQ(event->agent, "a1");
  EXPECT_EQ(event->from, From::assist);
  EXPECT_EQ(event->kind, Kind::card);
  EXPECT_EQ(event->topic, "logistics");
}

TEST(Decoder, AMessageNeedsNoMoreThanFiveFields) {
  Decoder decoder;

  const auto event = decoder.event(message(""));

  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, "");
  EXPECT_EQ(event->agent, "");
  EXPECT_EQ(event->kind, Kind::text);
  EXPECT_EQ(event->topic, "");
}

TEST(Decoder, ReadsEverySender) {
  const std::vector<std::pair<std::string, From>> senders{
      {"customer", From::customer}, {"human", From::human},    {"assist", From::assist},
      {"bot", From::bot},           {"auto", From::automatic}, {"system", From::system},
      {"note", From::note},         {"robot", From::unknown},  {"", From::unknown}};
  Decoder decoder;
  for (const auto& [word, from] : senders) {
    const auto event = decoder.event(
        R"({"type":"message","ts":1,"shop":"s","customer":"c","from":")" + word + R"("})");
    ASSERT_TRUE(event) << word;
    EXPECT_EQ(event->from, from) << word;
  }
}

TEST(Decoder, ReadsEveryKindAndTakesAnUnknownOneForText) {
  const std::vector<std::pair<std::string, Kind>> kinds{
      {"text", Kind::text},     {"image", Kind::image}, {"card", Kind::card},
      {"recall", Kind::recall}, {"read", Kind::read},   {"reaction", Kind::reaction},
      {"typing", Kind::typing}, {"ad", Kind::ad},       {"event", Kind::event},
      {"hologram", Kind::text}, {"", Kind::text}};
  Decoder decoder;
  for (const auto& [word, kind] : kinds) {
    const auto event = decoder.event(message(R"(,"kind":")" + word + '"'));
    ASSERT_TRUE(event) << word;
    EXPECT_EQ(event->kind, kind) << word;
  }
}

TEST(Decoder, ReadsAnAssignment) {
  Decoder decoder;

  const auto event = decoder.event(
      R"({"type":"assign","ts":1,"shop":"s","customer":"c","agent":"b","from_agent":"a"})");

  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, Type::assign);
  EXPECT_EQ(event->agent, "b");
  EXPECT_EQ(event->from_agent, "a");
}

TEST(Decoder, AnAssignmentToNobodyGoesBackToTheQueue) {
  Decoder decoder;

  const auto event =
      decoder.event(R"({"type":"assign","ts":1,"shop":"s","customer":"c","agent":""})");

  ASSERT_TRUE(event);
  EXPECT_EQ(event->agent, "");
}

TEST(Decoder, ReadsAnAgentsStatus) {
  Decoder decoder;

  const auto event = decoder.event(
      R"({"type":"agent_status","ts":1,"shop":"s","agent":"a","status":"busy","capacity":30,)"
      R"("name":"小丽","group":"售前"})");

  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, Type::agent_status);
  EXPECT_EQ(event->status, Status::busy);
  EXPECT_EQ(event->capacity, 30u);
  EXPECT_EQ(event->name, "小丽");
  EXPECT_EQ(event->group, "售前");
}

TEST(Decoder, ACapacityOfNullIsNotSaid) {
  Decoder decoder;

  const auto event = decoder.event(
      R"({"type":"agent_status","ts":1,"shop":"s","agent":"a","status":"offline","capacity":null})");

  ASSERT_TRUE(event);
  EXPECT_EQ(event->status, Status::offline);
  EXPECT_EQ(event->capacity, std::nullopt);
}

TEST(Decoder, ReadsARating) {
  Decoder decoder;

  const auto event =
      decoder.event(R"({"type":"rating","ts":1,"shop":"s","customer":"c","agent":"a","score":4})");

  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, Type::rating);
  EXPECT_EQ(event->score, 4);
}

TEST(Decoder, ReadsAnOrder) {
  Decoder decoder;

  const auto event = decoder.event(
      R"({"type":"order","ts":1,"shop":"s","customer":"c","order":"o","status":"refunded",)"
      R"("amount":"129.90","items":3})");

  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, Type::order);
  EXPECT_EQ(event->order, "o");
  EXPECT_EQ(event->order_status, OrderStatus::refunded);
  EXPECT_EQ(event->amount_e4, 1'299'000);
  EXPECT_EQ(event->items, 3u);
}

TEST(Decoder, AmountsAreExactAsStringAndAsNumber) {
  const std::vector<std::pair<std::string, std::int64_t>> amounts{
      {R"("0")", 0},
      {R"("0.0001")", 1},
      {R"("0.1")", 1'000},
      {R"("299")", 2'990'000},
      {R"("299.00")", 2'990'000},
      {R"("99999999999.9999")", 999'999'999'999'999},
      {"0", 0},
      {"-0", 0},
      {"0.0001", 1},
      {"0.1", 1'000},
      {"0.3", 3'000},
      {"129.9", 1'299'000},
      {"1.005", 10'050},
      {"1e3", 10'000'000},
      {"1.5e-3", 15},
      {"299", 2'990'000},
      {"4503599627.3704", 45'035'996'273'704},
      {"99999999999.9999", 999'999'999'999'999}};
  Decoder decoder;
  for (const auto& [text, amount] : amounts) {
    const auto event = decoder.event(
        R"({"type":"order","ts":1,"shop":"s","customer":"c","order":"o","status":"paid","items":1,)"
        R"("amount":)" +
        text + "}");
    ASSERT_TRUE(event) << text;
    EXPECT_EQ(event->amount_e4, amount) << text;
  }
}

TEST(Decoder, OfAnUnknownTypeOnlyTheCommonFieldsAreChecked) {
  Decoder decoder;

  const auto event = decoder.event(
      R"({"type":"survey","id":"x","ts":7,"shop":"s","customer":12,"agent":[],"score":"many"})");

  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, Type::unknown);
  EXPECT_EQ(event->id, "x");
  EXPECT_EQ(event->customer, "");
}

TEST(Decoder, IgnoresFieldsThatTheTypeDoesNotHave) {
  Decoder decoder;
  EXPECT_TRUE(decoder.event(message(R"(,"score":"x","amount":[],"channel":{"a":null})")));
}

TEST(Decoder, DoesNotCareAboutTheOrderOfFields) {
  Decoder decoder;

  const auto event =
      decoder.event(R"({"from":"bot","customer":"c","shop":"s","id":"i","ts":5,"type":"message"})");

  ASSERT_TRUE(event);
  EXPECT_EQ(event->from, From::bot);
  EXPECT_EQ(event->id, "i");
}

TEST(Decoder, TheFirstOfRepeatedKeysCounts) {
  Decoder decoder;

  const auto event = decoder.event(message(R"(,"agent":"first","agent":"second","shop":"other")"));

  ASSERT_TRUE(event);
  EXPECT_EQ(event->agent, "first");
  EXPECT_EQ(event->shop, "s");
}

TEST(Decoder, ANullCountsAsTheFirstOfRepeatedKeysToo) {
  Decoder decoder;

  const auto event = decoder.event(message(R"(,"agent":null,"agent":"second")"));

  ASSERT_TRUE(event);
  EXPECT_EQ(event->agent, "");
}

TEST(Decoder, AKeyWrittenWithEscapesIsTheSameKey) {
  Decoder decoder;

  const auto event = decoder.event(message(R"(,"\u0061gent":"a")"));

  ASSERT_TRUE(event);
  EXPECT_EQ(event->agent, "a");
}

TEST(Decoder, KeysAreCaseSensitive) {
  EXPECT_EQ(rejection_of(R"({"type":"message","TS":1,"shop":"s"})"),
            (Rejection{Reject::malformed, "ts"}));
}

TEST(Decoder, KeysThatResembleOursAreOtherKeys) {
  Decoder decoder;

  const auto event = decoder.event(message(
      R"(,"agenT":1,"topiC":1,"kinD":1,"texT":1,"iD":1,"tt":1,"":1,"from_agenT":1,"customeR":1)"));

  ASSERT_TRUE(event);
  EXPECT_EQ(event->agent, "");
}

TEST(Decoder, NamesTheFirstWrongFieldInAFixedOrder) {
  EXPECT_EQ(rejection_of(R"({"score":9,"agent":"","shop":"","ts":0,"type":"rating"})"),
            (Rejection{Reject::bad_time, "ts"}));
  EXPECT_EQ(rejection_of(R"({"score":9,"agent":"","id":"","shop":"","ts":1,"type":"rating"})"),
            (Rejection{Reject::malformed, "shop"}));
  EXPECT_EQ(rejection_of(R"({"score":9,"agent":"","id":"","shop":"s","ts":1,"type":"rating"})"),
            (Rejection{Reject::bad_id, "id"}));
  EXPECT_EQ(rejection_of(R"({"score":9,"agent":"","shop":"s","ts":1,"type":"rating"})"),
            (Rejection{Reject::malformed, "customer"}));
}

TEST(Decoder, LimitsCountBytesNotCharacters) {
  std::string longest;  // 85 characters of 3 bytes and one of 1
  for (int i = 0; i < 85; ++i) longest += "买";
  longest += 'x';
  Decoder decoder;
  EXPECT_TRUE(decoder.event(message(R"(,"agent":")" + longest + '"')));

  EXPECT_EQ(rejection_of(message(R"(,"agent":")" + longest + R"(x")")),
            (Rejection{Reject::bad_id, "agent"}));
}

TEST(Decoder, FindsControlCharactersWhereverTheyStand) {
  // Raw and escaped, at each place of an id, so that no shortcut by blocks misses one.
  for (const std::string_view control : {"\\u0000", "\\u001f", "\\n", "\\u007f", "\x7f", "\\u0080",
                                         "\xc2\x80", "\xc2\x9f", "\\u009f"})
    for (std::size_t before = 0; before < 70; ++before) {
      const std::string id = std::string(before, 'i') + std::string(control) + "i";
      EXPECT_EQ(rejection_of(message(R"(,"id":")" + id + '"')), (Rejection{Reject::bad_id, "id"}))
          << control << " at " << before;
    }
}

TEST(Decoder, CharactersNextToTheControlCharactersArePartOfAnId) {
  Decoder decoder;

  const auto event = decoder.event(message(R"(,"id":" ~\u00a0\u00bf\u200b\"\\","agent":"©")"));

  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, " ~\u00a0\u00bf\u200b\"\\");
}

TEST(Decoder, TheWordsOfAMessageMayHoldAnything) {
  Decoder decoder;
  EXPECT_TRUE(
      decoder.event(message(R"(,"text":"\u0000\n\t\u0085)" + std::string(100'000, 'x') + '"')));
}

TEST(Decoder, ATextAtTheLimitIsReadAndOneByteMoreIsNot) {
  const std::string text = message("");
  Decoder at_limit({.max_bytes = text.size()});
  EXPECT_TRUE(at_limit.event(text));

  EXPECT_EQ(rejection_of(text, {.max_bytes = text.size() - 1}).reason, Reject::too_large);
}

TEST(Decoder, ATextOfADefaultLimitIsOneMebibyte) {
  std::string text = message("");
  text.resize(1 << 20, ' ');
  Decoder decoder;
  EXPECT_TRUE(decoder.event(text));

  text += ' ';
  EXPECT_EQ(rejection_of(text).reason, Reject::too_large);
}

TEST(Decoder, NestingUpToTheLimitIsRead) {
  Decoder decoder({.max_depth = 5});
  EXPECT_TRUE(decoder.event(message(R"(,"x":)" + nested(4))));

  EXPECT_EQ(rejection_of(message(R"(,"x":)" + nested(5)), {.max_depth = 5}).reason,
            Reject::too_deep);
}

TEST(Decoder, TheDepthLimitSurvivesALongerText) {
  const std::string long_text(100'000, 'x');
  EXPECT_EQ(rejection_of(message(R"(,"text":")" + long_text + R"(","x":)" + nested(32))).reason,
            Reject::too_deep);
}

TEST(Decoder, EndlessNestingIsRefusedWithoutHarm) {
  EXPECT_EQ(rejection_of(message(R"(,"x":)" + nested(400'000))).reason, Reject::too_deep);
}

TEST(Decoder, ReadsOnAfterARejectedText) {
  Decoder decoder({.max_bytes = 1000});
  EXPECT_FALSE(decoder.event("{"));
  EXPECT_FALSE(decoder.event(std::string(2000, '[')));
  EXPECT_FALSE(decoder.event(nested(40)));

  EXPECT_TRUE(decoder.event(message("")));
}

TEST(Decoder, ATextWithAPaddedTailIsReadWithoutItsTail) {
  // What stands in the tail would make the text another one, and its ids bad, if it were read.
  std::string buffer = message(R"(,"id":"m1")");
  const std::size_t size = buffer.size();
  buffer += std::string(Decoder::kPadding, '\\');
  Decoder decoder;

  const auto event = decoder.event(std::string_view(buffer).substr(0, size), Tail::padded);

  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, "m1");
}

TEST(Decoder, EventsDoNotPointIntoTheTextHandedIn) {
  std::string text = message(R"(,"id":"m1")");
  text.resize(text.size() + Decoder::kPadding);
  Decoder decoder;
  const auto event = decoder.event(
      std::string_view(text).substr(0, text.size() - Decoder::kPadding), Tail::padded);
  ASSERT_TRUE(event);

  text.assign(text.size(), '#');

  EXPECT_EQ(event->id, "m1");
  EXPECT_EQ(event->shop, "s");
}

TEST(PlainFrame, MayBeOneEvent) {
  Decoder decoder;

  const auto frame = decoder.plain_frame(message(R"(,"id":"m1")"));

  ASSERT_TRUE(frame);
  ASSERT_EQ(frame->size(), 1u);
  EXPECT_EQ((*frame)[0]->id, "m1");
}

TEST(PlainFrame, RejectsABadElementAlone) {
  Decoder decoder;

  const auto frame = decoder.plain_frame(
      "[" + message(R"(,"id":"m1")") + R"(,{"type":"close"},7,)" + message(R"(,"id":"m2")") + "]");

  ASSERT_TRUE(frame);
  ASSERT_EQ(frame->size(), 4u);
  EXPECT_EQ((*frame)[0]->id, "m1");
  EXPECT_EQ((*frame)[1].error(), (Rejection{Reject::malformed, "ts"}));
  EXPECT_EQ((*frame)[2].error(), (Rejection{Reject::not_object, ""}));
  EXPECT_EQ((*frame)[3]->id, "m2");
}

TEST(PlainFrame, MayBeAnEmptyArray) {
  Decoder decoder;

  const auto frame = decoder.plain_frame("[]");

  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->empty());
}

TEST(PlainFrame, OfAnythingElseIsRejectedOnce) {
  Decoder decoder;
  EXPECT_EQ(decoder.plain_frame("7").error().reason, Reject::not_object);
  EXPECT_EQ(decoder.plain_frame("[1").error().reason, Reject::not_json);
}

TEST(PlainFrame, HoldsThousandsOfEvents) {
  std::string text = "[";
  for (int i = 0; i < 5'000; ++i) {
    if (i > 0) text += ',';
    text += message(R"(,"id":")" + std::to_string(i) + '"');
  }
  text += ']';
  Decoder decoder;

  const auto frame = decoder.plain_frame(text);

  ASSERT_TRUE(frame);
  ASSERT_EQ(frame->size(), 5'000u);
  EXPECT_EQ(frame->front()->id, "0");
  EXPECT_EQ(frame->back()->id, "4999");
}

// What the shortest elements decode to is a hundred times their text, so bytes alone bound nothing.
TEST(PlainFrame, OfTooManyEventsIsRejectedWhole) {
  Decoder decoder({.max_events = 3});

  EXPECT_TRUE(decoder.plain_frame("[0,0,0]"));
  const auto frame = decoder.plain_frame("[0,0,0,0]");

  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error(), (Rejection{Reject::too_large, "events"}));
}

TEST(Reject, EveryReasonHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 0; i < kRejectCount; ++i) names.insert(reason_name(static_cast<Reject>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kRejectCount));
  EXPECT_EQ(reason_name(Reject::malformed), "malformed");
  EXPECT_EQ(reason_name(Reject::unknown_from), "unknown_from");
}

}  // namespace
}  // namespace deskpulse::proto
