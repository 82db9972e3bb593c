#include "proto/session.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "proto/decoder.hpp"

namespace deskpulse::proto {
namespace {

constexpr std::uint64_t kLastSeq = std::numeric_limits<std::uint64_t>::max();

template <class Frame>
std::string text_of(const Frame& frame) {
  std::string out;
  append_frame(out, frame);
  return out;
}

/// Encodes, decodes as the receiver does, and expects the same frame.
template <class Frame>
void expect_same_after_the_wire(const Frame& frame) {
  Decoder decoder;
  const std::string text = text_of(frame);
  if constexpr (std::is_same_v<Frame, Hello> || std::is_same_v<Frame, Ack>) {
    const auto decoded = decoder.client_frame(text);
    ASSERT_TRUE(decoded) << text;
    ASSERT_TRUE(std::holds_alternative<Frame>(*decoded)) << text;
    EXPECT_EQ(std::get<Frame>(*decoded), frame) << text;
  } else {
    const auto decoded = decoder.server_frame(text);
    ASSERT_TRUE(decoded) << text;
    ASSERT_TRUE(std::holds_alternative<Frame>(*decoded)) << text;
    EXPECT_EQ(std::get<Frame>(*decoded), frame) << text;
  }
}

Rejection server_rejects(std::string_view text) {
  Decoder decoder;
  const auto frame = decoder.server_frame(text);
  EXPECT_FALSE(frame) << text;
  return frame ? Rejection{} : frame.error();
}

Rejection client_rejects(std::string_view text) {
  Decoder decoder;
  const auto frame = decoder.client_frame(text);
  EXPECT_FALSE(frame) << text;
  return frame ? Rejection{} : frame.error();
}

TEST(Session, AFrameOfTooManyEventsIsRejectedWhole) {
  Decoder decoder({.max_events = 1});

  EXPECT_TRUE(decoder.server_frame(R"({"op":"events","seq":1,"events":[7]})"));
  const auto frame = decoder.server_frame(R"({"op":"events","seq":1,"events":[7,7]})");

  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error(), (Rejection{Reject::too_large, "events"}));
}

TEST(Session, HelloReadsAsItWasWritten) {
  expect_same_after_the_wire(Hello{.consumer = "wall-1", .position = {}});
  expect_same_after_the_wire(Hello{.consumer = "墙 \"1\"", .position = Position{"", 0}});
  expect_same_after_the_wire(Hello{.consumer = "w", .position = Position{"k3", 0}});
  expect_same_after_the_wire(Hello{.consumer = "w", .position = Position{"k3", kLastSeq}});
}

TEST(Session, HelloIsWrittenAsTheProtocolShowsIt) {
  EXPECT_EQ(text_of(Hello{.consumer = "wall-1", .position = {}}),
            R"({"op":"hello","consumer":"wall-1"})");
  EXPECT_EQ(text_of(Hello{.consumer = "wall-1", .position = Position{"", 0}}),
            R"({"op":"hello","consumer":"wall-1","after":0})");
  EXPECT_EQ(text_of(Hello{.consumer = "wall-1", .position = Position{"k3", 12345}}),
            R"({"op":"hello","consumer":"wall-1","epoch":"k3","after":12345})");
}

TEST(Session, AckReadsAsItWasWritten) { expect_same_after_the_wire(Ack{kLastSeq}); }

TEST(Session, ReadyReadsAsItWasWritten) {
  for (const Resume resume : {Resume::ok, Resume::gap, Resume::reset, Resume::live})
    for (const std::optional<Instant> ts :
         {std::optional<Instant>(), std::optional(Instant{Millis{1'700'000'000'000}})})
      expect_same_after_the_wire(Ready{.epoch = "k3",
                                       .resume = resume,
                                       .floor = 9000,
                                       .head = kLastSeq,
                                       .heartbeat = Millis{5000},
                                       .ts = ts});
}

TEST(Session, HeartbeatReadsAsItWasWritten) {
  expect_same_after_the_wire(Heartbeat{.head = 12399, .ts = Instant{Millis{1'700'000'000'000}}});
}

TEST(Session, ByeReadsAsItWasWritten) {
  for (const ByeCode code :
       {ByeCode::slow, ByeCode::restart, ByeCode::auth, ByeCode::too_old, ByeCode::other})
    for (const bool resume : {false, true})
      expect_same_after_the_wire(Bye{.code = code, .resume = resume});
}

TEST(Session, AByeWithACodeOfTheFutureIsStillABye) {
  Decoder decoder;

  const auto frame = decoder.server_frame(R"({"op":"bye","code":"maintenance","resume":true})");

  ASSERT_TRUE(frame);
  EXPECT_EQ(std::get<Bye>(*frame), (Bye{ByeCode::other, true}));
}

TEST(Session, EventsReadAsTheyWereWritten) {
  const std::vector<std::string_view> events{
      R"({"type":"close","id":"1","ts":1,"shop":"s","customer":"c"})",
      R"({"type":"close","id":"2","ts":2,"shop":"s","customer":"c"})"};
  std::string text;
  append_events_frame(text, kLastSeq - 1, events);
  Decoder decoder;

  const auto frame = decoder.server_frame(text);

  ASSERT_TRUE(frame) << text;
  const Events& decoded = std::get<Events>(*frame);
  EXPECT_EQ(decoded.seq, kLastSeq - 1);
  ASSERT_EQ(decoded.events.size(), 2u);
  EXPECT_EQ(decoded.events[0]->id, "1");
  EXPECT_EQ(decoded.events[1]->id, "2");
}

TEST(Session, ABadEventKeepsItsPlaceAmongTheOthers) {
  Decoder decoder;

  const auto frame = decoder.server_frame(
      R"({"op":"events","seq":7,"events":[{"type":"close","ts":1,"shop":"s","customer":"a"},)"
      R"({"type":"close","ts":0,"shop":"s","customer":"b"},)"
      R"({"type":"close","ts":3,"shop":"s","customer":"c"}]})");

  ASSERT_TRUE(frame);
  const Events& events = std::get<Events>(*frame);
  EXPECT_EQ(events.seq, 7u);
  ASSERT_EQ(events.events.size(), 3u);
  EXPECT_EQ(events.events[0]->customer, "a");
  EXPECT_EQ(events.events[1].error(), (Rejection{Reject::bad_time, "ts"}));
  EXPECT_EQ(events.events[2]->customer, "c");
}

TEST(Session, EventsWhosePositionsWouldOverflowAreRejected) {
  EXPECT_EQ(server_rejects(R"({"op":"events","seq":18446744073709551615,"events":[{},{}]})"),
            (Rejection{Reject::bad_value, "seq"}));
}

TEST(Session, AFrameWithAnOpOfTheFutureIsTold) {
  EXPECT_EQ(server_rejects(R"({"op":"weather"})"), (Rejection{Reject::unknown_op, "op"}));
  EXPECT_EQ(client_rejects(R"({"op":"weather"})"), (Rejection{Reject::unknown_op, "op"}));
}

TEST(Session, FramesOfTheOtherSideAreUnknown) {
  EXPECT_EQ(server_rejects(R"({"op":"ack","seq":1})").reason, Reject::unknown_op);
  EXPECT_EQ(client_rejects(R"({"op":"heartbeat","head":1,"ts":1})").reason, Reject::unknown_op);
}

TEST(Session, IgnoresFieldsItDoesNotKnow) {
  Decoder decoder;
  EXPECT_TRUE(decoder.server_frame(R"({"op":"heartbeat","x":[],"head":1,"ts":1})"));
}

TEST(Session, BadServerFramesAreRejectedForTheirFirstMistake) {
  EXPECT_EQ(server_rejects("[]").reason, Reject::not_object);
  EXPECT_EQ(server_rejects("{}"), (Rejection{Reject::malformed, "op"}));
  EXPECT_EQ(server_rejects(R"({"op":7})"), (Rejection{Reject::malformed, "op"}));
  EXPECT_EQ(server_rejects(R"({"op":"events","events":[]})"),
            (Rejection{Reject::malformed, "seq"}));
  EXPECT_EQ(server_rejects(R"({"op":"events","seq":0,"events":[]})"),
            (Rejection{Reject::bad_value, "seq"}));
  EXPECT_EQ(server_rejects(R"({"op":"events","seq":1.0,"events":[]})"),
            (Rejection{Reject::bad_value, "seq"}));
  EXPECT_EQ(server_rejects(R"({"op":"events","seq":"1","events":[]})"),
            (Rejection{Reject::malformed, "seq"}));
  EXPECT_EQ(server_rejects(R"({"op":"events","seq":1,"events":{}})"),
            (Rejection{Reject::malformed, "events"}));
  EXPECT_EQ(server_rejects(R"({"op":"heartbeat","head":-1,"ts":1})"),
            (Rejection{Reject::bad_value, "head"}));
  EXPECT_EQ(server_rejects(R"({"op":"heartbeat","head":1,"ts":0})"),
            (Rejection{Reject::bad_time, "ts"}));
  EXPECT_EQ(server_rejects(
                R"({"op":"ready","epoch":"","resume":"ok","floor":1,"head":1,"heartbeat_ms":1})"),
            (Rejection{Reject::bad_id, "epoch"}));
  EXPECT_EQ(server_rejects(
                R"({"op":"ready","epoch":"k","resume":"no","floor":1,"head":1,"heartbeat_ms":1})"),
            (Rejection{Reject::bad_value, "resume"}));
  EXPECT_EQ(server_rejects(
                R"({"op":"ready","epoch":"k","resume":"ok","floor":1,"head":1,"heartbeat_ms":0})"),
            (Rejection{Reject::bad_value, "heartbeat_ms"}));
  EXPECT_EQ(server_rejects(R"({"op":"ready","epoch":"k","resume":"ok","floor":1,"head":1,)"
                           R"("heartbeat_ms":600001})"),
            (Rejection{Reject::bad_value, "heartbeat_ms"}));
  EXPECT_EQ(server_rejects(R"({"op":"bye","resume":true})"),
            (Rejection{Reject::malformed, "code"}));
  EXPECT_EQ(server_rejects(R"({"op":"bye","code":"slow","resume":1})"),
            (Rejection{Reject::malformed, "resume"}));
}

TEST(Session, BadClientFramesAreRejectedForTheirFirstMistake) {
  EXPECT_EQ(client_rejects(R"({"op":"hello"})"), (Rejection{Reject::malformed, "consumer"}));
  EXPECT_EQ(client_rejects(R"({"op":"hello","consumer":""})"),
            (Rejection{Reject::bad_id, "consumer"}));
  EXPECT_EQ(client_rejects(R"({"op":"hello","consumer":"w","epoch":"k"})"),
            (Rejection{Reject::malformed, "after"}));
  EXPECT_EQ(client_rejects(R"({"op":"hello","consumer":"w","after":1})"),
            (Rejection{Reject::bad_value, "after"}));
  EXPECT_EQ(client_rejects(R"({"op":"ack"})"), (Rejection{Reject::malformed, "seq"}));
  EXPECT_EQ(client_rejects(R"({"op":"ack","seq":18446744073709551616})").reason, Reject::not_json);
}

}  // namespace
}  // namespace deskpulse::proto
