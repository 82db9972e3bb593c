// Passwords and TLS over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/http/event_stream.hpp"
#include "daemon/http/http_server.hpp"
#include "daemon/http/tls_context.hpp"
#include "tests/unit/feed/certificate.hpp"
#include "tests/unit/http/http_client.hpp"
#include "tests/unit/http/no_threads.hpp"

namespace deskpulse::http {
namespace {

using feed::Certificate;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// "secret", at cost 4; and the header of prometheus:secret.
constexpr const char* kSecret = "$2b$04$j4BOH9zRM0KQ5PTvCruq3u.AAYSQPncAesR9U9eliznyVLXAkiIDW";
constexpr const char* kOther = "$2b$04$VfrXlbQFTb/RNLNy3lBdie.wgwKXWb1mm973xGhOjbP41U1sT7AGe";
const std::string kRight = "Authorization: Basic cHJvbWV0aGV1czpzZWNyZXQ=\r\n";
const std::string kWrong = "Authorization: Basic cHJvbWV0aGV1czp3cm9uZw==\r\n";
const std::string kNobody = "Authorization: Basic bm9ib2R5OnNlY3JldA==\r\n";

class ListenerAccess : public testing::Test {
 protected:
  ListenerAccess() {
    settings.port = 0;
    routes.add("/hello",
               [](const Request&, const Reply& reply) { reply(text_response(200, "hello")); });
    routes.add("/-/healthy",
               [](const Request&, const Reply& reply) { reply(text_response(200, "ok")); });
    routes.add("/large", [](const Request&, const Reply& reply) {
      reply(text_response(200, std::string(8U << 20U, 'x')));
    });
    routes.add_stream("/stream", [](const Request&, const StreamReply& reply) {
      reply.accept()->send(std::make_shared<const std::string>("data: 1\n\n"));
    });
    folder = std::filesystem::temp_directory_path() /
             ("deskpulse-tls-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + '-' +
              std::to_string(getpid()));
    std::filesystem::create_directory(folder);
  }
  ~ListenerAccess() override {
    server.reset();
    std::filesystem::remove_all(folder);
  }

  std::uint16_t start() {
    server.emplace(settings, routes);
    return server->start();
  }
  std::string path(const std::string& name) const { return folder / name; }
  /// Writes a certificate for localhost and its key, and has the listener use them.
  void use_tls(const Certificate& certificate) {
    certificate.write(path("cert.pem"));
    certificate.write_key(path("key.pem"));
    settings.access.tls.cert_file = path("cert.pem");
    settings.access.tls.key_file = path("key.pem");
  }
  TlsOfClient believing() const { return {.authority = path("cert.pem")}; }
  std::string problem() const {
    try {
      read_access(settings.access);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  std::filesystem::path folder;
  HttpSettings settings;
  Routes routes;
  std::optional<HttpServer> server;
};

TEST_F(ListenerAccess, EveryPathWantsAPasswordWhereThereAreUsers) {
  settings.access.basic_auth_users = {{"prometheus", kSecret}};
  HttpClient client(start());

  for (const char* each : {"/hello", "/-/healthy", "/stream", "/nowhere"}) {
    const Answer answer = client.get(each);
    EXPECT_EQ(answer.status, 401U) << each;
    EXPECT_THAT(answer.headers.at("www-authenticate"), StartsWith("Basic realm="));
  }
  EXPECT_EQ(client.get("/hello", kRight).body, "hello");
  EXPECT_EQ(client.get("/nowhere", kRight).status, 404U);
}

TEST_F(ListenerAccess, WrongPasswordsAndUnknownUsersAreRefusedAlike) {
  settings.access.basic_auth_users = {{"prometheus", kSecret}};
  HttpClient client(start());

  const Answer wrong = client.get("/hello", kWrong);
  const Answer nobody = client.get("/hello", kNobody);

  EXPECT_EQ(wrong.status, 401U);
  EXPECT_EQ(nobody.status, 401U);
  EXPECT_EQ(wrong.body, nobody.body);
  EXPECT_EQ(client.get("/hello", kRight).status, 200U);
  EXPECT_EQ(client.get("/hello", kWrong).status, 401U) << "after the right one was remembered";
}

TEST_F(ListenerAccess, RequestsThatComeTogetherAreAllAnswered) {
  settings.access.basic_auth_users = {{"prometheus", kSecret}};
  const std::uint16_t port = start();
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 24; ++i) {
    clients.push_back(std::make_unique<HttpClient>(port));
    const std::string& header = i % 3 == 0 ? kWrong : kRight;
    ASSERT_TRUE(
        clients.back()->send("GET /hello HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n"));
  }

  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i]->read_answer().status, i % 3 == 0 ? 401U : 200U);
  }
}

