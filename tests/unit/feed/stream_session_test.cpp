#include "daemon/feed/stream_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "tests/unit/feed/recording_listener.hpp"

namespace deskpulse::feed {
namespace {

using proto::Millis;
using proto::Tail;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Verdict = StreamSession::Verdict;

constexpr proto::Instant kNow{Millis{1'700'000'000'000}};

std::string event(const std::string& id) {
  return R"({"type":"close","id":")" + id + R"(","ts":1700000000000,"shop":"s","customer":"c"})";
}
std::string events(std::uint64_t seq, std::initializer_list<const char*> ids) {
  std::string list;
  for (const char* const id : ids) list += (list.empty() ? "" : ",") + event(id);
  return R"({"op":"events","seq":)" + std::to_string(seq) + R"(,"events":[)" + list + "]}";
}
std::string ready(const std::string& epoch, const std::string& resume, int floor, int head) {
  return R"({"op":"ready","epoch":")" + epoch + R"(","resume":")" + resume +
         R"(","heartbeat_ms":5000,"floor":)" + std::to_string(floor) + R"(,"head":)" +
         std::to_string(head) + "}";
}
std::string heartbeat(int head) {
  return R"({"op":"heartbeat","ts":1700000000000,"head":)" + std::to_string(head) + "}";
}
std::string bye(const std::string& code, bool resume) {
  return R"({"op":"bye","code":")" + code + R"(","resume":)" + (resume ? "true}" : "false}");
}

struct Probe : FeedProbe {
  void connected(std::string_view resume) override { log.push_back(std::string(resume)); }
  void disconnected(intake::Disconnect reason, std::string_view) override {
    log.push_back("disconnected " + std::string(intake::disconnect_name(reason)));
  }
  void gap(intake::GapKind) override { log.push_back("gap"); }
  std::vector<std::string> log;
};

class StreamSessionTest : public testing::Test {
 protected:
  StreamSession make() {
    StreamSession session(settings);
    session.listen(&listener, &probe);
    return session;
  }
  StreamSession make_plain() {
    settings.protocol = Protocol::plain;
    return make();
  }
  Verdict say(StreamSession& session, const std::string& text) {
    return session.message(text, Tail::unknown, kNow);
  }
  /// What the listener has been told since the last time.
  std::vector<std::string> told() { return std::exchange(listener.log, {}); }

  StreamSettings settings;
  RecordingListener listener;
  Probe probe;
};

// --- deskpulse.v1

TEST_F(StreamSessionTest, SaysHelloAndIsReadyWhenItIsAnswered) {
  StreamSession session = make();

  EXPECT_EQ(session.opened(kNow), R"({"op":"hello","consumer":"deskpulse"})");
  EXPECT_FALSE(session.is_ready());
  EXPECT_THAT(told(), IsEmpty());

  EXPECT_EQ(say(session, ready("k", "live", 1, 0)), Verdict::go_on);
  EXPECT_TRUE(session.is_ready());
  EXPECT_EQ(session.silence_limit(), Millis{11'000});
  EXPECT_THAT(told(), ElementsAre("connected", "gap live_start"));
  EXPECT_THAT(probe.log, ElementsAre("live", "gap"));
}

TEST_F(StreamSessionTest, GoesOnBehindTheLastEventThatItHas) {
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "live", 1, 0));
  say(session, events(1, {"a", "b"}));
  session.disconnected(intake::Disconnect::connection_lost);
  EXPECT_THAT(told(), ElementsAre("connected", "gap live_start", "event a", "event b",
                                  "disconnected connection_lost"));

  EXPECT_THAT(session.opened(kNow), HasSubstr(R"("epoch":"k","after":2)"));
  say(session, ready("k", "ok", 1, 3));
  say(session, events(2, {"b", "c"}));

  EXPECT_THAT(told(), ElementsAre("connected", "event c"));
  EXPECT_EQ(session.already_seen(), 1u);
  EXPECT_EQ(session.cursor(), (Cursor{"k", 3}));
}

TEST_F(StreamSessionTest, GoesOnWhereAnEarlierRunHadGot) {
  settings.resume_from = Cursor{"k", 7};
  StreamSession session = make();
  EXPECT_EQ(session.cursor(), (Cursor{"k", 7}));

  EXPECT_THAT(session.opened(kNow), HasSubstr(R"("epoch":"k","after":7)"));
  say(session, ready("k", "ok", 1, 8));
  say(session, events(8, {"h"}));

  EXPECT_THAT(told(), ElementsAre("connected", "event h"));
}

