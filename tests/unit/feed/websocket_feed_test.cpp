#include "daemon/feed/websocket_feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <random>

#include "daemon/feed/name_resolver.hpp"
#include "tests/unit/feed/certificate.hpp"
#include "tests/unit/feed/recording_listener.hpp"
#include "tests/unit/feed/scripted_server.hpp"

namespace deskpulse::feed {
namespace {

using proto::Millis;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Log = std::vector<std::string>;
using Task = asio::awaitable<void>;

const std::string kLive =
    R"({"op":"ready","epoch":"k","resume":"live","floor":1,"head":0,"heartbeat_ms":60000})";
const std::string kOk =
    R"({"op":"ready","epoch":"k","resume":"ok","floor":1,"head":9,"heartbeat_ms":60000})";

std::string event(const std::string& id) {
  return R"({"type":"close","id":")" + id + R"(","ts":1700000000000,"shop":"s","customer":"c"})";
}
std::string many_events(int seq, const std::vector<std::string>& ids) {
  std::string list;
  for (const auto& id : ids) list += (list.empty() ? "" : ",") + event(id);
  return text(R"({"op":"events","seq":)" + std::to_string(seq) + R"(,"events":[)" + list + "]}");
}
/// A braced list inside a co_await expression is more than g++ 12 can take.
template <class... Ids>
std::string events(int seq, const Ids&... ids) {
  return many_events(seq, {std::string(ids)...});
}
std::string heartbeat(int head) {
  return text(R"({"op":"heartbeat","head":)" + std::to_string(head) + R"(,"ts":1700000000000})");
}

struct Probe : FeedProbe {
  void disconnected(intake::Disconnect, std::string_view detail) override {
    details.emplace_back(detail);
  }
  void reconnecting(Millis wait, int) override { waits.push_back(wait); }
  Log details;
  std::vector<Millis> waits;
};

class WebsocketFeedTest : public testing::Test {
 protected:
  WebsocketFeedTest() {
    settings.endpoint = {false, "127.0.0.1", server.port(), "/stream"};
    settings.backoff = {.base = Millis{1},
                        .cap = Millis{2},
                        .slow_base = Millis{3},
                        .slow_cap = Millis{3},
                        .healthy_after = Millis{5'000}};
  }
  /// The feed goes before the io_context, and the scripts that still wait with it.
  ~WebsocketFeedTest() override {
    feed.reset();
    server.stop();
  }

  void start() {
    server.start();
    feed = std::make_unique<WebsocketFeed>(
        io, settings, [] { return proto::Instant{Millis{1'700'000'000'000}}; },
        [] { return 0.999; }, probe, std::move(names));
    feed->start(listener);
  }
  /// Lets things happen until `reached`; false when they do not within minutes.
  bool until(const std::function<bool()>& reached) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(4);
    while (!reached() && std::chrono::steady_clock::now() < give_up) {
      io.run_one_for(std::chrono::seconds(1));
      if (io.stopped()) io.restart();
    }
    return reached();
  }
  bool until_logged(const std::string& entry, int times = 1) {
    return until(
        [&] { return std::count(listener.log.begin(), listener.log.end(), entry) >= times; });
  }
  void run(const std::string& entry, int times = 1) {
    start();
    EXPECT_TRUE(until_logged(entry, times)) << testing::PrintToString(listener.log);
  }
  void run_plain(const std::string& entry, int times = 1) {
    settings.protocol = Protocol::plain;
    run(entry, times);
  }

  asio::io_context io;
  ScriptedServer server{io};
  WebsocketSettings settings;
  RecordingListener listener;
  std::shared_ptr<Probe> probe = std::make_shared<Probe>();
  std::shared_ptr<NameResolver> names;  ///< null: the system's
  std::unique_ptr<WebsocketFeed> feed;
};

// --- deskpulse.v1

TEST_F(WebsocketFeedTest, StartsLiveAndDeliversEventsInOrder) {
  std::string hello;
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    hello = peer.hello;
    co_await peer.send(events(1, "a") + events(2, "b", "c"));
    co_await peer.wait_for_the_end();
  });
  run("event c");

  EXPECT_THAT(listener.log,
              ElementsAre("connected", "gap live_start", "event a", "event b", "event c"));
  EXPECT_EQ(hello, R"({"op":"hello","consumer":"deskpulse"})");
  EXPECT_EQ(feed->cursor(), (Cursor{"k", 3}));
}

TEST_F(WebsocketFeedTest, ResumesBehindWhatItHas) {
  std::string hello;
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(events(1, "a", "b"));
    peer.drop();
  });
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kOk);
    hello = peer.hello;
    co_await peer.send(events(2, "b", "c"));
    co_await peer.wait_for_the_end();
  });
  run("event c");

  EXPECT_THAT(hello, HasSubstr(R"("epoch":"k","after":2)"));
  EXPECT_THAT(listener.log, ElementsAre("connected", "gap live_start", "event a", "event b",
                                        "disconnected dropped_by_peer", "connected", "event c"));
  EXPECT_EQ(feed->already_seen(), 1u);
}

TEST_F(WebsocketFeedTest, AResumeThatCameTooLateIsAGap) {
  settings.resume_from = Cursor{"k", 3};
  server.then([](Peer& peer) -> Task {
    co_await peer.open(
        R"({"op":"ready","epoch":"k","resume":"gap","floor":7,"head":9,"heartbeat_ms":60000})");
    co_await peer.send(events(7, "a"));
    co_await peer.wait_for_the_end();
  });
  run("event a");

  EXPECT_THAT(listener.log, ElementsAre("connected", "gap resume", "event a"));
}

