#include "daemon/http/http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <future>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "daemon/http/content_coding.hpp"
#include "tests/unit/http/http_client.hpp"
#include "tests/unit/http/no_threads.hpp"

namespace deskpulse::http {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

/// A server on a free port with one route that answers at once.
class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    settings.port = 0;
    routes.add("/hello", [](const Request& request, const Reply& reply) {
      reply(text_response(200, "hello " + request.query));
    });
  }

  std::uint16_t start() {
    server.emplace(settings, routes);
    return server->start();
  }

  /// Connections that the server has closed for this reason.
  std::uint64_t closed_by(CloseReason reason) {
    std::promise<std::uint64_t> count;
    server->poster()([&] { count.set_value(server->counts().closed_by(reason)); });
    return count.get_future().get();
  }

  HttpSettings settings;
  Routes routes;
  std::optional<HttpServer> server;
};

TEST_F(HttpServerTest, AnswersAGetWithTheQueryApart) {
  HttpClient client(start());

  const Answer answer = client.get("/hello?a=1&b");

  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "hello a=1&b");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; charset=utf-8");
}

TEST_F(HttpServerTest, WhatAHandlerThrowsIsSaidToTheOwnerAndStoppingStillWorks) {
  routes.add("/broken",
             [](const Request&, const Reply&) { throw std::runtime_error("out of order"); });
  std::promise<std::exception_ptr> thrown;
  server.emplace(settings, routes,
                 [&](std::exception_ptr failure) { thrown.set_value(std::move(failure)); });
  HttpClient client(server->start());

  ASSERT_TRUE(client.send("GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const std::exception_ptr failure = thrown.get_future().get();
  server.reset();

  EXPECT_THROW(std::rethrow_exception(failure), std::runtime_error);
  EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpServerTest, ARequestThatThereIsNoMemoryForIsRefusedAndOthersAreStillServed) {
  routes.add("/large", [](const Request&, const Reply&) { throw std::bad_alloc(); });
  const std::uint16_t port = start();
  HttpClient client(port);
  HttpClient other(port);

  EXPECT_EQ(client.get("/large").status, 503U);
  EXPECT_TRUE(client.is_ended());
  EXPECT_EQ(other.get("/hello").status, 200U);
}

TEST_F(HttpServerTest, WhatFindsNoMemoryBetweenRequestsEndsNothingElse) {
  HttpClient client(start());
  EXPECT_EQ(client.get("/hello").status, 200U);

  server->poster()([] { throw std::bad_alloc(); });

  EXPECT_EQ(closed_by(CloseReason::no_memory), 1U);
  EXPECT_EQ(client.get("/hello").status, 200U);
}

TEST_F(HttpServerTest, EveryAnswerForbidsSniffingScriptsAndStoring) {
  HttpClient client(start());

  for (const char* path : {"/hello", "/nowhere"}) {
    const Answer answer = client.get(path);
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff") << path;
    EXPECT_THAT(answer.headers.at("content-security-policy"), HasSubstr("default-src 'none'"));
    EXPECT_EQ(answer.headers.at("cache-control"), "no-store") << path;
  }
}

TEST_F(HttpServerTest, HeadGivesTheHeadersOfAGetAndNoBody) {
  HttpClient client(start());

  ASSERT_TRUE(client.send("HEAD /hello?x HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const Answer head = client.read_answer(false);
  const Answer next = client.get("/hello");  // would be garbled by a body

  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.headers.at("content-length"), "7");
  EXPECT_EQ(next.body, "hello ");
}

TEST_F(HttpServerTest, UnknownPathsAreNotFoundOnTheSameConnection) {
  HttpClient client(start());

  EXPECT_EQ(client.get("/hello/").status, 404U);
  EXPECT_EQ(client.get("/").status, 404U);
  EXPECT_EQ(client.get("/hello").status, 200U);
}

TEST_F(HttpServerTest, OtherMethodsAreRefusedWithTheOnesAllowed) {
  HttpClient client(start());

  ASSERT_TRUE(client.send("DELETE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const Answer answer = client.read_answer();

  EXPECT_EQ(answer.status, 405U);
  EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD");
  EXPECT_EQ(client.get("/hello").status, 200U);
}

TEST_F(HttpServerTest, ARequestWithABodyIsAnsweredAndTheConnectionEnds) {
  HttpClient client(start());

  ASSERT_TRUE(
      client.send("POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab"));

  EXPECT_EQ(client.read_answer().status, 405U);
  EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpServerTest, RequestsSentAheadAreAnsweredInOrder) {
  HttpClient client(start());

  ASSERT_TRUE(
      client.send("GET /hello?1 HTTP/1.1\r\nHost: [::1]\r\n\r\nGET /hello?2 HTTP/1.1\r\nHost: "
                  "[::1]\r\n\r\nGET http://[::1]/hello?3 HTTP/1.1\r\nHost: [::1]\r\n\r\n"));

  EXPECT_EQ(client.read_answer().body, "hello 1");
  EXPECT_EQ(client.read_answer().body, "hello 2");
  EXPECT_EQ(client.read_answer().body, "hello 3");
}

TEST_F(HttpServerTest, ClosesWhereThePeerAsksForIt) {
  HttpClient client(start());

  const Answer answer = client.get("/hello", "Connection: close\r\n");

  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpServerTest, AHeaderThatDripsEndsAtItsDeadline) {
  settings.header_timeout = milliseconds{20};
  HttpClient client(start());

  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: "));

  EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpServerTest, AnIdleConnectionEndsAtItsDeadline) {
  settings.idle_timeout = milliseconds{20};
  HttpClient client(start());

  EXPECT_TRUE(client.is_ended());
}

/// Says when it is destroyed, that is when the server has let go of a response.
std::shared_ptr<const void> notice_of_end(std::shared_ptr<std::promise<void>> ended) {
  return {nullptr, [ended = std::move(ended)](const void*) { ended->set_value(); }};
}

TEST_F(HttpServerTest, APeerThatDoesNotReadLosesItsConnection) {
  settings.write_timeout = milliseconds{20};
  const std::string large(64U << 20U, 'x');
  const auto ended = std::make_shared<std::promise<void>>();
  routes.add("/large", [&](const Request&, const Reply& reply) {
    Response response;
    response.body = large;
    response.body_owner = notice_of_end(ended);
    reply(std::move(response));
  });
  HttpClient client(start());

  ASSERT_TRUE(client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"));

  ended->get_future().wait();
  EXPECT_EQ(client.read_answer().status, 0U);  // cut short
}

TEST_F(HttpServerTest, ATooLargeHeaderIsRefused) {
  HttpClient client(start());

  const Answer answer = client.get("/hello", "X: " + std::string(20'000, 'x') + "\r\n");

  EXPECT_EQ(answer.status, 431U);
  EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpServerTest, NonsenseIsRefusedAndOthersAreStillServed) {
  const std::uint16_t port = start();
  HttpClient nonsense(port);
  HttpClient other(port);

  ASSERT_TRUE(nonsense.send("\x16\x03\x01 what is this\r\n\r\n"));

  EXPECT_EQ(nonsense.read_answer().status, 400U);
  EXPECT_TRUE(nonsense.is_ended());
  EXPECT_EQ(other.get("/hello").status, 200U);
}

TEST_F(HttpServerTest, BeyondTheLimitTheConnectionThatWasIdleLongestGivesWay) {
  settings.max_connections = 2;
  const std::uint16_t port = start();
  HttpClient first(port);
  HttpClient second(port);
  ASSERT_EQ(second.get("/hello").status, 200U);
  ASSERT_EQ(first.get("/hello").status, 200U);
  HttpClient third(port);

  EXPECT_EQ(third.get("/hello").status, 200U);
  EXPECT_TRUE(second.is_ended());
  EXPECT_EQ(first.get("/hello").status, 200U);
}

TEST_F(HttpServerTest, ConnectionsThatAskNothingKeepNobodyOut) {
  settings.max_connections = 2;
  const std::uint16_t port = start();
  HttpClient silent(port);
  HttpClient dripping(port);
  ASSERT_TRUE(dripping.send("GET /hello HTTP/1.1\r\nHo"));

  for (int i = 0; i < 4; ++i) {
    HttpClient client(port);
    EXPECT_EQ(client.get("/hello", "Connection: close\r\n").status, 200U);
  }
  EXPECT_TRUE(silent.is_ended());
}

TEST_F(HttpServerTest, BeyondTheLimitNobodyWhoIsBeingAnsweredGivesWay) {
  settings.max_connections = 1;
  std::promise<void> asked;
  Reply kept;
  routes.add("/later", [&](const Request&, Reply reply) {
    kept = std::move(reply);
    asked.set_value();
  });
  const std::uint16_t port = start();
  HttpClient first(port);
  ASSERT_TRUE(first.send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  asked.get_future().wait();
  HttpClient second(port);
  ASSERT_TRUE(second.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));

  server->poster()([&kept] { kept(text_response(200, "answered")); });

  EXPECT_EQ(first.read_answer().body, "answered");
  EXPECT_EQ(second.read_answer().status, 200U) << "waited at the door";
}

TEST_F(HttpServerTest, WhoFindsNoRoomForLongIsRefused) {
  settings.max_connections = 1;
  settings.door_timeout = milliseconds{20};
  std::promise<void> asked;
  Reply kept;
  routes.add("/later", [&](const Request&, Reply reply) {
    kept = std::move(reply);
    asked.set_value();
  });
  const std::uint16_t port = start();
  HttpClient first(port);
  ASSERT_TRUE(first.send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  asked.get_future().wait();
  HttpClient second(port);

  EXPECT_TRUE(second.is_ended());
  EXPECT_EQ(closed_by(CloseReason::refused), 1U);
  server->poster()([&kept] { kept(text_response(200, "answered")); });
  EXPECT_EQ(first.read_answer().body, "answered");
}

TEST_F(HttpServerTest, AHostThatIsNotOursIsMisdirected) {
  settings.access.allowed_hosts = {"wall.example"};
  HttpClient client(start());

  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: evil.example:9870\r\n\r\n"));
  const Answer refused = client.read_answer();
  ASSERT_TRUE(client.send("GET /api/v1/x HTTP/1.1\r\nHost: evil.example\r\n\r\n"));
  const Answer refused_by_api = client.read_answer();
  ASSERT_TRUE(client.send("GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const Answer refused_target = client.read_answer();
  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: Wall.Example:9870\r\n\r\n"));
  const Answer allowed = client.read_answer();

  EXPECT_EQ(refused.status, 421U);
  EXPECT_THAT(refused.body, HasSubstr("[http] allowed_hosts"));
  EXPECT_EQ(refused_by_api.status, 421U);
  EXPECT_EQ(refused_by_api.headers.at("content-type"), "application/json");
  EXPECT_THAT(refused_by_api.body, testing::StartsWith("{\"error\":\""));
  EXPECT_EQ(refused_target.status, 421U);
  EXPECT_EQ(allowed.status, 200U);
}

TEST_F(HttpServerTest, ARequestHasOneHost) {
  const std::uint16_t port = start();
  HttpClient none(port);
  ASSERT_TRUE(none.send("GET /hello HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(none.read_answer().status, 400U);
  EXPECT_TRUE(none.is_ended());

  HttpClient two(port);
  ASSERT_TRUE(two.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"));
  EXPECT_EQ(two.read_answer().status, 400U);
  EXPECT_TRUE(two.is_ended());

  HttpClient old(port);
  ASSERT_TRUE(old.send("GET /hello HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(old.read_answer().status, 200U);
}

TEST_F(HttpServerTest, SettingsThatChangeEndWhatTheOldOnesLetIn) {
  const std::uint16_t port = start();
  HttpClient idle(port);
  ASSERT_EQ(idle.get("/hello").status, 200U);
  AccessSettings access;
  access.allowed_hosts = {"wall.example"};

  server->set_access(read_access(access));

  EXPECT_TRUE(idle.is_ended());
  HttpClient next(port);
  ASSERT_TRUE(next.send("GET /hello HTTP/1.1\r\nHost: wall.example\r\n\r\n"));
  EXPECT_EQ(next.read_answer().status, 200U);
}

TEST_F(HttpServerTest, SettingsThatAreTheSameEndNothing) {
  HttpClient client(start());
  ASSERT_EQ(client.get("/hello").status, 200U);

  server->set_access(read_access(settings.access));

  EXPECT_EQ(client.get("/hello").status, 200U);
}

TEST_F(HttpServerTest, AnEntityTagAndTheRulesOfCachingAreTheHandlers) {
  routes.add("/asset", [](const Request& request, const Reply& reply) {
    Response response = text_response(request.if_none_match == "\"1\"" ? 304 : 200, "text");
    response.etag = "\"1\"";
    response.cache_control = "no-cache";
    reply(std::move(response));
  });
  HttpClient client(start());

  const Answer whole = client.get("/asset");
  ASSERT_TRUE(
      client.send("GET /asset HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \"1\"\r\n\r\n"));
  const Answer unchanged = client.read_answer(false);

  EXPECT_EQ(whole.headers.at("etag"), "\"1\"");
  EXPECT_EQ(whole.headers.at("cache-control"), "no-cache");
  EXPECT_EQ(unchanged.status, 304U);
  EXPECT_EQ(unchanged.headers.count("content-length"), 0U);
  EXPECT_EQ(client.get("/hello").body, "hello ");
}

TEST_F(HttpServerTest, AReplyMayComeLaterAndOnlyTheFirstCounts) {
  routes.add("/later", [this](const Request&, const Reply& reply) {
    server->after(milliseconds{1}, [reply] {
      reply(text_response(200, "first"));
      reply(text_response(200, "second"));
    });
  });
  HttpClient client(start());

  EXPECT_EQ(client.get("/later").body, "first");
  EXPECT_EQ(client.get("/hello").body, "hello ");
}

TEST_F(HttpServerTest, CountsRequestsByRouteAndCodeAndNeverByWhatThePeerSent) {
  std::map<std::pair<std::string, unsigned>, std::uint64_t> counted;
  routes.add("/counts", [&](const Request&, const Reply& reply) {
    counted = server->counts().requests;
    reply(text_response(200, ""));
  });
  HttpClient client(start());
  client.get("/hello");
  client.get("/hello?x");
  client.get("/made-up-1");
  client.get("/made-up-2");

  client.get("/counts");

  EXPECT_THAT(counted,
              UnorderedElementsAre(Pair(Pair("/hello", 200U), 2U), Pair(Pair("other", 404U), 2U)));
}

TEST_F(HttpServerTest, StopEndsConnectionsThatWaitForAReply) {
  std::promise<void> asked;
  Reply kept;
  routes.add("/never", [&](const Request&, Reply reply) {
    kept = std::move(reply);
    asked.set_value();
  });
  HttpClient client(start());
  ASSERT_TRUE(client.send("GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  asked.get_future().wait();

  server->stop();

  EXPECT_TRUE(client.is_ended());
  server.reset();
  kept(text_response(200, "too late"));  // must do nothing
}

TEST_F(HttpServerTest, PosterMayOutliveTheServer) {
  start();
  const auto post = server->poster();
  std::promise<void> ran;
  post([&ran] { ran.set_value(); });
  ran.get_future().wait();

  server.reset();

  post([] { FAIL(); });
}

TEST_F(HttpServerTest, APortInUseIsAClearSentence) {
  const std::uint16_t port = start();
  settings.port = port;
  HttpServer second(settings, routes);

  try {
    second.start();
    FAIL() << "two servers on one port";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("cannot listen on 127.0.0.1:" + std::to_string(port) +
                                              ": Address already in use; "),
                                    HasSubstr("choose another")));
  }
}

TEST_F(HttpServerTest, AThreadThatCannotBeMadeIsAClearSentence) {
  HttpServer without(settings, routes);
  const NoThreads none;

  EXPECT_THAT([&] { without.start(); },
              testing::ThrowsMessage<std::runtime_error>(
                  AllOf(HasSubstr("cannot make a thread for HTTP"), HasSubstr("TasksMax="))));
}

TEST_F(HttpServerTest, AnAddressThatIsNoneIsAClearSentence) {
  settings.address = "wall.local";
  HttpServer wrong(settings, routes);

  EXPECT_THAT([&] { wrong.start(); },
              testing::ThrowsMessage<std::runtime_error>(HasSubstr("not an IP address")));
}

TEST(AcceptsGzip, FollowsTheHeader) {
  EXPECT_TRUE(accepts_gzip("gzip"));
  EXPECT_TRUE(accepts_gzip("deflate, GZIP;q=0.5"));
  EXPECT_TRUE(accepts_gzip("br , *"));
  EXPECT_TRUE(accepts_gzip("gzip ; q = 0.001"));
  EXPECT_TRUE(accepts_gzip("*;q=0, gzip"));
  EXPECT_FALSE(accepts_gzip(""));
  EXPECT_FALSE(accepts_gzip("identity"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0.000, *"));
  EXPECT_FALSE(accepts_gzip("*;q=0"));
  EXPECT_FALSE(accepts_gzip("gzipped"));
}

}  // namespace
}  // namespace deskpulse::http