TEST_F(ListenerAccess, WhoIsKnownIsServedWhileGuessesAreChecked) {
  // Cost 12: a fifth of a second and more for each guess, which the requests below do not wait for.
  std::string costly = kSecret;
  costly.replace(4, 2, "12");
  settings.access.basic_auth_users = {{"prometheus", kSecret}, {"slow", costly}};
  const std::uint16_t port = start();
  HttpClient known(port);
  ASSERT_EQ(known.get("/hello", kRight).status, 200U);
  HttpClient guessing(port);
  ASSERT_TRUE(guessing.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n" + kNobody + "\r\n"));

  EXPECT_EQ(known.get("/hello", kRight).status, 200U);
  EXPECT_EQ(guessing.read_answer().status, 401U);
}

TEST_F(ListenerAccess, WhoseCheckCannotHaveAThreadIsToldToTryAgain) {
  settings.access.basic_auth_users = {{"prometheus", kSecret}};
  HttpClient client(start());
  {
    const NoThreads none;
    const Answer answer = client.get("/hello", kRight);
    EXPECT_EQ(answer.status, 503U);
    EXPECT_EQ(answer.headers.at("retry-after"), "1");
    EXPECT_EQ(client.get("/hello", kWrong).status, 503U);
    EXPECT_EQ(client.get("/hello").status, 401U) << "needs no check";
  }
  EXPECT_EQ(client.get("/hello", kRight).status, 200U);

  const NoThreads none;
  EXPECT_EQ(client.get("/hello", kRight).status, 200U) << "is known, and needs no thread";
}

TEST_F(ListenerAccess, StoppingWhileAPasswordIsCheckedIsClean) {
  std::string costly = kSecret;
  costly.replace(4, 2, "11");
  settings.access.basic_auth_users = {{"prometheus", costly}};
  const std::uint16_t port = start();
  HttpClient client(port);
  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n" + kWrong + "\r\n"));
  HttpClient other(port);
  // Connections are served in turn, so when this is answered the check has begun.
  ASSERT_EQ(other.get("/hello").status, 401U);

  server.reset();

  EXPECT_TRUE(client.is_ended());
}

TEST_F(ListenerAccess, ServesOverTls) {
  use_tls(Certificate("localhost"));
  HttpClient client(start(), believing());

  EXPECT_EQ(client.version(), "TLSv1.3");
  EXPECT_EQ(client.get("/hello").body, "hello");
  EXPECT_EQ(client.get("/large").body.size(), 8U << 20U);
  EXPECT_EQ(client.get("/hello", "Connection: close\r\n").body, "hello");
  EXPECT_TRUE(client.is_ended());
}

TEST_F(ListenerAccess, StreamsOverTls) {
  settings.comment_interval = std::chrono::milliseconds{5};
  use_tls(Certificate("localhost"));
  HttpClient client(start(), believing());

  EXPECT_EQ(client.open_stream("/stream", "Origin: https://localhost\r\n").status, 200U);
  EXPECT_EQ(client.read_event(), "data: 1");
  EXPECT_EQ(client.read_event(), ":");
}

TEST_F(ListenerAccess, APeerThatSpeaksPlainHttpIsToldSo) {
  use_tls(Certificate("localhost"));
  HttpClient client(start());

  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));

  EXPECT_EQ(client.read_answer(false).status, 400U);
  EXPECT_TRUE(client.is_ended());
}

TEST_F(ListenerAccess, APeerThatNeverShakesHandsIsDropped) {
  settings.header_timeout = std::chrono::milliseconds{20};
  use_tls(Certificate("localhost"));
  HttpClient client(start());

  EXPECT_TRUE(client.is_ended());
}

TEST_F(ListenerAccess, VersionsAreKeptWithinTheirLimits) {
  use_tls(Certificate("localhost"));
  settings.access.tls.min_version = "TLS13";
  TlsOfClient old = believing();
  old.max_version = TLS1_2_VERSION;
  const std::uint16_t port = start();

  EXPECT_THROW(HttpClient(port, old), std::runtime_error);
  EXPECT_EQ(HttpClient(port, believing()).version(), "TLSv1.3");

  settings.access.tls.min_version = "TLS12";
  settings.access.tls.max_version = "TLS12";
  EXPECT_EQ(HttpClient(start(), believing()).version(), "TLSv1.2");
}

