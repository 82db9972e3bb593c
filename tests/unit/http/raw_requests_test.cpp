// Requests as only an attacker or a broken program writes them, byte for byte over a real
// connection: how many answers they get, and whether the connection stays. What a proxy in front of
// the daemon reads as one request must not be two here, nor the other way around.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/http_server.hpp"
#include "tests/unit/http/http_client.hpp"

namespace deskpulse::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Statuses = std::vector<unsigned>;
using Lines = std::vector<std::string>;

const std::string kHost = "Host: localhost\r\n";
/// What the body of the request before it would be read as. It ends the connection, so that a
/// server that answers it does not keep the test waiting.
const std::string kHidden =
    "GET /hello?hidden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

class RawRequests : public testing::Test {
 protected:
  RawRequests() {
    settings.port = 0;
    routes.add("/hello", [](const Request& request, const Reply& reply) {
      reply(text_response(200, "hello " + request.query + " at " + request.host));
    });
    routes.add("/api/v1/snapshot",
               [](const Request&, const Reply& reply) { reply(text_response(200, "{}")); });
  }

  /// All that a connection is answered until the server closes it; nothing where it does not.
  std::optional<std::string> answers_to(const std::string& bytes) {
    if (!server) port = server.emplace(settings, routes).start();
    HttpClient client(port);
    client.send(bytes);
    return client.read_to_end();
  }
  /// The codes of these; a 0 behind them where the connection stays.
  Statuses statuses(const std::string& bytes) {
    const std::optional<std::string> answers = answers_to(bytes);
    if (!answers) return {0};
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    Statuses found;
    for (std::size_t at = 0; (at = answers->find(kVersion, at)) != std::string::npos;) {
      at += kVersion.size();
      const bool is_status = std::isdigit(static_cast<unsigned char>(answers->at(at))) != 0;
      if (is_status) found.push_back(static_cast<unsigned>(std::stoul(answers->substr(at, 3))));
    }
    return found;
  }
  /// Of a request with these fields beside its Host, and a body that could be another request.
  Statuses framed(const std::string& method, const std::string& fields) {
    return statuses(method + " /hello HTTP/1.1\r\n" + kHost + fields + "\r\n" + kHidden);
  }
  /// Of a GET with this request line, and of one with these fields.
  Statuses line(const std::string& text) {
    return statuses(text + "\r\n" + kHost + "\r\n" + kHidden);
  }
  Statuses fields(const std::string& text) {
    return statuses("GET /hello HTTP/1.1\r\n" + text + "\r\n" + kHidden);
  }

  HttpSettings settings;
  Routes routes;
  std::optional<HttpServer> server;
  std::uint16_t port = 0;
};

TEST_F(RawRequests, ATransferCodingThatIsNotUnderstoodIsRefusedAndNothingBehindItIsRead) {
  const std::string length = "Content-Length: " + std::to_string(kHidden.size()) + "\r\n";
  for (const char* coding :
       {"xchunked", "identity", "gzip", "chunked, identity", "\"chunked\"", "", "chunked, chunked",
        "gzip, chunked", "chunked;q=1", "chunked,", ",chunked", "chunked x", "Chunked\tx"}) {
    const std::string field = std::string("Transfer-Encoding: ") + coding + "\r\n";
    for (const std::string& fields : {field, field + length, length + field}) {
      for (const char* method : {"GET", "HEAD", "POST", "OPTIONS"}) {
        EXPECT_THAT(framed(method, fields), ElementsAre(400)) << method << ' ' << fields;
      }
    }
  }
}

TEST_F(RawRequests, AChunkedBodyIsNotReadAndEndsTheConnection) {
  EXPECT_THAT(framed("GET", "Transfer-Encoding: chunked\r\n"), ElementsAre(200));
  EXPECT_THAT(framed("POST", "transfer-encoding:\tCHUNKED \r\n"), ElementsAre(405));
  // Whatever it holds: extensions, trailers, sizes that are none, a request behind it.
  for (const char* body : {"0\r\n\r\n", "5;a=\"b\r\n\r\n\"\r\nhello\r\n0\r\nHost: evil\r\n\r\n",
                           "ffffffffffffffffff\r\n", "-1\r\n\r\n", "0x5\r\nhello\r\n"}) {
    EXPECT_THAT(statuses("POST /hello HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n" +
                         body + kHidden),
                ElementsAre(405))
        << body;
  }
}

