#include "daemon/simulator/stream_server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <string>
#include <thread>

#include "proto/decoder.hpp"
#include "proto/session.hpp"

namespace deskpulse::simulator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using proto::Resume;

/// A client that waits for one frame at a time. A server that says nothing hangs the test, which
/// CTest's time-out then ends.
class TestClient {
 public:
  explicit TestClient(std::uint16_t port, const std::string& token = "",
                      const std::string& protocol = "deskpulse.v1", int receive_buffer = 0)
      : ws_(io_) {
    auto& socket = ws_.next_layer();
    socket.open(tcp::v4());
    if (receive_buffer) socket.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
    socket.connect({asio::ip::make_address("127.0.0.1"), port});
    ws_.set_option(websocket::stream_base::decorator([=](websocket::request_type& request) {
      if (!token.empty()) request.set(beast::http::field::authorization, "Bearer " + token);
      if (!protocol.empty()) request.set(beast::http::field::sec_websocket_protocol, protocol);
    }));
    ws_.handshake(response_, "127.0.0.1", "/", error_);
  }

  error_code error() const { return error_; }
  unsigned http_status() const { return response_.result_int(); }
  std::string granted() const {
    return std::string(response_[beast::http::field::sec_websocket_protocol]);
  }

  void send(const std::string& frame) { ws_.write(asio::buffer(frame), error_); }
  void hello(std::optional<proto::Position> position = std::nullopt) {
    std::string frame;
    proto::append_frame(frame, proto::Hello{"test", position});
    send(frame);
  }
  /// The next frame as text; empty when the connection has ended.
  std::string receive() {
    in_.consume(in_.size());
    ws_.read(in_, error_);
    return error_ ? std::string() : beast::buffers_to_string(in_.cdata());
  }
  websocket::close_reason why_closed() const { return ws_.reason(); }
  void skip_heartbeats(std::string& frame) {
    while (frame.find("\"heartbeat\"") != std::string::npos) frame = receive();
  }

 private:
  asio::io_context io_;
  websocket::stream<tcp::socket> ws_;
  websocket::response_type response_;
  beast::flat_buffer in_;
  error_code error_;
};

std::string event(int n, std::size_t padding = 0) {
  return R"({"type":"close","id":"e)" + std::to_string(n) + R"(","ts":1762772400000,"shop":"s",)" +
         R"("customer":"c","text":")" + std::string(padding, 'x') + "\"}";
}

std::vector<std::string> events(int from, int to, std::size_t padding = 0) {
  std::vector<std::string> list;
  for (int n = from; n <= to; ++n) list.push_back(event(n, padding));
  return list;
}

constexpr proto::Instant kStreamTime{proto::Millis(1'762'772'400'000)};