TEST_F(ListenerAccess, OnlyTheSuitesThatAreNamedAreSpoken) {
  use_tls(Certificate("localhost"));
  settings.access.tls.max_version = "TLS12";
  settings.access.tls.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"};
  settings.access.tls.curve_preferences = {"CurveP384", "X25519"};

  EXPECT_EQ(HttpClient(start(), believing()).suite(), "ECDHE-ECDSA-CHACHA20-POLY1305");
}

TEST_F(ListenerAccess, AClientShowsACertificateWhereItMust) {
  use_tls(Certificate("localhost"));
  const Certificate scraper("prometheus");
  const Certificate stranger("stranger");
  for (const auto& [certificate, name] :
       {std::pair(&scraper, "scraper"), {&stranger, "stranger"}}) {
    certificate->write(path(std::string(name) + ".pem"));
    certificate->write_key(path(std::string(name) + ".key"));
  }
  settings.access.tls.client_ca_file = path("scraper.pem");
  settings.access.tls.client_auth_type = "RequireAndVerifyClientCert";
  const std::uint16_t port = start();
  const auto status_for = [&](const std::string& name) {
    TlsOfClient tls = believing();
    if (!name.empty()) {
      tls.certificate = path(name + ".pem");
      tls.key = path(name + ".key");
    }
    return HttpClient(port, tls).get("/hello").status;
  };

  EXPECT_EQ(status_for("scraper"), 200U);
  EXPECT_EQ(status_for("stranger"), 0U);
  EXPECT_EQ(status_for(""), 0U);
}

TEST_F(ListenerAccess, TlsAndPasswordsMayBeTurnedOnWhileItRuns) {
  const std::uint16_t port = start();
  HttpClient before(port);
  ASSERT_EQ(before.get("/hello").status, 200U);
  use_tls(Certificate("localhost"));
  settings.access.basic_auth_users = {{"prometheus", kSecret}};

  server->set_access(read_access(settings.access));

  EXPECT_TRUE(before.is_ended());
  HttpClient after(port, believing());
  EXPECT_EQ(after.get("/hello").status, 401U);
  EXPECT_EQ(after.get("/hello", kRight).status, 200U);
}

TEST_F(ListenerAccess, WhoIsKnownStaysKnownWhenOtherUsersChange) {
  settings.access.basic_auth_users = {{"prometheus", kSecret}, {"gone", kSecret}};
  const std::uint16_t port = start();
  const auto status_after_reload = [&] {
    HttpClient before(port);
    EXPECT_EQ(before.get("/hello").status, 401U);
    server->set_access(read_access(settings.access));
    EXPECT_TRUE(before.is_ended());  // the new users are in force
    const NoThreads none;
    return HttpClient(port).get("/hello", kRight).status;
  };
  ASSERT_EQ(HttpClient(port).get("/hello", kRight).status, 200U);

  settings.access.basic_auth_users = {{"prometheus", kSecret}, {"wall", kOther}};
  EXPECT_EQ(status_after_reload(), 200U);
  settings.access.allowed_hosts = {"wall.example"};
  EXPECT_EQ(status_after_reload(), 200U) << "and from one reload to the next";
  settings.access.basic_auth_users["prometheus"] = kOther;
  EXPECT_EQ(status_after_reload(), 503U) << "another password is to be proved";
  settings.access.basic_auth_users["prometheus"] = kSecret;
  EXPECT_EQ(status_after_reload(), 503U) << "and so is one that comes back";
}

TEST_F(ListenerAccess, ANewCertificateIsUsedFromTheNextConnectionOn) {
  use_tls(Certificate("localhost"));
  const std::uint16_t port = start();
  HttpClient before(port, believing());
  ASSERT_EQ(before.get("/hello").status, 200U);
  use_tls(Certificate("localhost"));

  server->set_access(read_access(settings.access));

  EXPECT_EQ(HttpClient(port, believing()).get("/hello").status, 200U);
  EXPECT_EQ(before.get("/hello").status, 200U) << "who is connected stays";
}

TEST_F(ListenerAccess, WhatIsWrongWithTheFilesIsASentence) {
  settings.access.tls.cert_file = path("none.pem");
  EXPECT_THAT(problem(), HasSubstr("http.tls_server_config.key_file"));
  settings.access.tls.key_file = path("none.key");
  EXPECT_THAT(problem(),
              AllOf(StartsWith("http.tls_server_config.cert_file: cannot read " + path("none.pem")),
                    HasSubstr("No such file or directory")));

  use_tls(Certificate("localhost"));
  EXPECT_EQ(problem(), "");
  Certificate("localhost").write_key(path("key.pem"));
  EXPECT_THAT(problem(), HasSubstr("is not the key of the certificate in"));
  std::ofstream(path("key.pem")) << "nonsense";
  EXPECT_THAT(problem(), HasSubstr("holds no private key in PEM"));
  std::ofstream(path("cert.pem")) << "nonsense";
  EXPECT_THAT(problem(), HasSubstr("holds no certificate in PEM"));
  settings.access.tls.cert_file = folder;
  EXPECT_THAT(problem(), HasSubstr("Is a directory"));
}