TEST_F(RawRequests, CodingsThatComeTwiceOrWithALengthAreRefused) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  for (const std::string& fields :
       {chunked + chunked, chunked + "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: identity\r\n" + chunked, "Transfer-Encoding: \r\n" + chunked,
        chunked + "Content-Length: 3\r\n", "Content-Length: 3\r\n" + chunked,
        chunked + "Content-Length: 0\r\n"}) {
    EXPECT_THAT(framed("GET", fields), ElementsAre(400)) << fields;
    EXPECT_THAT(framed("POST", fields), ElementsAre(400)) << fields;
  }
  EXPECT_THAT(statuses("POST /hello HTTP/1.0\r\n" + kHost + chunked + "\r\n" + kHidden),
              ElementsAre(400))
      << "HTTP/1.0 has none";
}

TEST_F(RawRequests, ALengthIsOneNumber) {
  for (const char* length : {"+5", "-5", "-0", "0x5", "5 5", "5,5", "5, 5", "5,", ",5", "0, 0", "",
                             "5.0", "1e3", "five", "\"5\"", "5\t5"}) {
    const std::string field = std::string("Content-Length: ") + length + "\r\n";
    EXPECT_THAT(framed("GET", field), ElementsAre(400)) << field;
    EXPECT_THAT(framed("POST", field), ElementsAre(400)) << field;
  }
  const std::string five = "Content-Length: 5\r\n";
  EXPECT_THAT(framed("POST", five + five), ElementsAre(400));
  EXPECT_THAT(framed("POST", five + "Content-Length: 6\r\n"), ElementsAre(400));
  EXPECT_THAT(framed("POST", "Content-Length: 0\r\n" + five), ElementsAre(400));
}

TEST_F(RawRequests, ABodyOfAnyLengthEndsTheConnection) {
  for (const char* length : {"5", " 5 ", "005", "18446744073709551616",
                             "99999999999999999999999999999999999999999999"}) {
    const std::string field = std::string("Content-Length:") + length + "\r\n";
    EXPECT_THAT(framed("GET", field), ElementsAre(200)) << field;
    EXPECT_THAT(framed("HEAD", field), ElementsAre(200)) << field;
    EXPECT_THAT(framed("POST", field), ElementsAre(405)) << field;
  }
  EXPECT_THAT(framed("POST", "Expect: 100-continue\r\nContent-Length: 5\r\n"), ElementsAre(405))
      << "the answer itself, at once";
  EXPECT_THAT(framed("POST", "Content-Length: 000\r\n"), ElementsAre(405, 200)) << "there is none";
}

TEST_F(RawRequests, LinesThatCouldBeReadInTwoWaysAreRefused) {
  using namespace std::string_literals;
  for (const std::string& text :
       {"Host : localhost\r\n"s, "Host: localhost\r\nTransfer-Encoding : chunked\r\n"s,
        "Host: localhost\r\nTransfer-Encoding\t: chunked\r\n"s,
        "Host: localhost\r\nX: y\r\n Transfer-Encoding: chunked\r\n"s,  // a folded line
        "Host: localhost\r\nTransfer-Encoding:\r\n chunked\r\n"s,
        "Host: localhost\r\nX: y\r\n\t\r\n"s, " Host: localhost\r\n"s,
        "Host: localhost\r\nX: y\nTransfer-Encoding: chunked\r\n"s,  // a bare LF
        "Host: localhost\nX: y\r\n"s,
        "Host: localhost\r\nX: y\rTransfer-Encoding: chunked\r\n"s,  // a bare CR
        "Host: localhost\r\nX: y\r\r\n"s, "Host: localhost\r\nX: a\0b\r\n"s,
        "Host: localhost\r\nX: a\x0b\r\n"s, "Host: localhost\r\nX: a\x7f\r\n"s,
        "Host: localhost\r\n\0X: a\r\n"s, "Host: localhost\r\n: a\r\n"s,
        "Host: localhost\r\nX\r\n"s, "Host: localhost\r\nX(Y): a\r\n"s,
        "Host: localhost\r\nX\xc3\xa9: a\r\n"s}) {
    EXPECT_THAT(fields(text), ElementsAre(400)) << text;
  }
  EXPECT_THAT(fields("Host: localhost\r\nX: \xe6\x97\x97\t\"a\" \r\nY:\r\n"),
              ElementsAre(200, 200));
}