TEST_F(WebsocketFeedTest, ANewEpochIsAGap) {
  settings.resume_from = Cursor{"k", 3};
  server.then([](Peer& peer) -> Task {
    co_await peer.open(
        R"({"op":"ready","epoch":"m","resume":"reset","floor":1,"head":1,"heartbeat_ms":60000})");
    co_await peer.send(events(1, "a"));
    co_await peer.wait_for_the_end();
  });
  run("event a");

  EXPECT_THAT(listener.log, ElementsAre("connected", "gap reset", "event a"));
  EXPECT_EQ(feed->cursor(), (Cursor{"m", 1}));
}

TEST_F(WebsocketFeedTest, AHoleInThePositionsIsAGap) {
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(events(1, "a") + events(3, "c"));
    co_await peer.wait_for_the_end();
  });
  run("event c");

  EXPECT_THAT(listener.log,
              ElementsAre("connected", "gap live_start", "event a", "gap hole", "event c"));
}

TEST_F(WebsocketFeedTest, ABadEventKeepsItsPlace) {
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(
        text(R"({"op":"events","seq":1,"events":[)" + event("a") + R"(,{},)" + event("c") + "]}") +
        events(4, "d"));
    co_await peer.wait_for_the_end();
  });
  run("event d");

  EXPECT_THAT(listener.log, ElementsAre("connected", "gap live_start", "event a",
                                        "rejected malformed", "event c", "event d"));
}

TEST_F(WebsocketFeedTest, AFrameThatIsNoJsonIsCountedAndTheStreamGoesOn) {
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(text("{nonsense") + text(R"({"op":"dance"})") + frame(2, "binary") +
                       events(1, "a"));
    co_await peer.wait_for_the_end();
  });
  run("event a");

  EXPECT_THAT(listener.log, ElementsAre("connected", "gap live_start", "rejected not_json",
                                        "rejected unknown_op", "rejected not_json", "event a"));
}

TEST_F(WebsocketFeedTest, AHeartbeatCarriesTimeOnlyOnceEverythingIsHere) {
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(heartbeat(1) + events(1, "a") + heartbeat(1));
    co_await peer.wait_for_the_end();
  });
  run("heartbeat");

  EXPECT_THAT(listener.log, ElementsAre("connected", "gap live_start", "heartbeat behind",
                                        "event a", "heartbeat"));
}

TEST_F(WebsocketFeedTest, ByeEndsTheConnectionWithACloseFrameAndThePositionStays) {
  std::string hello;
  int closed = 0;
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(events(1, "a") + text(R"({"op":"bye","code":"restart","resume":true})"));
    co_await peer.receive();
    closed = peer.opcode;
    co_await peer.send(frame(8, "\x03\xe8"));
  });
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kOk);
    hello = peer.hello;
    co_await peer.wait_for_the_end();
  });
  run("connected", 2);

  EXPECT_EQ(closed, 8);
  EXPECT_THAT(hello, HasSubstr(R"("after":1)"));
  EXPECT_THAT(listener.log, Contains("disconnected bye"));
}

TEST_F(WebsocketFeedTest, ByeWithoutResumeForgetsThePosition) {
  std::string hello;
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(events(1, "a") + text(R"({"op":"bye","code":"too_old","resume":false})"));
    co_await peer.receive();
  });
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kOk);
    hello = peer.hello;
    co_await peer.wait_for_the_end();
  });
  run("gap resume");

  EXPECT_THAT(hello, Not(HasSubstr("epoch")));
}

TEST_F(WebsocketFeedTest, ByeForTheTokenUsesTheSlowBackOff) {
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(text(R"({"op":"bye","code":"auth","resume":true})"));
    co_await peer.receive();
  });
  run("disconnected unauthorized");
  until([&] { return !probe->waits.empty(); });

  EXPECT_EQ(probe->waits.at(0), Millis{2});  // 0.999 of 3
}

TEST_F(WebsocketFeedTest, AServerThatAgreesToNoSubprotocolIsLeft) {
  server.then([](Peer& peer) -> Task {
    co_await peer.upgrade("");
    co_await peer.receive();
  });
  run("disconnected wrong_subprotocol");
}

TEST_F(WebsocketFeedTest, ASessionThatBreaksItsRulesIsEnded) {
  server.then([](Peer& peer) -> Task {
    co_await peer.upgrade();
    co_await peer.send(heartbeat(1));
    co_await peer.receive();
    co_await peer.wait_for_the_end();
  });
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(text(kLive));
    co_await peer.wait_for_the_end();
  });
  settings.timeouts.close = Millis{20};
  run("disconnected session_error", 2);

  EXPECT_THAT(probe->details, ElementsAre("a frame before ready", "a second ready"));
}

TEST_F(WebsocketFeedTest, AnAckReachesTheServer) {
  std::vector<std::string> acks;
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(events(1, "a"));
    acks.push_back(co_await peer.receive());
    acks.push_back(co_await peer.receive());
    co_await peer.wait_for_the_end();
  });
  run("event a");
  feed->ack(1);
  feed->ack(2);  // while the first is on its way: only the newest waits
  feed->ack(3);

  EXPECT_TRUE(until([&] { return acks.size() == 2; }));
  EXPECT_THAT(acks, ElementsAre(R"({"op":"ack","seq":1})", R"({"op":"ack","seq":3})"));
}

TEST_F(WebsocketFeedTest, AnAckWithoutAConnectionIsDropped) {
  server.then([](Peer& peer) -> Task { co_await peer.wait_for_the_end(); });
  start();
  feed->ack(1);

  EXPECT_TRUE(until([&] { return server.connections == 1; }));
}

// --- plain

