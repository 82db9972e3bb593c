#include "daemon/store/journal_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/store/told_records.hpp"

namespace deskpulse::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

proto::Instant at(std::int64_t millis) { return proto::Instant{proto::Millis{millis}}; }

/// Keeps the event, its views made safe.
class OneEvent final : public JournalRecords {
 public:
  void accepted(const proto::Event& event_, const proto::CustomerKey& id_) override {
    event = event_;
    id = id_;
    for (std::string_view* const view :
         {&event.shop, &event.agent, &event.from_agent, &event.topic, &event.name, &event.group,
          &event.customer, &event.order, &event.id})
      *view = texts.emplace_back(*view);
  }
  void in_doubt() override {}
  void advanced(proto::Instant) override {}
  void heard(proto::Instant) override {}
  void gap(std::string_view) override {}
  void missed_until(proto::Instant) override {}
  void ended(const JournalMark&) override {}
  bool missing(std::uint64_t, std::uint64_t) override { return true; }

  proto::Event event;
  proto::CustomerKey id;
  std::deque<std::string> texts;
};

const proto::CustomerKey kId{0x0123456789abcdef, 0xfedcba9876543210};

/// One of each type, all its fields set.
std::vector<proto::Event> samples() {
  proto::Event common;
  common.ts = at(1'763'712'005'000);
  common.shop = "旗舰店 \"1\"";
  std::vector<proto::Event> events;
  const auto add = [&](proto::Type type, auto fill) {
    proto::Event event = common;
    event.type = type;
    fill(event);
    events.push_back(event);
  };
  const auto customer = [](proto::Event& e) { e.customer_key = {1, ~std::uint64_t{0}}; };
  add(proto::Type::message, [&](proto::Event& e) {
    customer(e);
    e.from = proto::From::automatic;
    e.kind = proto::Kind::card;
    e.agent = "xiaoli";
    e.topic = "到货\\时间";
  });
  add(proto::Type::message, [&](proto::Event& e) {
    customer(e);
    e.from = proto::From::unknown;
  });
  add(proto::Type::assign, [&](proto::Event& e) {
    customer(e);
    e.from_agent = "a";
  });
  add(proto::Type::close, customer);
  add(proto::Type::agent_status, [](proto::Event& e) {
    e.agent = "xiaoli";
    e.status = proto::Status::busy;
    e.capacity = 0;
    e.name = "小丽\n\t";
    e.group = "售后";
  });
  add(proto::Type::rating, [&](proto::Event& e) {
    customer(e);
    e.agent = "xiaoli";
    e.score = 5;
  });
  add(proto::Type::order, [&](proto::Event& e) {
    customer(e);
    e.order_key = {7, 8};
    e.order_status = proto::OrderStatus::refunded;
    e.amount_e4 = 1'299'001;
    e.items = 3;
  });
  add(proto::Type::unknown, [](proto::Event&) {});
  return events;
}

auto fields(const proto::Event& e) {
  return std::tuple(e.type, e.from, e.kind, e.status, e.order_status, e.score, e.ts, e.id, e.shop,
                    e.customer, e.customer_key, e.agent, e.from_agent, e.topic, e.name, e.group,
                    e.capacity, e.order, e.order_key, e.amount_e4, e.items);
}

TEST(JournalLine, EveryEventComesBackAsItWas) {
  LineParser parser;
  for (const proto::Event& event : samples()) {
    for (const proto::CustomerKey& id : {kId, proto::CustomerKey{}}) {
      std::string line;
      append_accepted(line, event, id);
      ASSERT_TRUE(line.ends_with('\n'));
      line.pop_back();

      OneEvent read;
      JournalMark mark;
      ASSERT_TRUE(parser.tell(line, read, mark)) << line;

      EXPECT_EQ(fields(read.event), fields(event)) << line;
      EXPECT_EQ(read.id, id) << line;
    }
  }
}

TEST(JournalLine, AnEventIsOneThatAnyReaderOfEventsTakes) {
  proto::Decoder decoder;
  for (const proto::Event& event : samples()) {
    std::string line;
    append_accepted(line, event, kId);

    const auto read = decoder.event(line);

    ASSERT_TRUE(read) << line;
    EXPECT_EQ(read->type, event.type);
    EXPECT_EQ(read->id, "0123456789abcdeffedcba9876543210");
  }
}

TEST(JournalLine, WhatIsNoEventIsACommentButTime) {
  std::string text;
  append_batch_begin(text, 17, KeyFingerprint{});
  append_heard(text, at(5));
  append_gap(text, "disconnect");
  append_missed(text, at(6));
  append_mark(text, {.cursor = JournalMark::Cursor{12, "k 3", {1, 2}, {}},
                     .counters = {{"connects", 3}, {"rejected.not_json", ~std::uint64_t{0}}}});

  EXPECT_EQ(text,
            "#batch 17 2 00000000000000000000000000000000\n#heard 5\n#gap disconnect\n"
            "#missed 6\n"
            "#position 12 00000000000000010000000000000002 00000000000000000000000000000000 k 3\n"
            "#counters connects=3 rejected.not_json=18446744073709551615\n");
}