TEST_F(ListenerAccess, SettingsThatMeanNothingAreSentences) {
  use_tls(Certificate("localhost"));
  const auto with = [&](auto change) {
    const TlsSettings kept = settings.access.tls;
    change(settings.access.tls);
    std::string said = problem();
    settings.access.tls = kept;
    return said;
  };

  EXPECT_THAT(with([](TlsSettings& tls) { tls.min_version = "TLS10"; }), HasSubstr("use TLS12"));
  EXPECT_THAT(with([](TlsSettings& tls) { tls.max_version = "tls"; }), HasSubstr("no version"));
  EXPECT_THAT(with([](TlsSettings& tls) {
                tls.min_version = "TLS13";
                tls.max_version = "TLS12";
              }),
              HasSubstr("above max_version"));
  EXPECT_THAT(with([](TlsSettings& tls) { tls.client_auth_type = "Maybe"; }),
              HasSubstr("RequireAndVerifyClientCert"));
  EXPECT_THAT(with([](TlsSettings& tls) { tls.client_auth_type = "RequireAndVerifyClientCert"; }),
              HasSubstr("needs client_ca_file"));
  EXPECT_THAT(with([&](TlsSettings& tls) { tls.client_ca_file = tls.cert_file; }),
              HasSubstr("not asked for a certificate"));
  EXPECT_THAT(with([](TlsSettings& tls) { tls.cipher_suites = {"TLS_RSA_WITH_RC4_128_SHA"}; }),
              HasSubstr("unknown or unsafe"));
  EXPECT_THAT(with([](TlsSettings& tls) { tls.curve_preferences = {"P-1"}; }),
              HasSubstr("CurveP256"));
}

TEST_F(ListenerAccess, WithoutAuthoritiesOfItsOwnACertificateThatIsGivenIsVerifiedByTheSystems) {
  use_tls(Certificate("localhost"));
  const Certificate stranger("stranger");
  stranger.write(path("stranger.pem"));
  stranger.write_key(path("stranger.key"));
  settings.access.tls.client_auth_type = "VerifyClientCertIfGiven";
  const std::uint16_t port = start();
  TlsOfClient with_certificate = believing();
  with_certificate.certificate = path("stranger.pem");
  with_certificate.key = path("stranger.key");

  EXPECT_EQ(HttpClient(port, believing()).get("/hello").status, 200U);
  EXPECT_EQ(HttpClient(port, with_certificate).get("/hello").status, 0U);
}

TEST_F(ListenerAccess, ABadCertificateKeepsItFromStarting) {
  settings.access.tls.cert_file = path("none.pem");
  settings.access.tls.key_file = path("none.key");
  HttpServer wrong(settings, routes);

  EXPECT_THAT([&] { wrong.start(); },
              testing::ThrowsMessage<std::runtime_error>(HasSubstr("cannot read")));
}

TEST_F(ListenerAccess, ChangedFilesAreReadAgainAndBrokenOnesLeaveTheOld) {
  use_tls(Certificate("localhost"));
  TlsFiles files(settings.access.tls);
  const auto first = files.newest(std::chrono::steady_clock::time_point{seconds{100}});
  EXPECT_EQ(files.newest(std::chrono::steady_clock::time_point{seconds{102}}), first);

  Certificate("localhost").write(path("new.pem"));  // its key is still to come
  std::filesystem::rename(path("new.pem"), path("cert.pem"));
  EXPECT_EQ(files.newest(std::chrono::steady_clock::time_point{seconds{104}}), first);
  EXPECT_EQ(files.failures(), 1U);
  EXPECT_EQ(files.newest(std::chrono::steady_clock::time_point{seconds{106}}), first);
  EXPECT_EQ(files.failures(), 1U) << "tried once for each change";

  use_tls(Certificate("localhost"));
  EXPECT_EQ(files.newest(std::chrono::steady_clock::time_point{seconds{106}}), first)
      << "looked at once a second";
  const auto second = files.newest(std::chrono::steady_clock::time_point{seconds{108}});
  EXPECT_NE(second, first);
  EXPECT_GT(second->certificate_end, std::chrono::system_clock::now());
}

}  // namespace
}  // namespace deskpulse::http