TEST_F(RawRequests, ARequestLineHasThreeParts) {
  using namespace std::string_literals;
  for (const std::string& text : {"GET /hello"s,
                                  "GET /hello "s,
                                  "GET / "s,
                                  "GET"s,
                                  "GET  /hello HTTP/1.1"s,
                                  "GET /hello  HTTP/1.1"s,
                                  " GET /hello HTTP/1.1"s,
                                  "GET /hello HTTP/1.1 "s,
                                  "GET\t/hello HTTP/1.1"s,
                                  "GET /hello\tHTTP/1.1"s,
                                  "GET /he llo HTTP/1.1"s,
                                  "G(T /hello HTTP/1.1"s,
                                  "GET /hello http/1.1"s,
                                  "GET /hello HTTP/1"s,
                                  "GET /hello HTTP/1.10"s,
                                  "GET /hello HTTP/11.1"s,
                                  "GET /hello HTTP/1,1"s,
                                  "GET /hello HTTPS/1.1"s,
                                  "GET /he\0llo HTTP/1.1"s,
                                  "GET /he\x0bllo HTTP/1.1"s,
                                  "GET /hello\r HTTP/1.1"s,
                                  "GET /hello HTTP/1.1\rX: y"s,
                                  "GET /hello HTTP/1.1\nX: y"s}) {
    EXPECT_THAT(line(text), ElementsAre(400)) << text;
  }
  EXPECT_THAT(statuses("GET / \r\n\r\n"), ElementsAre(400)) << "at once, without a Host";
  EXPECT_THAT(line("GET /hello?\xe6\x97\x97 HTTP/1.1"), ElementsAre(200, 200)) << "as it is typed";
  EXPECT_THAT(line("get /hello HTTP/1.1"), ElementsAre(405, 200)) << "another method than GET";
}

TEST_F(RawRequests, EmptyLinesBeforeARequestAreIgnored) {
  const std::string request = "GET /hello HTTP/1.1\r\n" + kHost + "\r\n";

  EXPECT_THAT(statuses("\r\n" + request + "\r\n\r\n" + request + "\r\n" + kHidden),
              ElementsAre(200, 200, 200));
  EXPECT_THAT(statuses("\n" + request), ElementsAre(400));
  EXPECT_THAT(statuses("\r\r\n" + request), ElementsAre(400));
  EXPECT_THAT(statuses(" \r\n" + request), ElementsAre(400));
}