TEST(JournalLine, TellsWhatWasWritten) {
  ToldRecords records;
  JournalMark mark;
  LineParser parser;
  std::string watermark;
  append_advanced(watermark, at(1'763'712'005'000), proto::Millis{1'000});
  watermark.pop_back();

  for (const std::string& line :
       {watermark, std::string("#heard 5"), std::string("#gap disconnect"),
        std::string("#missed 6"),
        std::string("#position 12 00000000000000010000000000000002 "
                    "00000000000000000000000000000003 k 3"),
        std::string("#counters connects=3 rejected.not_json=18446744073709551615")})
    EXPECT_TRUE(parser.tell(line, records, mark)) << line;

  EXPECT_THAT(records.told,
              ElementsAre("advanced 1763712005000", "heard 5", "gap disconnect", "missed 6"));
  EXPECT_EQ(mark.cursor, (JournalMark::Cursor{12, "k 3", {1, 2}, {0, 3}}));
  EXPECT_THAT(mark.counters,
              ElementsAre(JournalMark::Counter{"connects", 3},
                          JournalMark::Counter{"rejected.not_json", ~std::uint64_t{0}}));
}

TEST(JournalLine, OfFormat1TheyHaveNoLabelsAndNoSource) {
  ToldRecords records;
  JournalMark mark;
  LineParser parser;

  EXPECT_TRUE(parser.tell("#cursor 12 k 3", records, mark));
  EXPECT_TRUE(parser.tell("#counters 0 3", records, mark));

  EXPECT_EQ(mark.cursor, (JournalMark::Cursor{12, "k 3"}));
  EXPECT_THAT(mark.counters, ElementsAre(JournalMark::Counter{"", 0}, JournalMark::Counter{"", 3}));
}

TEST(JournalLine, WhatMakesNoSenseIsNotTold) {
  ToldRecords records;
  JournalMark mark;
  LineParser parser;
  for (
      const char* const line :
      {"",
       "#",
       "#heard",
       "#heard x",
       "#heard -1",
       "#heard 99999999999999999999",
       "#heard 253402300800000",
       "#cursor 1",
       "#cursor x k",
       "#counters 1 x",
       "#counters a=",
       "#counters a=1=2",
       "#position 1 k",
       "#position 1 00000000000000000000000000000000 k",
       "#position 1 00000000000000000000000000000000 0000000000000000000000000000000x k",
       "#position 1 00000000000000000000000000000000 00000000000000000000000000000000",
       "#tomorrow 1",
       "nonsense",
       R"({"type":"watermark","ts":2,"shop":"deskpulse","watermark":x})",
       R"({"type":"watermark","ts":2,"shop":"deskpulse"})",
       R"({"type":"close","ts":2,"shop":"s","customer":"in the clear"})",
       R"({"type":"close","ts":2,"shop":"s","customer":"00000000000000000000000000000000"})",
       R"({"type":"close","id":"7","ts":2,"shop":"s","customer":"00000000000000000000000000000000"})"})
    EXPECT_FALSE(parser.tell(line, records, mark)) << line;

  EXPECT_THAT(records.told, IsEmpty());
}

TEST(JournalLine, AnEpochIsNoLongerThanAnId) {
  ToldRecords records;
  JournalMark mark;
  LineParser parser;

  EXPECT_TRUE(parser.tell("#cursor 7 " + std::string(256, 'e'), records, mark));
  EXPECT_EQ(mark.cursor, (JournalMark::Cursor{7, std::string(256, 'e')}));
  EXPECT_FALSE(parser.tell("#cursor 8 " + std::string(257, 'e'), records, mark));
  EXPECT_EQ(mark.cursor->seq, 7U);
}

TEST(JournalLine, ABatchSaysWhoseItIs) {
  const KeyFingerprint key{std::byte{0xab}, std::byte{0x01}};
  std::string line;
  append_batch_begin(line, 17, key);
  line.pop_back();

  const auto begin = parse_batch_begin(line);

  ASSERT_TRUE(begin);
  EXPECT_EQ(begin->number, 17U);
  EXPECT_EQ(begin->format, kJournalFormat);
  EXPECT_EQ(begin->key, key_text(key));
  for (const char* const wrong : {"", "#batch", "#batch 0 1 x", "#batch x 1 x", "#batch 1 x", "{}"})
    EXPECT_FALSE(parse_batch_begin(wrong)) << wrong;
}

}  // namespace
}  // namespace deskpulse::store