StreamServerOptions options_with(std::size_t backlog = 100, std::size_t batch = 1) {
  StreamServerOptions options;
  options.backlog = backlog;
  options.batch = batch;
  options.heartbeat = proto::Millis(60'000);  // none comes in a test that does not ask for one
  options.stream_time = [] { return kStreamTime; };
  return options;
}

std::string events_frame(std::uint64_t seq, const std::vector<std::string>& list) {
  const std::vector<std::string_view> views(list.begin(), list.end());
  std::string frame;
  proto::append_events_frame(frame, seq, views);
  return frame;
}

std::string ready_frame(const proto::Ready& ready) {
  std::string frame;
  proto::append_frame(frame, ready);
  return frame;
}

proto::Ready ready(Resume resume, std::uint64_t floor, std::uint64_t head,
                   std::string_view epoch = "k1") {
  return {epoch, resume, floor, head, proto::Millis(60'000), kStreamTime};
}

const std::string kByeRestart = R"({"op":"bye","code":"restart","resume":true})";

TEST(StreamServer, GrantsTheSubprotocolAndStartsLive) {
  StreamServer server(options_with());
  server.publish(events(1, 5));
  TestClient client(server.port());
  ASSERT_FALSE(client.error());
  EXPECT_EQ(client.granted(), "deskpulse.v1");

  client.hello();
  EXPECT_EQ(client.receive(), ready_frame(ready(Resume::live, 1, 5)));
  server.publish(events(6, 6));
  EXPECT_EQ(client.receive(), events_frame(6, events(6, 6)));
}

TEST(StreamServer, ServesItsPastFromTheFloor) {
  StreamServerOptions options = options_with(3);
  options.past = events(1, 4);
  StreamServer server(options);
  server.publish(events(5, 5));
  TestClient client(server.port());

  client.hello(proto::Position{"", 0});
  EXPECT_EQ(client.receive(), ready_frame(ready(Resume::ok, 3, 5)));
  EXPECT_EQ(client.receive(), events_frame(3, events(3, 3)));
  EXPECT_EQ(client.receive(), events_frame(4, events(4, 4)));
  EXPECT_EQ(client.receive(), events_frame(5, events(5, 5)));
}

TEST(StreamServer, ResumesWhereAClientWasAfterADroppedConnection) {
  StreamServer server(options_with());
  {
    TestClient client(server.port());
    client.hello();
    client.receive();
    server.publish(events(1, 2));
    EXPECT_EQ(client.receive(), events_frame(1, events(1, 1)));
    EXPECT_EQ(client.receive(), events_frame(2, events(2, 2)));
    server.go_down();
    EXPECT_EQ(client.receive(), "");
    EXPECT_NE(client.error(), websocket::error::closed) << "it said goodbye";
  }
  EXPECT_TRUE(TestClient(server.port()).error()) << "it is down";
  server.publish(events(3, 4));
  server.come_up();

  TestClient again(server.port());
  again.hello(proto::Position{"k1", 2});
  EXPECT_EQ(again.receive(), ready_frame(ready(Resume::ok, 1, 4)));
  EXPECT_EQ(again.receive(), events_frame(3, events(3, 3)));
  EXPECT_EQ(again.receive(), events_frame(4, events(4, 4)));
}

TEST(StreamServer, TellsAGapWhenThePositionHasLeftTheBacklog) {
  StreamServer server(options_with(3));
  server.publish(events(1, 10));
  TestClient client(server.port());

  client.hello(proto::Position{"k1", 6});
  EXPECT_EQ(client.receive(), ready_frame(ready(Resume::gap, 8, 10)));
  EXPECT_EQ(client.receive(), events_frame(8, events(8, 8)));
}

TEST(StreamServer, RestartsWithANewEpochAfterSendingWhatWasPublished) {
  StreamServer server(options_with());
  TestClient client(server.port());
  client.hello();
  client.receive();
  server.publish(events(1, 2));
  server.restart("k2");

  EXPECT_EQ(client.receive(), events_frame(1, events(1, 1)));
  EXPECT_EQ(client.receive(), events_frame(2, events(2, 2)));
  EXPECT_EQ(client.receive(), kByeRestart);
  EXPECT_EQ(client.receive(), "");
  EXPECT_EQ(client.why_closed().code, websocket::close_code::service_restart);

  server.publish(events(3, 3));
  TestClient again(server.port());
  again.hello(proto::Position{"k1", 2});
  EXPECT_EQ(again.receive(), ready_frame(ready(Resume::reset, 1, 1, "k2")));
  EXPECT_EQ(again.receive(), events_frame(1, events(3, 3)));
}

TEST(StreamServer, SaysByeWhenItStops) {
  StreamServer server(options_with());
  TestClient client(server.port());
  client.hello();
  client.receive();
  server.publish(events(1, 1));
  std::thread stop([&] { server.stop(); });

  EXPECT_EQ(client.receive(), events_frame(1, events(1, 1)));
  EXPECT_EQ(client.receive(), kByeRestart);
  EXPECT_EQ(client.receive(), "");
  EXPECT_EQ(client.error(), websocket::error::closed);
  stop.join();
}

TEST(StreamServer, PutsAsManyEventsInAFrameAsAllowed) {
  StreamServer server(options_with(100, 3));
  server.publish(events(1, 7));
  TestClient client(server.port());

  client.hello(proto::Position{"k1", 0});
  client.receive();
  EXPECT_EQ(client.receive(), events_frame(1, events(1, 3)));
  EXPECT_EQ(client.receive(), events_frame(4, events(4, 6)));
  EXPECT_EQ(client.receive(), events_frame(7, events(7, 7)));
}

TEST(StreamServer, SendsHeartbeatsWhenNothingHappens) {
  StreamServerOptions options = options_with();
  options.heartbeat = proto::Millis(30);
  options.stream_time = [] { return proto::Instant{proto::Millis(1'762'772'400'123)}; };
  StreamServer server(options);
  server.publish(events(1, 2));
  TestClient client(server.port());

  client.hello();
  client.receive();
  EXPECT_EQ(client.receive(), R"({"op":"heartbeat","head":2,"ts":1762772400123})");
  EXPECT_EQ(client.receive(), R"({"op":"heartbeat","head":2,"ts":1762772400123})");
}

TEST(StreamServer, SendsAClientAwayThatReadsSlowerThanTheBacklogMoves) {
  StreamServer server(options_with(100));
  TestClient client(server.port(), "", "deskpulse.v1", 64 * 1024);
  client.hello();
  client.receive();

  // More than any socket buffer holds; published in the background, read only afterwards.
  for (int n = 1; n <= 20'000; n += 50) server.publish(events(n, n + 49, 2000));
  while (server.statistics().head < 20'000) std::this_thread::yield();

  std::uint64_t received = 0;
  std::string frame = client.receive();
  while (frame.find("\"events\"") != std::string::npos) {
    ++received;
    frame = client.receive();
  }
  EXPECT_EQ(frame, R"({"op":"bye","code":"slow","resume":true})");
  EXPECT_LT(received, 20'000u);
  EXPECT_EQ(client.receive(), "");

  TestClient again(server.port());
  again.hello(proto::Position{"k1", received});
  EXPECT_EQ(again.receive(), ready_frame(ready(Resume::gap, 19'901, 20'000)));
}

TEST(StreamServer, ServesEveryClientFromItsOwnPlace) {
  StreamServer server(options_with());
  server.publish(events(1, 2));
  TestClient early(server.port());
  early.hello(proto::Position{"k1", 0});
  TestClient late(server.port());
  late.hello();
  early.receive();
  late.receive();
  server.publish(events(3, 3));

  EXPECT_EQ(early.receive(), events_frame(1, events(1, 1)));
  EXPECT_EQ(early.receive(), events_frame(2, events(2, 2)));
  EXPECT_EQ(early.receive(), events_frame(3, events(3, 3)));
  EXPECT_EQ(late.receive(), events_frame(3, events(3, 3)));
}

TEST(StreamServer, WantsItsToken) {
  StreamServerOptions options = options_with();
  options.token = "secret";
  StreamServer server(options);

  EXPECT_EQ(TestClient(server.port()).http_status(), 401u);
  EXPECT_EQ(TestClient(server.port(), "wrong").http_status(), 401u);
  EXPECT_FALSE(TestClient(server.port(), "secret").error());
}

TEST(StreamServer, WantsTheSubprotocolByName) {
  StreamServer server(options_with());

  EXPECT_EQ(TestClient(server.port(), "", "").http_status(), 400u);
  EXPECT_EQ(TestClient(server.port(), "", "chat").http_status(), 400u);
  EXPECT_EQ(TestClient(server.port(), "", "chat, deskpulse.v1").granted(), "deskpulse.v1");
}

TEST(StreamServer, ClosesOnAnythingElseThanHello) {
  StreamServer server(options_with());
  for (const char* frame : {"nonsense", R"({"op":"ack","seq":1})", R"({"op":"dance"})"}) {
    TestClient client(server.port());
    client.send(frame);
    EXPECT_EQ(client.receive(), "");
    EXPECT_EQ(client.why_closed().code, websocket::close_code::policy_error) << frame;
  }
}

TEST(StreamServer, CountsWhatClientsAcknowledge) {
  StreamServerOptions options = options_with();
  options.heartbeat = proto::Millis(30);
  StreamServer server(options);
  server.publish(events(1, 3));
  TestClient client(server.port());
  client.hello();
  client.receive();
  client.send(R"({"op":"ack","seq":2})");
  client.send(R"({"op":"from a newer version"})");
  while (server.statistics().acked == 0) ASSERT_NE(client.receive(), "");

  EXPECT_EQ(server.statistics().acked, 2u);
  EXPECT_EQ(server.statistics().clients, 1u);
}

TEST(StreamServer, ForgetsWhatEveryConsumerHasAcknowledged) {
  StreamServerOptions options = options_with();
  options.heartbeat = proto::Millis(30);
  options.forget_acked = true;
  StreamServer server(options);
  server.publish(events(1, 9));
  const auto begin = [&server](TestClient& client, const std::string& consumer) {
    client.send(R"({"op":"hello","after":0,"consumer":")" + consumer + "\"}");
    return client.receive();
  };
  const auto acknowledge = [&server](TestClient& client, std::uint64_t seq) {
    client.send(R"({"op":"ack","seq":)" + std::to_string(seq) + "}");
    while (server.statistics().acked < seq) ASSERT_NE(client.receive(), "");
  };
  TestClient first(server.port());
  TestClient second(server.port());
  begin(first, "first");
  begin(second, "second");

  acknowledge(first, 4);
  TestClient before(server.port());
  EXPECT_NE(begin(before, "first").find(R"("floor":1,)"), std::string::npos);
  acknowledge(second, 7);
  TestClient after(server.port());
  EXPECT_NE(begin(after, "first").find(R"("floor":5,)"), std::string::npos);
}

TEST(StreamServer, SendsOnlyEventsWhenPlain) {
  StreamServerOptions options = options_with(100, 8);
  options.plain = true;
  StreamServer server(options);
  TestClient client(server.port(), "", "");
  ASSERT_FALSE(client.error());
  while (server.statistics().clients == 0) std::this_thread::yield();

  server.publish(events(1, 1));
  EXPECT_EQ(client.receive(), event(1));
  server.publish(events(2, 3));
  EXPECT_EQ(client.receive(), "[" + event(2) + "," + event(3) + "]");
}

TEST(StreamServer, FloodsAClientFromItsPositionAndThenHeartbeats) {
  std::string ndjson;
  constexpr int kEvents = 20'000;  // several of its large writes
  for (int n = 1; n <= kEvents; ++n) ndjson += event(n, n % 300) + "\n" + (n % 7 ? "" : "\n");
  StreamServerOptions options = options_with();
  options.heartbeat = proto::Millis(30);
  options.flood = std::make_shared<const Recording>(Recording::of_lines(ndjson));
  StreamServer server(options);
  const auto read_all = [&](TestClient& client, int from) {
    for (int n = from; n <= kEvents; ++n) {
      std::string frame = client.receive();
      client.skip_heartbeats(frame);
      ASSERT_EQ(frame, events_frame(n, {event(n, n % 300)}));
    }
    EXPECT_NE(client.receive().find(R"("op":"heartbeat","head":20000)"), std::string::npos);
  };

  TestClient live(server.port());
  live.hello();
  EXPECT_NE(live.receive().find(R"("resume":"live","floor":1,"head":0)"), std::string::npos);
  read_all(live, 1);
  TestClient resumed(server.port());
  resumed.hello(proto::Position{"k1", 15'000});
  EXPECT_NE(resumed.receive().find(R"("resume":"ok","floor":1,"head":20000)"), std::string::npos);
  read_all(resumed, 15'001);
  TestClient finished(server.port());
  finished.hello(proto::Position{"k1", kEvents});
  finished.receive();
  read_all(finished, kEvents + 1);
}

TEST(StreamServer, SaysWhoUsesThePortAlready) {
  StreamServer server(options_with());
  StreamServerOptions taken = options_with();
  taken.port = server.port();

  try {
    StreamServer second(taken);
    FAIL() << "it listens on a port that is in use";
  } catch (const ListenError& error) {
    EXPECT_EQ(std::string(error.what()),
              "Cannot listen on 127.0.0.1:" + std::to_string(server.port()) +
                  ": another program uses this port.");
  }
}

}  // namespace
}  // namespace deskpulse::simulator