TEST_F(WebsocketFeedTest, APlainFeedTakesEventsOneOrManyAFrame) {
  server.then([](Peer& peer) -> Task {
    // In one piece with the handshake's answer: nothing may be lost between the two.
    co_await peer.upgrade("",
                          text(event("a")) + text("[" + event("b") + ",{}," + event("c") + "]"));
    co_await peer.wait_for_the_end();
  });
  run_plain("event c");

  EXPECT_THAT(listener.log, ElementsAre("connected", "gap live_start", "event a", "event b",
                                        "rejected malformed", "event c"));
  EXPECT_EQ(feed->cursor(), std::nullopt);
}

TEST_F(WebsocketFeedTest, EveryDisconnectOfAPlainFeedIsAGap) {
  server.then([](Peer& peer) -> Task {
    co_await peer.upgrade("");
    co_await peer.send(text(event("a")));
    peer.drop();
  });
  server.then([](Peer& peer) -> Task {
    co_await peer.upgrade("");
    co_await peer.wait_for_the_end();
  });
  run_plain("connected", 2);

  EXPECT_THAT(listener.log,
              ElementsAre("connected", "gap live_start", "event a", "disconnected dropped_by_peer",
                          "gap disconnect", "connected"));
}

TEST_F(WebsocketFeedTest, AnAnsweredPingKeepsAPlainFeedAlive) {
  settings.timeouts.ping_every = Millis{5};
  settings.timeouts.pong_within = Millis{2'000};
  server.then([](Peer& peer) -> Task {
    co_await peer.upgrade("");
    for (;;) {
      const std::string payload = co_await peer.receive();
      if (peer.opcode == 9) co_await peer.send(frame(10, payload));
    }
  });
  run_plain("heartbeat", 5);

  EXPECT_THAT(listener.log, Not(Contains(HasSubstr("disconnected"))));
}

// --- what a connection must survive

TEST_F(WebsocketFeedTest, PingsAreAnsweredAndFragmentsPutTogether) {
  std::string pong;
  const std::string whole = R"({"op":"events","seq":1,"events":[)" + event("a") + "]}";
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(frame(1, whole.substr(0, 10), false) + frame(9, "are you there") +
                       frame(0, whole.substr(10, 5), false) + frame(0, whole.substr(15)) +
                       events(2, "b"));
    pong = co_await peer.receive();
    co_await peer.wait_for_the_end();
  });
  run("event b");
  until([&] { return !pong.empty(); });

  EXPECT_EQ(pong, "are you there");
  EXPECT_THAT(listener.log, ElementsAre("connected", "gap live_start", "event a", "event b"));
}