TEST_F(RawRequests, EmptyLinesWithoutAnEndAreCutOff) {
  settings.max_header_bytes = 1'000;
  std::string lines;
  while (lines.size() < 5'000) lines += "\r\n";

  EXPECT_THAT(statuses(lines), ElementsAre(414));
}

TEST_F(RawRequests, LaterVersionsOfHttpOneAreSpokenAsTheNewestOfOurs) {
  EXPECT_THAT(line("GET /hello HTTP/1.2"), ElementsAre(200, 200));
  EXPECT_THAT(line("GET /hello HTTP/1.9"), ElementsAre(200, 200));
  EXPECT_THAT(line("GET /hello HTTP/1.0"), ElementsAre(200)) << "closes when not asked to stay";
  EXPECT_THAT(statuses("GET /hello HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n" + kHidden),
              ElementsAre(200, 200));
  EXPECT_THAT(statuses("GET /hello HTTP/1.2\r\n\r\n" + kHidden), ElementsAre(400)) << "no Host";
  for (const char* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/3.1"}) {
    EXPECT_THAT(line(std::string("GET /hello ") + version), ElementsAre(505)) << version;
  }
  EXPECT_THAT(statuses("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ElementsAre(505));
}

TEST_F(RawRequests, WhoAsksToCloseInAnyLineIsClosed) {
  for (const char* text :
       {"Connection: close\r\n", "Connection: x, CLOSE\r\n",
        "Connection: keep-alive\r\nConnection: close\r\n", "Connection: keep-alive, close\r\n"}) {
    EXPECT_THAT(fields(kHost + text), ElementsAre(200)) << text;
  }
  EXPECT_THAT(fields(kHost + "Connection: closed, \"close\"\r\n"), ElementsAre(200, 200));
  EXPECT_THAT(fields(kHost + "Proxy-Connection: close\r\n"), ElementsAre(200, 200));
}

TEST_F(RawRequests, AnUpgradeIsNotTakenAndTheRequestAnswered) {
  EXPECT_THAT(fields(kHost + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                             "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"),
              ElementsAre(200, 200));
  EXPECT_THAT(fields(kHost + "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                             "Sec-WebSocket-Version: 13\r\n"),
              ElementsAre(200, 200));
}

TEST_F(RawRequests, ARequestHasOneHostAndElseTheConnectionEnds) {
  for (const char* text : {"", "Host: localhost\r\nHost: localhost\r\n",
                           "Host: localhost\r\nhost: evil\r\n", "Host: \r\nHost: localhost\r\n"}) {
    EXPECT_THAT(fields(text), ElementsAre(400)) << text;
  }
  EXPECT_THAT(statuses("GET /hello HTTP/1.0\r\n" + kHost + kHost + "\r\n" + kHidden),
              ElementsAre(400));
}

TEST_F(RawRequests, AHostThatIsNoneIsRefusedWhateverIsAllowed) {
  for (const Lines& allowed : {Lines{}, Lines{"*"}}) {
    server.reset();
    settings.access.allowed_hosts = allowed;
    for (const char* text : {"",
                             "a b",
                             "a@localhost",
                             "localhost/b",
                             "localhost:99999x",
                             "localhost:65536",
                             "localhost:-1",
                             "localhost:80:80",
                             ":80",
                             "localhost, localhost",
                             "[::1",
                             "[::1]x",
                             "::1",
                             "[evil]",
                             "localhost?x",
                             "localhost#x",
                             "local%host",
                             "\"localhost\"",
                             "localhost\\x",
                             "http://localhost",
                             "\xe6\x97\x97"}) {
      EXPECT_THAT(fields("Host: " + std::string(text) + "\r\n"), ElementsAre(400)) << text;
      EXPECT_THAT(statuses("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\nHost: " +
                           std::string(text) + "\r\n\r\n" + kHidden),
                  ElementsAre(400))
          << text;
    }
    for (const char* text : {"localhost", "LOCALHOST:80", "localhost:", "localhost.:00080",
                             "127.0.0.1:65535", "[::1]:9870", "[::1]"}) {
      EXPECT_THAT(fields("Host: " + std::string(text) + "\r\n"), ElementsAre(200, 200)) << text;
    }
  }
  EXPECT_THAT(fields("Host: under_score.example%41!$&'()*+,;=~\r\n"), ElementsAre(200, 200));
}

TEST_F(RawRequests, ATargetIsAPathOrAUriOfHttp) {
  for (const char* target : {"hello", "*", "http", "http:", "http:/hello", "http://",
                             "http:///hello", "http://a b/hello", "http://a@localhost/hello",
                             "http://localhost:99999x/hello", "http://localhost#/hello",
                             "ftp://localhost/hello", "localhost:80", "?x", "://localhost/hello"}) {
    EXPECT_THAT(line("GET " + std::string(target) + " HTTP/1.1"), ElementsAre(400)) << target;
  }
  EXPECT_THAT(line("GET http://localhost/hello HTTP/1.1"), ElementsAre(200, 200));
  EXPECT_THAT(line("GET HTTPS://[::1]:80/hello?x HTTP/1.1"), ElementsAre(200, 200));
  EXPECT_THAT(line("GET http://localhost HTTP/1.1"), ElementsAre(404, 200)) << "the path is /";
  EXPECT_THAT(line("GET http://localhost?/hello HTTP/1.1"), ElementsAre(404, 200));
  EXPECT_THAT(line("GET //hello HTTP/1.1"), ElementsAre(404, 200));
}

TEST_F(RawRequests, AnAuthorityInTheTargetStandsForTheHost) {
  // RFC 9112, 3.2.2. The Host must be one nevertheless.
  const auto asks = [this](const std::string& target, const std::string& host) {
    return answers_to("GET " + target + " HTTP/1.1\r\nHost: " + host +
                      "\r\nConnection: close\r\n\r\n");
  };
  EXPECT_THAT(asks("http://127.0.0.1:1/hello", "evil.example"),
              testing::Optional(HasSubstr("hello  at 127.0.0.1:1")));
  EXPECT_THAT(asks("http://evil.example/hello", "localhost"),
              testing::Optional(HasSubstr("HTTP/1.1 421 ")));
  EXPECT_THAT(asks("http://localhost/hello", "a b"), testing::Optional(HasSubstr("HTTP/1.1 400 ")));
  EXPECT_THAT(statuses("GET http://localhost/hello HTTP/1.1\r\n\r\n" + kHidden), ElementsAre(400));
}

TEST_F(RawRequests, WhoAsksForNoPageIsToldWhatIsAnswered) {
  for (const char* text : {"CONNECT localhost:80 HTTP/1.1", "CONNECT evil.example:443 HTTP/1.1",
                           "CONNECT [::1]:9870 HTTP/1.0", "OPTIONS * HTTP/1.1"}) {
    EXPECT_THAT(line(text), ElementsAre(405)) << text << ": what follows may be for the other end";
  }
  EXPECT_THAT(answers_to("OPTIONS * HTTP/1.1\r\n" + kHost + "\r\n"),
              testing::Optional(HasSubstr("Allow: GET, HEAD\r\n")));
  for (const char* text : {"CONNECT / HTTP/1.1", "CONNECT /hello HTTP/1.1", "CONNECT * HTTP/1.1",
                           "CONNECT localhost HTTP/1.1", "CONNECT localhost: HTTP/1.1",
                           "CONNECT :80 HTTP/1.1", "CONNECT http://localhost/ HTTP/1.1"}) {
    EXPECT_THAT(line(text), ElementsAre(400)) << text;
  }
  EXPECT_THAT(line("OPTIONS /hello HTTP/1.1"), ElementsAre(405, 200));
}

TEST_F(RawRequests, WhatIsTooLongIsRefusedByWhatItIs) {
  settings.max_header_bytes = 1'000;
  const std::string much(1'000, 'x');

  EXPECT_THAT(line("GET /" + much + " HTTP/1.1"), ElementsAre(414));
  EXPECT_THAT(statuses(much + "x"), ElementsAre(414));
  EXPECT_THAT(fields(kHost + "X: " + much + "\r\n"), ElementsAre(431));
  std::string many = kHost;
  while (many.size() < 1'000) many += "a:\r\n";
  EXPECT_THAT(fields(many), ElementsAre(431));
}

TEST_F(RawRequests, NothingBehindARefusalIsAnswered) {
  for (const char* text : {"\x16\x03\x01\x02", "\x80\x2e\x01", "nonsense\r\n"}) {
    EXPECT_THAT(statuses("GET /hello HTTP/1.1\r\n" + kHost + "\r\n" + text + "\r\n\r\n" + kHidden),
                ElementsAre(200, 400));
  }
  EXPECT_THAT(statuses("\x16\x03\x01"), ElementsAre(400)) << "without waiting for the line's end";
}

TEST_F(RawRequests, ARefusedHeadHasNoBody) {
  for (const char* const request :
       {"HEAD /hello HTTP/1.1\r\nHost: a b\r\n\r\n", "HEAD /hello HTTP/1.1\r\nHost : a\r\n\r\n",
        "HEAD /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"}) {
    const std::optional<std::string> answers = answers_to(request);
    ASSERT_TRUE(answers);
    EXPECT_THAT(*answers, testing::StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(*answers, testing::EndsWith("\r\n\r\n")) << request;
  }
}

TEST_F(RawRequests, ARefusalBeneathTheApiIsJson) {
  EXPECT_THAT(answers_to("GET /api/v1/snapshot HTTP/1.1\r\nHost: a b\r\n\r\n"),
              testing::Optional(HasSubstr("\r\n\r\n{\"error\":\"")));
}

}  // namespace
}  // namespace deskpulse::http
