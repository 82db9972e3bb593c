// What a peer gets for its bytes, decided without a socket.
#include "tests/unit/http/offline_connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/http/event_stream.hpp"

namespace deskpulse::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kHost = "Host: localhost\r\n";
// "secret", at cost 4.
constexpr const char* kSecret = "$2b$04$j4BOH9zRM0KQ5PTvCruq3u.AAYSQPncAesR9U9eliznyVLXAkiIDW";

/// `/hello`, `/never`, which does not reply, and `/stream`.
class OfflineConnection : public testing::Test {
 protected:
  OfflineConnection() {
    routes.add("/hello", [](const Request& request, const Reply& reply) {
      reply(text_response(200, "hello " + request.query));
    });
    routes.add("/never", [this](const Request&, Reply reply) { kept = std::move(reply); });
    routes.add_stream("/stream", [](const Request&, const StreamReply& reply) {
      reply.accept()->send(std::make_shared<const std::string>("data: 1\n\n"));
    });
  }
  Exchange send(std::string_view bytes, std::size_t at_a_time = 4096) const {
    return OfflineListener(settings, routes).exchange(bytes, at_a_time);
  }
  /// A request for this path with these fields, `Host` among them.
  std::string answer(const std::string& line, std::string_view fields = kHost) const {
    return send(line + " HTTP/1.1\r\n" + std::string(fields) + "\r\n").answers;
  }

  HttpSettings settings;
  Routes routes;
  Reply kept;
};

std::string without_date(std::string answers) {
  for (std::size_t at = 0; (at = answers.find("Date: ", at)) != std::string::npos;) {
    answers.erase(at, answers.find('\n', at) + 1 - at);
  }
  return answers;
}

TEST_F(OfflineConnection, AnswersTheSameHoweverTheBytesAreCut) {
  const std::string bytes =
      "GET /hello?1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "HEAD /hello HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\n"
      "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /hello?2 HTTP/1.1\r\nHost: evil.example\r\n\r\n"
      "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string whole = without_date(send(bytes).answers);
  ASSERT_THAT(whole, HasSubstr("data: 1\n\n"));

  for (std::size_t at_a_time = 1; at_a_time < 60; ++at_a_time) {
    EXPECT_EQ(without_date(send(bytes, at_a_time).answers), whole) << at_a_time << " at a time";
  }
}

TEST_F(OfflineConnection, ARequestHiddenInABodyIsNotAnswered) {
  const std::string hidden = "GET /hello?hidden HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const std::string& framing :
       {"Content-Length: " + std::to_string(hidden.size()) + "\r\n",
        std::string("Transfer-Encoding: chunked\r\n"),
        std::string("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")}) {
    for (const std::string method : {"GET", "POST"}) {
      const std::string answers =
          send(method + " /hello?first HTTP/1.1\r\nHost: localhost\r\n" + framing + "\r\n" + hidden)
              .answers;
      EXPECT_THAT(answers, StartsWith("HTTP/1.1 ")) << framing;
      EXPECT_THAT(answers, Not(HasSubstr("hidden"))) << framing;
      EXPECT_THAT(answers, HasSubstr("Connection: close")) << framing;
    }
  }
}

TEST_F(OfflineConnection, AnEndlessBodyIsCutOff) {
  const std::string head =
      "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n";

  const Exchange seen = send(head + std::string(1'000'000, 'x'));

  EXPECT_THAT(seen.answers, StartsWith("HTTP/1.1 405 "));
  EXPECT_LT(seen.read, 100'000U);
}

TEST_F(OfflineConnection, AnEndlessHeaderIsCutOff) {
  settings.max_header_bytes = 1'000;
  for (const std::string& endless :
       {std::string(1'000'000, 'G'), "GET /" + std::string(1'000'000, 'x'),
        "GET / HTTP/1.1\r\nX: " + std::string(1'000'000, 'x'), [] {
          std::string fields = "GET / HTTP/1.1\r\n";
          while (fields.size() < 1'000'000) fields += "a:\r\n";
          return fields;
        }()}) {
    for (const std::size_t at_a_time : {std::size_t{7}, std::size_t{4096}}) {
      const Exchange seen = send(endless, at_a_time);
      EXPECT_THAT(seen.answers, testing::ContainsRegex("^HTTP/1.1 4(00|14|31) "));
      EXPECT_LT(seen.read, 100'000U);
    }
  }
}

TEST_F(OfflineConnection, EveryErrorIsBoundInAndSaysNothingThatThePeerSent) {
  const std::string marker = "Zq7marker";
  std::vector<std::string> errors{
      answer("GET /" + marker),
      answer("GET /api/v1/" + marker),
      answer("GET /api/v1/\"" + marker + "<script>"),
      answer("PATCH /hello?" + marker),
      answer(marker + " /hello"),
      answer("GET /hello", "Host: " + marker + "\r\n"),
      answer("GET /hello", "Host: localhost\r\nHost: " + marker + "\r\n"),
      answer("GET /stream", "Host: localhost\r\nOrigin: http://" + marker + "\r\n"),
      answer("GET /" + marker + std::string(20'000, 'x')),
      send(marker + "\r\n\r\n").answers,
  };
  settings.access.basic_auth_users = {{"prometheus", kSecret}};
  // prometheus:Zq7marker
  errors.push_back(answer("GET /hello?" + marker,
                          "Host: localhost\r\nAuthorization: Basic "
                          "cHJvbWV0aGV1czpacTdtYXJrZXI=\r\n"));

  for (const std::string& error : errors) {
    EXPECT_THAT(error, testing::ContainsRegex("^HTTP/1.1 4[0-9][0-9] "));
    EXPECT_THAT(error, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n")) << error;
    EXPECT_THAT(error, HasSubstr("\r\nContent-Security-Policy: default-src 'none'")) << error;
    EXPECT_THAT(error, HasSubstr("\r\nCross-Origin-Resource-Policy: same-origin\r\n")) << error;
    EXPECT_THAT(error, HasSubstr("\r\nReferrer-Policy: no-referrer\r\n")) << error;
    EXPECT_THAT(error, HasSubstr("\r\nCache-Control: no-store\r\n")) << error;
    EXPECT_THAT(error, Not(HasSubstr(marker))) << error;
    EXPECT_THAT(error, Not(HasSubstr("Boost"))) << error;
  }
}

TEST_F(OfflineConnection, AStrangerDoesNotLearnWhatThereIs) {
  settings.access.basic_auth_users = {{"prometheus", kSecret}};

  const std::string there = without_date(answer("GET /hello"));

  EXPECT_THAT(there, StartsWith("HTTP/1.1 401 "));
  EXPECT_EQ(without_date(answer("GET /nowhere")), there);
  EXPECT_EQ(without_date(answer("POST /stream")), there);
}

TEST_F(OfflineConnection, APasswordIsCheckedOnAThreadOfItsOwn) {
  settings.access.basic_auth_users = {{"prometheus", kSecret}};

  // prometheus:secret
  EXPECT_THAT(answer("GET /hello?x",
                     "Host: localhost\r\nAuthorization: Basic cHJvbWV0aGV1czpzZWNyZXQ=\r\n"),
              HasSubstr("hello x"));
}

TEST_F(OfflineConnection, AReplyThatNeverComesHoldsNothing) {
  const Exchange seen = send("GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n");

  EXPECT_EQ(seen.answers, "");
  kept(text_response(200, "too late"));
}

}  // namespace
}  // namespace deskpulse::http