TEST_F(WebsocketFeedTest, AMessageLargerThanTheReadBufferIsTaken) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5'000; ++i) ids.push_back("e" + std::to_string(i));
  ASSERT_GT(many_events(1, ids).size(), 300'000u);
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(many_events(1, ids) + events(5'001, "last"));
    co_await peer.wait_for_the_end();
  });
  run("event last");

  EXPECT_EQ(listener.log.size(), 5'003u);
}

TEST_F(WebsocketFeedTest, AMessageOverTheLimitEndsTheConnection) {
  settings.max_message_bytes = 2'000;
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(text(std::string(3'000, ' ')));
    co_await peer.wait_for_the_end();
  });
  run("disconnected message_too_large");

  EXPECT_THAT(listener.log, Contains("rejected too_large"));
  EXPECT_THAT(probe->details.at(0), HasSubstr("send smaller frames"));
}

TEST_F(WebsocketFeedTest, AMessageOverTheLimitIsPassedOverAndTheStreamGoesOn) {
  settings.max_message_bytes = 2'000;
  settings.resume_from = Cursor{"k", 3};
  const std::string ready =
      R"({"op":"ready","epoch":"k","resume":"ok","floor":1,"head":9,"heartbeat_ms":60000})";
  std::string hello;
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(ready);
    co_await peer.send(text(std::string(3'000, ' ')));
    co_await peer.wait_for_the_end();
  });
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(ready);
    hello = peer.hello;
    co_await peer.send(events(5, "b"));
    co_await peer.wait_for_the_end();
  });
  run("event b");

  EXPECT_THAT(hello, HasSubstr(R"("epoch":"k","after":4)"));
  EXPECT_THAT(listener.log, Contains("gap hole"));
}

TEST_F(WebsocketFeedTest, FramesOfEveryKindInPiecesOfEverySizeArriveInOrder) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::string bytes;
    Log expected{"connected", "gap live_start"};
    for (int seq = 1; seq <= 600; ++seq) {
      const std::string id = "e" + std::to_string(seq) + std::string(random() % 100, 'x');
      expected.push_back("event " + id);
      const std::string whole =
          R"({"op":"events","seq":)" + std::to_string(seq) + R"(,"events":[)" + event(id) + "]}";
      switch (random() % 8) {
        case 0: {
          const std::size_t cut = random() % whole.size();
          bytes += frame(1, whole.substr(0, cut), false);
          if (random() % 2 == 0) bytes += frame(9, "ping");
          if (random() % 2 == 0) bytes += frame(0, "", false);
          bytes += frame(0, whole.substr(cut));
          break;
        }
        case 1:
          bytes += frame(10, "pong") + text(whole);
          break;
        case 2:
          bytes += text(whole + std::string(70'000, ' '));
          break;
        default:
          bytes += text(whole);
      }
    }
    ScriptedServer pieces(io);
    pieces.then([&](Peer& peer) -> Task {
      co_await peer.open(kLive);
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t size = 1 + random() % (random() % 4 == 0 ? 100'000 : 300);
        co_await peer.send(bytes.substr(at, size));
        at += size;
      }
      co_await peer.wait_for_the_end();
    });
    pieces.start();
    settings.endpoint.port = pieces.port();
    RecordingListener all;
    WebsocketFeed one(
        io, settings, [] { return proto::Instant{}; }, [] { return 0.5; });
    one.start(all);
    ASSERT_TRUE(until([&] { return all.log.size() >= expected.size(); }));
    ASSERT_EQ(all.log, expected);
  }
}

TEST_F(WebsocketFeedTest, OtherWorkGetsThroughWhileFramesPour) {
  std::string bytes;
  for (int seq = 1; seq <= 3'000; ++seq) bytes += events(seq, "e");
  bytes += events(3'001, "last");
  std::vector<std::size_t> seen;  // events so far, each time the other work ran
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(bytes);
    co_await peer.wait_for_the_end();
  });
  start();
  ASSERT_TRUE(until_logged("event e"));
  std::function<void()> other = [&] {
    seen.push_back(listener.log.size());
    if (listener.log.back() != "event last") asio::post(io, other);
  };
  asio::post(io, other);
  ASSERT_TRUE(until_logged("event last"));

  for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_LE(seen[i] - seen[i - 1], 1'000u);
}

// --- what ends a connection

TEST_F(WebsocketFeedTest, ASilentServerIsLeft) {
  server.then([](Peer& peer) -> Task {
    co_await peer.open(
        R"({"op":"ready","epoch":"k","resume":"live","floor":1,"head":0,"heartbeat_ms":10})");
    co_await peer.wait_for_the_end();
  });
  settings.timeouts.heartbeat_grace = Millis{10};
  run("disconnected silence");
}

TEST_F(WebsocketFeedTest, PingsOfTheServerAreNoHeartbeat) {
  server.then([](Peer& peer) -> Task {
    co_await peer.open(
        R"({"op":"ready","epoch":"k","resume":"live","floor":1,"head":0,"heartbeat_ms":10})");
    for (;;) {
      co_await peer.send(frame(9, ""));
      co_await peer.receive();
    }
  });
  settings.timeouts.heartbeat_grace = Millis{10};
  run("disconnected silence");
}

TEST_F(WebsocketFeedTest, APlainServerThatAnswersNoPingIsLeft) {
  settings.timeouts.ping_every = Millis{5};
  settings.timeouts.pong_within = Millis{40};
  server.then([](Peer& peer) -> Task {
    co_await peer.upgrade("");
    co_await peer.wait_for_the_end();
  });
  run_plain("disconnected silence");
}

TEST_F(WebsocketFeedTest, AMessageThatDripsIsCutOff) {
  settings.timeouts.message = Millis{60};
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    asio::steady_timer timer(io);
    for (const char c : events(1, std::string(200, 'a')).substr(0, 300)) {
      co_await peer.send(std::string(1, c));
      timer.expires_after(Millis{2});
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_await peer.wait_for_the_end();
  });
  run("disconnected message_timeout");
}

TEST_F(WebsocketFeedTest, EndlessEmptyFragmentsAreCutOff) {
  settings.timeouts.message = Millis{60};
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(frame(1, "", false));
    asio::steady_timer timer(io);
    for (;;) {
      co_await peer.send(frame(0, "", false));
      timer.expires_after(Millis{1});
      co_await timer.async_wait(asio::use_awaitable);
    }
  });
  run("disconnected message_timeout");
}

TEST_F(WebsocketFeedTest, WholeMessagesOneAfterAnotherAreNotCutOff) {
  settings.timeouts.message = Millis{1'000};  // longer than a busy machine stands still
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    asio::steady_timer timer(io);
    // The end of each message comes with the beginning of the next, for longer than one may take.
    std::string rest;
    for (int seq = 1; seq <= 40; ++seq) {
      const std::string whole = events(seq, "e" + std::to_string(seq));
      co_await peer.send(rest + whole.substr(0, 20));
      rest = whole.substr(20);
      timer.expires_after(Millis{30});
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_await peer.send(rest);
    co_await peer.wait_for_the_end();
  });
  run("event e40");

  EXPECT_THAT(listener.log, Not(Contains(HasSubstr("disconnected"))));
}

TEST_F(WebsocketFeedTest, InvalidUtf8EndsTheConnectionThoughTheServerNeverCloses) {
  settings.timeouts.close = Millis{30};
  std::string reason;
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(text("\"\xff\xfe\""));
    reason = co_await peer.receive();
    for (;;) co_await peer.receive();
  });
  run("disconnected bad_utf8");

  EXPECT_EQ(reason.substr(0, 2), "\x03\xef");  // 1007
}