TEST_F(StreamSessionTest, SaysOnceThatItHasWhatTheServerHadWhenItBecameReady) {
  settings.resume_from = Cursor{"k", 2};
  StreamSession session = make();
  session.opened(kNow);

  say(session, ready("k", "ok", 1, 5));
  say(session, events(3, {"c", "d"}));
  EXPECT_EQ(listener.times_caught_up, 0);
  say(session, events(5, {"e"}));
  EXPECT_EQ(listener.times_caught_up, 1);
  say(session, events(6, {"f"}));
  EXPECT_EQ(listener.times_caught_up, 1);

  session.disconnected(intake::Disconnect::connection_lost);
  session.opened(kNow);
  say(session, ready("k", "ok", 1, 6));
  EXPECT_EQ(listener.times_caught_up, 2);
}

TEST_F(StreamSessionTest, AsksForAllThereIsWhenAnEarlierRunLeftNoPlace) {
  settings.has_history = true;
  StreamSession session = make();

  EXPECT_EQ(session.opened(kNow), R"({"op":"hello","consumer":"deskpulse","after":0})");
  say(session, ready("k", "ok", 1, 8));

  EXPECT_THAT(told(), ElementsAre("connected", "gap resume"));
}

TEST_F(StreamSessionTest, WhatTheServerNoLongerHasIsAGap) {
  const struct {
    std::string answer;
    const char* gap;
  } cases[] = {{ready("k", "gap", 9, 12), "gap resume"},
               {ready("m", "reset", 1, 12), "gap reset"},
               {ready("m", "ok", 1, 12), "gap reset"},
               {ready("k", "ok", 1, 3), "gap reset"}};
  settings.resume_from = Cursor{"k", 7};
  for (const auto& each : cases) {
    StreamSession session = make();
    session.opened(kNow);
    say(session, each.answer);

    EXPECT_THAT(told(), ElementsAre("connected", each.gap)) << each.answer;
  }
}

TEST_F(StreamSessionTest, AHoleIsAGapAndABadEventKeepsItsPlace) {
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "live", 1, 0));
  told();

  say(session, events(1, {"a"}));
  say(session, R"({"op":"events","seq":3,"events":[)" + event("c") + ",{}," + event("e") + "]}");
  say(session, events(6, {"f"}));

  EXPECT_THAT(told(), ElementsAre("event a", "gap hole", "event c", "rejected malformed", "event e",
                                  "event f"));
}

TEST_F(StreamSessionTest, AFrameThatCannotBeReadIsCountedAndTheStreamGoesOn) {
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "live", 1, 0));
  told();

  EXPECT_EQ(say(session, "{nonsense"), Verdict::not_json);
  EXPECT_THAT(told(), IsEmpty()) << "the WebSocket has not judged it yet";
  session.not_json();
  EXPECT_EQ(say(session, "[]"), Verdict::go_on);
  EXPECT_EQ(say(session, R"({"op":"dance"})"), Verdict::go_on);
  EXPECT_EQ(say(session, events(1, {"a"})), Verdict::go_on);

  EXPECT_THAT(told(), ElementsAre("rejected not_json", "rejected not_object", "rejected unknown_op",
                                  "event a"));
}

TEST_F(StreamSessionTest, AHeartbeatCarriesTimeOnlyOnceEverythingIsHere) {
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "live", 1, 0));
  told();

  say(session, heartbeat(1));
  say(session, events(1, {"a"}));
  say(session, heartbeat(1));

  EXPECT_THAT(told(), ElementsAre("heartbeat behind", "event a", "heartbeat"));
}

TEST_F(StreamSessionTest, OnlyEventsAndHeartbeatsAreSignsOfLife) {
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "live", 1, 0));
  const std::uint64_t before = session.signs_of_life();

  say(session, R"({"op":"dance"})");
  say(session, "nonsense");
  session.pong(kNow);
  EXPECT_EQ(session.signs_of_life(), before);

  say(session, heartbeat(0));
  say(session, events(1, {"a"}));
  EXPECT_EQ(session.signs_of_life(), before + 2);
}

TEST_F(StreamSessionTest, ABrokenRuleEndsTheConnection) {
  const std::vector<std::vector<std::string>> cases{
      {heartbeat(1)},
      {events(1, {"a"})},
      {ready("k", "live", 1, 5), ready("k", "live", 1, 5)},
      {ready("k", "live", 1, 5), heartbeat(4)},
      {ready("k", "live", 1, 5), events(18'446'744'073'709'551'615u, {"a"})}};
  for (const auto& messages : cases) {
    StreamSession session = make();
    session.opened(kNow);
    for (std::size_t i = 0; i + 1 < messages.size(); ++i) say(session, messages[i]);

    EXPECT_EQ(say(session, messages.back()), Verdict::end) << messages.back();
    EXPECT_EQ(session.ending().end.reason, intake::Disconnect::session_error);
    EXPECT_EQ(session.ending().close_code, 1002);
  }
}

