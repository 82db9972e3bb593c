#include "daemon/http/event_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/http/http_server.hpp"
#include "tests/unit/http/http_client.hpp"

namespace deskpulse::http {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

std::shared_ptr<const std::string> event(const std::string& data) {
  return std::make_shared<const std::string>("data: " + data + "\n\n");
}

/// A server with `/stream`, which refuses the query `unknown`. What it gives out is in `stream`.
class EventStreamTest : public testing::Test {
 protected:
  EventStreamTest() {
    settings.port = 0;
    routes.add_stream("/stream", [this](const Request& request, const StreamReply& reply) {
      if (request.query == "unknown") return reply.refuse(text_response(404, "No such shop.\n"));
      stream = reply.accept();
      stream->send(event("first"));
    });
    routes.add("/hello",
               [](const Request&, const Reply& reply) { reply(text_response(200, "hello")); });
    routes.add("/streams", [this](const Request&, const Reply& reply) {
      reply(text_response(200, std::to_string(server->counts().streams)));
    });
  }
  ~EventStreamTest() override {
    if (server) server->stop();
  }

  std::uint16_t start() {
    server.emplace(settings, routes);
    return server->start();
  }
  /// Runs `work` on the server's thread and gives what it returns.
  template <class Work>
  auto on_server(Work work) {
    std::promise<decltype(work())> result;
    server->poster()([&] { result.set_value(work()); });
    return result.get_future().get();
  }
  void send(const std::string& data) {
    on_server([&] {
      stream->send(event(data));
      return true;
    });
  }
  std::string streams(std::uint16_t port) { return HttpClient(port).get("/streams").body; }