TEST_F(WebsocketFeedTest, FramesThatBreakTheRulesEndTheConnection) {
  const std::vector<std::string> broken{
      std::string("\x81\x80\x00\x00\x00\x00", 6),                   // masked
      std::string("\xc1\x00", 2),                                   // a reserved bit
      std::string("\x83\x00", 2),                                   // an unknown kind
      std::string("\x81\x7e\x00\x01x", 5),                          // a length in the longer form
      std::string("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10),  // 2^64 - 1 bytes
      std::string("\x80\x00", 2),                                   // a fragment of nothing
      std::string("\x09\x00", 2),                                   // a ping in fragments
  };
  settings.timeouts.close = Millis{30};
  for (const std::string& bytes : broken) {
    server.then([bytes](Peer& peer) -> Task {
      co_await peer.open(kLive);
      co_await peer.send(bytes);
      co_await peer.wait_for_the_end();
    });
  }
  start();
  const auto ended = [&] {
    return std::count_if(listener.log.begin(), listener.log.end(), [](const std::string& entry) {
      return entry == "disconnected protocol_error" || entry == "disconnected message_too_large";
    });
  };

  EXPECT_TRUE(until([&] { return ended() >= static_cast<std::ptrdiff_t>(broken.size()); }))
      << testing::PrintToString(listener.log);
}

TEST_F(WebsocketFeedTest, AServerThatAcceptsAndClosesIsNotAskedInABusyLoop) {
  settings.backoff = {.base = Millis{1},
                      .cap = Millis{64},
                      .slow_base = Millis{1},
                      .slow_cap = Millis{1},
                      .healthy_after = Millis{60'000}};
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    peer.drop();
  });
  run("disconnected dropped_by_peer", 6);

  probe->waits.resize(5);
  EXPECT_THAT(probe->waits, ElementsAre(Millis{1}, Millis{1}, Millis{3}, Millis{7}, Millis{15}));
}

TEST_F(WebsocketFeedTest, ATokenThatIsRefusedIsUnauthorized) {
  for (const char* status : {"401 Unauthorized", "403 Forbidden"}) {
    server.then([status](Peer& peer) -> Task {
      co_await peer.read_request();
      co_await peer.send(std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 2\r\n\r\nno");
    });
  }
  run("disconnected unauthorized", 2);

  EXPECT_THAT(probe->details, ElementsAre("HTTP status 401", "HTTP status 403"));
}

TEST_F(WebsocketFeedTest, AnyOtherAnswerIsAHandshakeRejected) {
  server.then([](Peer& peer) -> Task {
    co_await peer.read_request();
    co_await peer.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
  });
  run("disconnected service_unavailable");

  EXPECT_THAT(probe->details, ElementsAre("HTTP status 503"));
}

TEST_F(WebsocketFeedTest, TheBodyOfAnAnswerIsNotWaitedFor) {
  settings.timeouts.handshake = Millis{3'600'000};
  for (const char* body : {"Content-Length: 1000", "Transfer-Encoding: chunked"}) {
    server.then([body](Peer& peer) -> Task {
      co_await peer.read_request();
      co_await peer.send(std::string("HTTP/1.1 503 Busy\r\n") + body + "\r\n\r\n0\r\n");
      co_await peer.wait_for_the_end();
    });
  }
  run("disconnected service_unavailable", 2);

  EXPECT_THAT(probe->details, ElementsAre("HTTP status 503", "HTTP status 503"));
}

TEST_F(WebsocketFeedTest, AServerThatNeverAnswersTheUpgradeOrTheHelloIsLeft) {
  settings.timeouts.handshake = Millis{40};
  server.then([](Peer& peer) -> Task { co_await peer.wait_for_the_end(); });
  server.then([](Peer& peer) -> Task {
    co_await peer.upgrade();
    co_await peer.wait_for_the_end();
  });
  run("disconnected handshake_timeout", 2);
}

TEST_F(WebsocketFeedTest, AClosedPortIsRefused) {
  server.stop();
  settings.endpoint.port = [this] {
    asio::ip::tcp::acceptor gone(io, {asio::ip::make_address("127.0.0.1"), 0});
    return std::to_string(gone.local_endpoint().port());
  }();
  run("disconnected refused");
}

TEST_F(WebsocketFeedTest, AHostWithoutAnAddressIsNotResolved) {
  settings.endpoint.host = "no such host";
  run("disconnected resolve_failed");
}

// --- names

/// A name server that answers when the test says so; the thread that waits for it may outlive the
/// test.
class SlowNames {
 public:
  SlowNames() { state_->answered = answer_.get_future().share(); }
  std::shared_ptr<NameResolver> resolver(asio::io_context& io) {
    return std::make_shared<NameResolver>(io, [state = state_](const NameResolver::Name&) {
      ++state->lookups;
      state->answered.wait();
      return NameResolver::Addresses{{}, "no such host"};
    });
  }
  ~SlowNames() { answer(); }
  void answer() {
    if (!std::exchange(has_answered_, true)) answer_.set_value();
  }
  int lookups() const { return state_->lookups; }

 private:
  struct State {
    std::shared_future<void> answered;
    std::atomic<int> lookups = 0;
  };
  std::promise<void> answer_;
  bool has_answered_ = false;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

TEST_F(WebsocketFeedTest, ANameServerThatDoesNotAnswerEndsAnAttemptAndIsAskedOnce) {
  SlowNames slow;
  names = slow.resolver(io);
  settings.endpoint.host = "stream.example";
  settings.timeouts.handshake = Millis{20};
  run("disconnected resolve_timeout", 3);

  EXPECT_TRUE(until([&] { return slow.lookups() > 0; }));
  EXPECT_EQ(slow.lookups(), 1);
  slow.answer();
  EXPECT_TRUE(until_logged("disconnected resolve_failed"));
}

TEST_F(WebsocketFeedTest, StoppingDoesNotWaitForANameServer) {
  SlowNames slow;
  names = slow.resolver(io);
  settings.endpoint.host = "stream.example";
  start();
  ASSERT_TRUE(until([&] { return slow.lookups() == 1; }));
  feed->stop();
  server.stop();
  io.restart();
  io.run();  // ends: nothing is left to do

  EXPECT_THAT(listener.log, ElementsAre("disconnected stopped"));
}

TEST_F(WebsocketFeedTest, OtherSettingsDoNotWaitForANameServer) {
  SlowNames slow;
  names = slow.resolver(io);
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.wait_for_the_end();
  });
  const WebsocketSettings good = settings;
  settings.endpoint.host = "stream.example";
  start();
  ASSERT_TRUE(until([&] { return slow.lookups() == 1; }));
  feed->change(good);

  EXPECT_TRUE(until_logged("connected"));
}

TEST_F(WebsocketFeedTest, AFeedMayGoWhileItsNameIsLookedUp) {
  SlowNames slow;
  names = slow.resolver(io);
  settings.endpoint.host = "stream.example";
  start();
  ASSERT_TRUE(until([&] { return slow.lookups() == 1; }));
  feed.reset();
  slow.answer();
  server.stop();
  io.restart();
  io.run();

  EXPECT_THAT(listener.log, testing::IsEmpty());
}

// --- no busy loop

TEST_F(WebsocketFeedTest, AServerThatSaysByeAtOnceIsAskedLessAndLess) {
  settings.backoff = {.base = Millis{1},
                      .cap = Millis{8},
                      .slow_base = Millis{1},
                      .slow_cap = Millis{1},
                      .healthy_after = Millis{60'000}};
  settings.timeouts.close = Millis{20};
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(text(R"({"op":"bye","code":"slow","resume":true})"));
    co_await peer.receive();
    co_await peer.send(frame(8, "\x03\xe8"));
  });
  run("disconnected bye", 6);

  probe->waits.resize(5);
  EXPECT_THAT(probe->waits, ElementsAre(Millis{1}, Millis{1}, Millis{3}, Millis{7}, Millis{7}));
}

// --- the request

TEST_F(WebsocketFeedTest, TheTokenIsReadAgainForEachConnection) {
  settings.token_file = testing::TempDir() + "feed_token_" + server.port();
  const auto write_token = [&](const char* token) { std::ofstream(settings.token_file) << token; };
  Log sent;
  server.then([&](Peer& peer) -> Task {
    co_await peer.read_request();
    sent.push_back(peer.header("Authorization"));
    write_token("second");
    peer.drop();
  });
  server.then([&](Peer& peer) -> Task {
    co_await peer.read_request();
    sent.push_back(peer.header("Authorization"));
    std::remove(settings.token_file.c_str());
    peer.drop();
  });
  write_token("first\n");
  run("disconnected token_unreadable", 2);

  EXPECT_THAT(sent, ElementsAre("Bearer first", "Bearer second"));
  EXPECT_EQ(probe->details.back(), "No such file or directory");
}

TEST_F(WebsocketFeedTest, ATokenFileThatIsEmptyOrHasTwoLinesIsNotUsed) {
  settings.token_file = testing::TempDir() + "feed_token_" + server.port();
  for (const char* token : {"\n", "one\ntwo\n"}) {
    std::ofstream(settings.token_file) << token;
    listener.log.clear();
    run("disconnected token_unreadable");
  }
  EXPECT_EQ(server.connections, 0);
  std::remove(settings.token_file.c_str());
}

TEST_F(WebsocketFeedTest, TheRequestNamesHostPortTargetAndSubprotocolAndNoCompression) {
  std::string request;
  server.then([&](Peer& peer) -> Task {
    co_await peer.read_request();
    request = peer.request;
    peer.drop();
  });
  run("disconnected dropped_by_peer");

  EXPECT_THAT(request, testing::StartsWith("GET /stream HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nHost: 127.0.0.1:" + server.port() + "\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nSec-WebSocket-Protocol: deskpulse.v1\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("Authorization")));
  EXPECT_THAT(request, Not(HasSubstr("permessage-deflate")));
}

TEST_F(WebsocketFeedTest, CompressionIsOfferedWhenAskedFor) {
  settings.permessage_deflate = true;
  std::string request;
  server.then([&](Peer& peer) -> Task {
    co_await peer.read_request();
    request = peer.request;
    peer.drop();
  });
  run("disconnected dropped_by_peer");

  EXPECT_THAT(request, HasSubstr("permessage-deflate"));
}

// --- stopping

TEST_F(WebsocketFeedTest, StoppingClosesTheWebSocketAndIsTheLastThingSaid) {
  int closed = 0;
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(events(1, "a"));
    co_await peer.receive();
    closed = peer.opcode;
    co_await peer.send(frame(8, "\x03\xe8"));
  });
  run("event a");
  feed->stop();

  EXPECT_TRUE(until_logged("disconnected stopped"));
  EXPECT_EQ(closed, 8);
  EXPECT_EQ(listener.log.back(), "disconnected stopped");
  server.stop();
  io.run();  // and nothing is left to do
}

TEST_F(WebsocketFeedTest, StoppingDoesNotWaitForAServerThatNeverAnswers) {
  settings.timeouts.close = Millis{20};
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(events(1, "a"));
    co_await peer.wait_for_the_end();
  });
  run("event a");
  feed->stop();

  EXPECT_TRUE(until_logged("disconnected stopped"));
}