// The goodbye may take seconds, and nothing comes meanwhile.
TEST_F(StreamSessionTest, IsNoLongerConnectedAsSoonAsItHasToEnd) {
  const struct {
    std::string last;
    const char* told;
  } cases[] = {{ready("k", "live", 1, 0), "disconnected session_error"},
               {bye("restart", true), "disconnected bye"}};
  for (const auto& each : cases) {
    StreamSession session = make();
    session.opened(kNow);
    say(session, ready("k", "live", 1, 0));
    told();

    ASSERT_EQ(say(session, each.last), Verdict::end);
    EXPECT_FALSE(session.is_ready());
    EXPECT_THAT(told(), ElementsAre(each.told));
    EXPECT_EQ(probe.log.back(), each.told);

    session.disconnected(session.ending().end.reason);
    EXPECT_THAT(told(), IsEmpty());
  }
}

TEST_F(StreamSessionTest, ByeKeepsThePlaceOrForgetsIt) {
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "live", 1, 0));
  say(session, events(1, {"a"}));

  EXPECT_EQ(say(session, bye("restart", true)), Verdict::end);
  EXPECT_EQ(session.ending().end.reason, intake::Disconnect::bye);
  EXPECT_EQ(session.ending().end.detail, "code restart");
  EXPECT_EQ(session.ending().close_code, 1000);
  session.disconnected(intake::Disconnect::bye);
  EXPECT_THAT(session.opened(kNow), HasSubstr(R"("after":1)"));
  say(session, ready("k", "ok", 1, 1));

  EXPECT_EQ(say(session, bye("too_old", false)), Verdict::end);
  session.disconnected(intake::Disconnect::bye);
  EXPECT_THAT(session.opened(kNow), Not(HasSubstr("epoch")));
  told();
  say(session, ready("k", "ok", 1, 1));
  EXPECT_THAT(told(), ElementsAre("connected", "gap resume"));
}

TEST_F(StreamSessionTest, ByeForTheTokenIsUnauthorized) {
  StreamSession session = make();
  session.opened(kNow);

  EXPECT_EQ(say(session, bye("auth", true)), Verdict::end);
  EXPECT_EQ(session.ending().end.reason, intake::Disconnect::unauthorized);
}

TEST_F(StreamSessionTest, AnAckIsForAServerThatWaitsForOne) {
  StreamSession session = make();
  EXPECT_EQ(session.ack(1), "");
  session.opened(kNow);
  EXPECT_EQ(session.ack(1), "");
  say(session, ready("k", "live", 1, 0));
  EXPECT_EQ(session.ack(1), R"({"op":"ack","seq":1})");
  session.disconnected(intake::Disconnect::silence);
  EXPECT_EQ(session.ack(1), "");
}

TEST_F(StreamSessionTest, AMessageThatIsTooLargeForEverIsPassedOver) {
  settings.resume_from = Cursor{"k", 3};
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "ok", 1, 9));
  session.disconnected(intake::Disconnect::message_too_large);

  EXPECT_THAT(told(), ElementsAre("connected", "rejected too_large",
                                  "disconnected message_too_large", "gap hole"));
  EXPECT_THAT(session.opened(kNow), HasSubstr(R"("after":4)"));
}

TEST_F(StreamSessionTest, AMessageThatThereIsNoMemoryForIsAHoleInThePositions) {
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "live", 1, 0));
  say(session, events(1, {"a"}));
  session.lost(kNow);
  say(session, events(3, {"c"}));

  EXPECT_THAT(told(), ElementsAre("connected", "gap live_start", "event a", "rejected no_memory",
                                  "gap hole", "event c"));
}

TEST_F(StreamSessionTest, AnAttemptThatFailedChangesNothing) {
  StreamSession session = make();
  session.disconnected(intake::Disconnect::refused);
  session.opened(kNow);
  session.disconnected(intake::Disconnect::handshake_timeout);

  EXPECT_THAT(told(), ElementsAre("disconnected refused", "disconnected handshake_timeout"));
  EXPECT_EQ(session.opened(kNow), R"({"op":"hello","consumer":"deskpulse"})");
}

// --- plain