  HttpSettings settings;
  Routes routes;
  std::optional<HttpServer> server;
  std::shared_ptr<EventStream> stream;  // only on the server's thread
};

TEST_F(EventStreamTest, EventsArriveOneByOne) {
  HttpClient client(start());

  const Answer head = client.open_stream("/stream");

  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(head.headers.at("cache-control"), "no-store");
  EXPECT_EQ(head.headers.count("content-length"), 0U);
  EXPECT_EQ(head.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(client.read_event(), "data: first");
  send("second");
  EXPECT_EQ(client.read_event(), "data: second");
}

TEST_F(EventStreamTest, AHandlerMayRefuseAndTheConnectionStays) {
  HttpClient client(start());

  const Answer answer = client.get("/stream?unknown");

  EXPECT_EQ(answer.status, 404U);
  EXPECT_EQ(answer.body, "No such shop.\n");
  EXPECT_EQ(client.get("/hello").status, 200U);
}

TEST_F(EventStreamTest, AHandlerMayAcceptLater) {
  routes.add_stream("/later", [this](const Request&, const StreamReply& reply) {
    server->after(milliseconds{1}, [reply] {
      reply.accept()->send(event("late"));
      EXPECT_TRUE(reply.accept()->is_ended());  // only once
    });
  });
  HttpClient client(start());

  EXPECT_EQ(client.open_stream("/later").status, 200U);
  EXPECT_EQ(client.read_event(), "data: late");
}

TEST_F(EventStreamTest, HeadGivesTheHeadAlone) {
  HttpClient client(start());

  ASSERT_TRUE(client.send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));

  EXPECT_EQ(client.read_answer(false).headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(client.read_event(), std::nullopt);
  EXPECT_TRUE(on_server([this] { return stream->is_ended(); }));
}

TEST_F(EventStreamTest, OtherMethodsAreRefused) {
  HttpClient client(start());

  ASSERT_TRUE(client.send("PUT /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));

  EXPECT_EQ(client.read_answer().status, 405U);
}

TEST_F(EventStreamTest, ASlowReaderGetsTheNewestEventAndNeverAQueue) {
  HttpClient client(start());
  ASSERT_EQ(client.open_stream("/stream").status, 200U);
  const std::string large(32U << 20U, 'x');  // more than the sockets hold

  on_server([&] {  // nothing is written meanwhile
    stream->send(event(large));
    for (int i = 0; i < 1000; ++i) stream->send(event(std::to_string(i)));
    return true;
  });

  EXPECT_EQ(client.read_event(), "data: first");
  std::string received = client.read_event().value_or("");
  if (received.size() > large.size()) received = client.read_event().value_or("");
  EXPECT_EQ(received, "data: 999");
}

TEST_F(EventStreamTest, AReaderThatDoesNotReadIsDropped) {
  settings.write_timeout = milliseconds{20};
  const std::uint16_t port = start();
  HttpClient client(port);
  ASSERT_EQ(client.open_stream("/stream").status, 200U);
  ASSERT_EQ(streams(port), "1");

  send(std::string(64U << 20U, 'x'));

  while (!on_server([this] { return stream->is_ended(); })) {
  }
  EXPECT_EQ(streams(port), "0");
}

TEST_F(EventStreamTest, SilenceIsFilledWithComments) {
  settings.comment_interval = milliseconds{5};
  HttpClient client(start());
  ASSERT_EQ(client.open_stream("/stream").status, 200U);

  EXPECT_EQ(client.read_event(), "data: first");
  EXPECT_EQ(client.read_event(), ":");
  EXPECT_EQ(client.read_event(), ":");
}

TEST_F(EventStreamTest, AReaderThatGoesIsNoticedWithoutAnEvent) {
  const std::uint16_t port = start();
  {
    HttpClient client(port);
    ASSERT_EQ(client.open_stream("/stream").status, 200U);
    ASSERT_EQ(streams(port), "1");
  }

  while (!on_server([this] { return stream->is_ended(); })) {
  }
  EXPECT_EQ(streams(port), "0");
  send("for nobody");
}

TEST_F(EventStreamTest, PagesOfOtherHostsAreRefused) {
  HttpClient client(start());

  const Answer foreign = client.get("/stream", "Origin: http://evil.example\r\n");
  const Answer opaque = client.get("/stream", "Origin: null\r\n");

  EXPECT_EQ(foreign.status, 403U);
  EXPECT_EQ(opaque.status, 403U);
  EXPECT_EQ(client.open_stream("/stream", "Origin: https://LOCALHOST\r\n").status, 200U);
}

TEST_F(EventStreamTest, StreamsLeaveRoomForThoseWhoOnlyAsk) {
  settings.max_connections = 4;
  const std::uint16_t port = start();
  HttpClient readers[] = {HttpClient(port), HttpClient(port), HttpClient(port)};
  for (HttpClient& reader : readers) ASSERT_EQ(reader.open_stream("/stream").status, 200U);
  HttpClient fourth(port);

  EXPECT_EQ(fourth.get("/stream").status, 503U);
  EXPECT_EQ(fourth.get("/hello").status, 200U);
}

TEST_F(EventStreamTest, SettingsThatChangeEndStreams) {
  HttpClient client(start());
  ASSERT_EQ(client.open_stream("/stream").status, 200U);
  AccessSettings access;
  access.allowed_hosts = {"*"};

  server->set_access(read_access(access));

  EXPECT_TRUE(client.is_ended());
  EXPECT_TRUE(on_server([this] { return stream->is_ended(); }));
}

TEST_F(EventStreamTest, SettingsThatChangeWhileAHandlerThinksMakeNoStream) {
  std::optional<StreamReply> kept;
  std::promise<void> was_asked;
  routes.add_stream("/later", [&](const Request&, const StreamReply& reply) {
    kept = reply;
    was_asked.set_value();
  });
  HttpClient client(start());
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  was_asked.get_future().wait();
  AccessSettings access;
  access.allowed_hosts = {"*"};

  server->set_access(read_access(access));

  ASSERT_TRUE(on_server([&] { return kept->accept()->is_ended(); }));
  EXPECT_TRUE(client.is_ended());
}

TEST_F(EventStreamTest, StopEndsStreamsAndTheHandlersPartOutlivesTheServer) {
  HttpClient client(start());
  ASSERT_EQ(client.open_stream("/stream").status, 200U);

  server.reset();

  EXPECT_TRUE(client.is_ended());
  EXPECT_TRUE(stream->is_ended());
  stream->send(event("too late"));
}

}  // namespace
}  // namespace deskpulse::http