TEST_F(WebsocketFeedTest, StoppingWhileBeastReadsAPieceOfAMessage) {
  settings.timeouts.close = Millis{20};
  bool sent = false;
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(frame(1, "half", false));
    co_await peer.send(frame(9, "ping"));
    co_await peer.receive();
    sent = true;
    co_await peer.wait_for_the_end();
  });
  start();
  ASSERT_TRUE(until([&] { return sent; }));
  feed->stop();

  EXPECT_TRUE(until_logged("disconnected stopped"));
}

TEST_F(WebsocketFeedTest, StoppingAtAnyStepWhileBeastReadsOneMessageAfterTheOther) {
  settings.timeouts.close = Millis{5};
  std::string many;
  for (int i = 0; i < 100; ++i) many += frame(2, "binary");
  for (int steps = 0; steps < 60; ++steps) {
    SCOPED_TRACE(steps);
    server.then([&](Peer& peer) -> Task {
      co_await peer.open(kLive);
      co_await peer.send(many);
      co_await peer.wait_for_the_end();
    });
    listener.log.clear();
    run("connected");
    for (int i = 0; i < steps; ++i) io.run_one_for(std::chrono::seconds(1));
    feed->stop();

    ASSERT_TRUE(until_logged("disconnected stopped"));
  }
}