TEST_F(StreamSessionTest, APlainStreamIsReadyAtOnceAndEveryDisconnectIsAGap) {
  StreamSession session = make_plain();
  for (int connection = 0; connection < 2; ++connection) {
    EXPECT_EQ(session.opened(kNow), "");
    EXPECT_TRUE(session.is_ready());
    EXPECT_EQ(session.silence_limit(), Millis{10'000});
    say(session, event("a"));
    say(session, "[" + event("b") + ",{}]");
    session.pong(kNow);
    session.disconnected(intake::Disconnect::closed_by_peer);
  }

  EXPECT_EQ(session.signs_of_life(), 6u);
  EXPECT_EQ(session.cursor(), std::nullopt);
  EXPECT_EQ(session.ack(1), "");
  EXPECT_THAT(told(),
              ElementsAre("connected", "gap live_start", "event a", "event b", "rejected malformed",
                          "heartbeat", "disconnected closed_by_peer", "gap disconnect",  //
                          "connected", "event a", "event b", "rejected malformed", "heartbeat",
                          "disconnected closed_by_peer", "gap disconnect"));
}

TEST_F(StreamSessionTest, AMessageOfAPlainStreamThatThereIsNoMemoryForIsAGap) {
  StreamSession session = make_plain();
  session.opened(kNow);
  say(session, event("a"));
  session.lost(kNow);
  say(session, event("b"));

  EXPECT_THAT(told(), ElementsAre("connected", "gap live_start", "event a", "rejected no_memory",
                                  "gap hole", "event b"));
}

TEST_F(StreamSessionTest, APlainStreamBehindAnEarlierRunBeginsWithAGap) {
  settings.has_history = true;
  StreamSession session = make_plain();
  session.disconnected(intake::Disconnect::refused);
  session.opened(kNow);

  EXPECT_THAT(told(), ElementsAre("disconnected refused", "connected", "gap disconnect"));
}

TEST_F(StreamSessionTest, APlainServersOwnHelloIsNoEvent) {
  StreamSession session = make_plain();
  session.opened(kNow);
  told();

  EXPECT_EQ(say(session, ready("k", "live", 1, 0)), Verdict::go_on);
  EXPECT_THAT(told(), ElementsAre("rejected malformed"));
}

// --- other settings

TEST_F(StreamSessionTest, OtherSettingsKeepThePlace) {
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "live", 1, 0));
  say(session, events(1, {"a"}));
  session.disconnected(intake::Disconnect::stopped);
  settings.consumer = "another";
  session.change(settings);

  EXPECT_EQ(session.opened(kNow), R"({"op":"hello","consumer":"another","epoch":"k","after":1})");
  EXPECT_THAT(told(), Not(Contains("gap disconnect")));
}

TEST_F(StreamSessionTest, AnotherSourceBeginsAnewBehindAGap) {
  settings.source = {.address = {1, 1}, .name = {}};
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "live", 1, 0));
  say(session, events(1, {"a"}));
  session.disconnected(intake::Disconnect::stopped);
  settings.source = {.address = {2, 2}, .name = {}};
  session.change(settings);
  told();

  EXPECT_EQ(session.opened(kNow), R"({"op":"hello","consumer":"deskpulse","after":0})");
  say(session, ready("k", "ok", 1, 1));
  say(session, events(1, {"b"}));
  EXPECT_THAT(told(), ElementsAre("connected", "gap reset", "event b"));
}

TEST_F(StreamSessionTest, AnotherWayToStartCountsUntilSomethingHasCome) {
  StreamSession session = make();
  session.opened(kNow);
  session.disconnected(intake::Disconnect::stopped);
  settings.start_at = StartAt::floor;
  session.change(settings);

  EXPECT_THAT(session.opened(kNow), HasSubstr(R"("after":0)"));
}

TEST_F(StreamSessionTest, LosingThePositionsIsAGapThoughNothingIsConnected) {
  StreamSession session = make();
  session.opened(kNow);
  say(session, ready("k", "live", 1, 0));
  session.disconnected(intake::Disconnect::connection_lost);
  told();
  settings.protocol = Protocol::plain;
  session.change(settings);
  session.opened(kNow);

  EXPECT_THAT(told(), ElementsAre("gap disconnect", "connected"));
}

TEST_F(StreamSessionTest, FromPlainToPositionsAllThatTheServerHasIsAskedFor) {
  StreamSession session = make_plain();
  session.opened(kNow);
  session.disconnected(intake::Disconnect::stopped);
  settings.protocol = Protocol::v1;
  session.change(settings);
  told();

  EXPECT_EQ(session.opened(kNow), R"({"op":"hello","consumer":"deskpulse","after":0})");
  say(session, ready("k", "ok", 1, 4));
  EXPECT_THAT(told(), ElementsAre("connected", "gap resume"));
}

}  // namespace
}  // namespace deskpulse::feed