TEST_F(WebsocketFeedTest, StoppingDuringTheHandshakeAndDuringAPause) {
  server.then([](Peer& peer) -> Task { co_await peer.wait_for_the_end(); });
  start();
  ASSERT_TRUE(until([&] { return server.connections == 1; }));
  feed->stop();
  EXPECT_TRUE(until_logged("disconnected stopped"));

  listener.log.clear();
  server.stop();
  settings.backoff.base = settings.backoff.cap = Millis{3'600'000};
  feed = std::make_unique<WebsocketFeed>(
      io, settings, [] { return proto::Instant{}; }, [] { return 0.999; }, probe);
  feed->start(listener);
  ASSERT_TRUE(until_logged("disconnected refused"));
  feed->stop();
  EXPECT_TRUE(until_logged("disconnected stopped"));
}

TEST_F(WebsocketFeedTest, StoppingFromWithinACallDoesNotWaitForThePause) {
  struct StopsAtOnce : RecordingListener {
    void disconnected(intake::Disconnect reason) override {
      RecordingListener::disconnected(reason);
      if (reason != intake::Disconnect::stopped) feed->stop();
    }
    WebsocketFeed* feed = nullptr;
  };
  settings.token_file = "/nowhere";
  settings.backoff.base = settings.backoff.cap = std::chrono::hours(1);
  StopsAtOnce stops;
  WebsocketFeed one(
      io, settings, [] { return proto::Instant{}; }, [] { return 0.999; });
  stops.feed = &one;
  one.start(stops);

  EXPECT_TRUE(until([&] { return stops.log.size() == 2; }));
  EXPECT_THAT(stops.log, ElementsAre("disconnected token_unreadable", "disconnected stopped"));
}

// --- other settings

Task answer_close(Peer& peer) {
  co_await peer.receive();
  co_await peer.send(frame(8, "\x03\xe8"));
}

TEST_F(WebsocketFeedTest, OtherSettingsConnectAgainAtTheSamePosition) {
  std::vector<std::string> hellos;
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kLive);
    hellos.push_back(peer.hello);
    co_await peer.send(events(1, "a"));
    co_await answer_close(peer);
  });
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(kOk);
    hellos.push_back(peer.hello);
    co_await peer.send(events(2, "b"));
    co_await peer.wait_for_the_end();
  });
  run("event a");

  settings.consumer = "another";
  feed->change(settings);

  EXPECT_TRUE(until_logged("event b"));
  EXPECT_THAT(listener.log, ElementsAre("connected", "gap live_start", "event a",
                                        "disconnected stopped", "connected", "event b"));
  ASSERT_EQ(hellos.size(), 2u);
  EXPECT_THAT(hellos[1], HasSubstr("\"another\""));
  EXPECT_THAT(hellos[1], HasSubstr("\"epoch\":\"k\",\"after\":1"));
  EXPECT_THAT(probe->waits, testing::IsEmpty());
}

TEST_F(WebsocketFeedTest, OtherSettingsEndAPauseAndAHandshake) {
  ScriptedServer other{io};
  other.then([](Peer& peer) -> Task {  // never answers
    co_await peer.read_request();
    co_await peer.wait_for_the_end();
  });
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(events(1, "a"));
    co_await peer.wait_for_the_end();
  });
  other.start();
  const WebsocketSettings good = settings;
  settings.token_file = "/nowhere";  // so that it pauses at once, for very long
  settings.backoff.base = settings.backoff.cap = std::chrono::hours(1);
  start();
  ASSERT_TRUE(until([&] { return !probe->waits.empty(); }));

  WebsocketSettings silent = good;
  silent.endpoint.port = other.port();
  feed->change(silent);
  ASSERT_TRUE(until([&] { return other.connections == 1; }));
  feed->change(good);

  EXPECT_TRUE(until_logged("event a")) << testing::PrintToString(listener.log);
  other.stop();
}

TEST_F(WebsocketFeedTest, OtherSettingsOfAPlainFeedAreAGap) {
  const auto plain = [](std::string id) {
    return [id = std::move(id)](Peer& peer) -> Task {
      co_await peer.upgrade("", text(event(id)));
      co_await peer.wait_for_the_end();
    };
  };
  settings.timeouts.close = Millis{20};
  server.then(plain("a"));
  server.then(plain("b"));
  run_plain("event a");

  feed->change(settings);

  EXPECT_TRUE(until_logged("event b"));
  EXPECT_THAT(listener.log,
              ElementsAre("connected", "gap live_start", "event a", "disconnected stopped",
                          "gap disconnect", "connected", "event b"));
}

TEST_F(WebsocketFeedTest, FromPositionsToPlainIsAGapAndBackIsOne) {
  settings.timeouts.close = Millis{20};
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(events(1, "a"));
    co_await answer_close(peer);
  });
  server.then([](Peer& peer) -> Task {
    co_await peer.upgrade("", text(event("b")));
    co_await peer.wait_for_the_end();
  });
  std::string hello;
  server.then([&](Peer& peer) -> Task {
    co_await peer.open(
        R"({"op":"ready","epoch":"k","resume":"ok","floor":1,"head":9,"heartbeat_ms":60000})");
    hello = peer.hello;
    co_await peer.send(events(1, "c"));
    co_await peer.wait_for_the_end();
  });
  run("event a");

  settings.protocol = Protocol::plain;
  feed->change(settings);
  ASSERT_TRUE(until_logged("event b"));
  settings.protocol = Protocol::v1;
  feed->change(settings);

  EXPECT_TRUE(until_logged("event c"));
  EXPECT_EQ(std::count(listener.log.begin(), listener.log.end(), "gap disconnect"), 2);
  EXPECT_THAT(hello, Not(HasSubstr("\"after\":1")));
}

TEST_F(WebsocketFeedTest, StoppingWinsOverOtherSettings) {
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await answer_close(peer);
  });
  run("connected");

  feed->change(settings);
  feed->stop();
  feed->change(settings);

  EXPECT_TRUE(until_logged("disconnected stopped"));
  server.stop();
  io.restart();
  io.run();
  EXPECT_EQ(listener.log.back(), "disconnected stopped");
  EXPECT_EQ(std::count(listener.log.begin(), listener.log.end(), "connected"), 1);
}

TEST_F(WebsocketFeedTest, AFeedThatIsDestroyedSaysNothingMore) {
  server.then([](Peer& peer) -> Task {
    co_await peer.open(kLive);
    co_await peer.send(events(1, "a"));
    co_await peer.wait_for_the_end();
  });
  run("event a");
  const Log before = listener.log;
  feed.reset();
  server.stop();
  io.run();

  EXPECT_EQ(listener.log, before);
}

// --- TLS

class SecureFeedTest : public WebsocketFeedTest {
 protected:
  SecureFeedTest() {
    settings.endpoint = {true, "localhost", secure.port(), "/"};
    settings.ca_file = testing::TempDir() + "feed_ca_" + secure.port() + ".pem";
    SSL_CTX_set_tlsext_servername_callback(context.native_handle(), &note_server_name);
    SSL_CTX_set_tlsext_servername_arg(context.native_handle(), this);
    secure.then([this](Peer& peer) -> Task {
      co_await peer.secure();
      co_await peer.open(kLive);
      host = peer.header("Host");
      co_await peer.send(events(1, "a"));
      co_await peer.wait_for_the_end();
    });
  }
  ~SecureFeedTest() override {
    secure.stop();
    std::remove(settings.ca_file.c_str());
  }
  void serve(const Certificate& certificate) {
    certificate.use(context);
    certificate.write(settings.ca_file);
    secure.start();
  }
  static int note_server_name(SSL* session, int*, void* test) {
    const char* const name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    static_cast<SecureFeedTest*>(test)->server_name = name == nullptr ? "none" : name;
    return SSL_TLSEXT_ERR_OK;
  }

  asio::ssl::context context{asio::ssl::context::tls_server};
  ScriptedServer secure{io, &context};
  std::string host;
  std::string server_name;  ///< that the client asked for in TLS
};

TEST_F(SecureFeedTest, ATrustedCertificateWithTheRightNameIsAccepted) {
  serve(Certificate("localhost"));
  run("event a");

  EXPECT_EQ(host, "localhost:" + secure.port());
  EXPECT_EQ(server_name, "localhost");
}

TEST_F(SecureFeedTest, AnAddressIsNoServerNameAndMustBeInTheCertificate) {
  settings.endpoint.host = "127.0.0.1";
  serve(Certificate("localhost"));
  run("disconnected tls_wrong_name");

  EXPECT_EQ(server_name, "none");
}

TEST_F(SecureFeedTest, ACertificateForAnotherHostIsNot) {
  serve(Certificate("other.example"));
  run("disconnected tls_wrong_name");
}

TEST_F(SecureFeedTest, ACertificateWithTheNameInItsCommonNameOnlyIsNot) {
  serve(Certificate("localhost", Certificate::NameIn::common_name));
  run("disconnected tls_wrong_name");
}

TEST_F(SecureFeedTest, APatternStandsForAWholePartOfANameAndNotForSomeOfIt) {
  settings.endpoint.host = "chat1.shop.example";
  names = std::make_shared<NameResolver>(io, [](const NameResolver::Name& name) {
    return NameResolver::look_up_in_the_system({"127.0.0.1", name.port});
  });
  serve(Certificate("chat*.shop.example"));
  run("disconnected tls_wrong_name");

  Certificate whole("*.shop.example");
  whole.use(context);
  whole.write(settings.ca_file);
  EXPECT_TRUE(until_logged("event a"));
}

TEST_F(SecureFeedTest, ACertificateThatNobodyVouchesForIsNot) {
  serve(Certificate("localhost"));
  Certificate("localhost").write(settings.ca_file);
  run("disconnected tls_untrusted");
}

TEST_F(SecureFeedTest, ACaFileThatCannotBeReadHasItsOwnReason) {
  secure.start();
  settings.ca_file += ".none";
  run("disconnected ca_unreadable");

  EXPECT_THAT(probe->details.at(0), HasSubstr("No such file"));
}

TEST_F(SecureFeedTest, WaitsForNobodyWhoCouldWriteTheCaFile) {
  secure.start();
  settings.ca_file += ".pipe";
  ASSERT_EQ(::mkfifo(settings.ca_file.c_str(), 0600), 0);
  run("disconnected ca_unreadable");
  std::remove(settings.ca_file.c_str());

  EXPECT_THAT(probe->details.at(0), HasSubstr("it is a named pipe"));
}

TEST_F(SecureFeedTest, StoppingClosesASecureConnection) {
  serve(Certificate("localhost"));
  settings.timeouts.close = Millis{50};
  run("event a");
  feed->stop();

  EXPECT_TRUE(until_logged("disconnected stopped"));
}

TEST_F(SecureFeedTest, ServersOfOldTlsVersionsAreRefused) {
  serve(Certificate("localhost"));
  SSL_CTX_set_security_level(context.native_handle(), 0);
  SSL_CTX_set_max_proto_version(context.native_handle(), TLS1_1_VERSION);
  run("disconnected tls_version");
}

}  // namespace
}  // namespace deskpulse::feed
