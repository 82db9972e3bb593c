// Peers that ask slowly, take slowly or guess, and the others, who must not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/http/event_stream.hpp"
#include "daemon/http/file_limit.hpp"
#include "daemon/http/http_server.hpp"
#include "daemon/http/network.hpp"
#include "daemon/http/password_checks.hpp"
#include "tests/unit/http/http_client.hpp"
#include "tests/unit/http/no_threads.hpp"

namespace deskpulse::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

const std::string kGetLarge = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
// "secret", at cost 4; and the header of prometheus:secret.
constexpr const char* kSecret = "$2b$04$j4BOH9zRM0KQ5PTvCruq3u.AAYSQPncAesR9U9eliznyVLXAkiIDW";
const std::string kRight = "Authorization: Basic cHJvbWV0aGV1czpzZWNyZXQ=\r\n";

/// A server with `/hello`, `/stream` and `/large`, a body of its own for each request that no
/// socket takes in one go.
class SlowPeers : public testing::Test {
 protected:
  SlowPeers() {
    settings.port = 0;
    routes.add("/hello",
               [](const Request&, const Reply& reply) { reply(text_response(200, "hello")); });
    routes.add("/large", [this](const Request&, const Reply& reply) {
      reply(text_response(200, std::string(large, 'x')));
    });
    routes.add_stream("/stream", [this](const Request&, const StreamReply& reply) {
      reply.accept()->send(std::make_shared<const std::string>("data: " + std::string(large, 'x')));
    });
  }

  std::uint16_t start() {
    server.emplace(settings, routes);
    return server->start();
  }
  HttpCounts counts() {
    std::promise<HttpCounts> counts;
    server->poster()([&] { counts.set_value(server->counts()); });
    return counts.get_future().get();
  }
  std::uint64_t closed_by(CloseReason reason) { return counts().closed_by(reason); }
  /// Waits until the server says so; a test that fails ends by its time-out.
  template <class Condition>
  void wait_until(Condition condition) {
    while (!condition()) std::this_thread::yield();
  }

  std::size_t large = 64U << 20U;
  HttpSettings settings;
  Routes routes;
  std::optional<HttpServer> server;
};

TEST_F(SlowPeers, ANewConnectionHasOneDeadlineForItsFirstRequestHoweverItDrips) {
  settings.header_timeout = milliseconds{100};
  settings.idle_timeout = seconds{600};
  settings.max_header_bytes = 64U << 20U;  // more than can drip until then
  const std::uint16_t port = start();
  HttpClient silent(port);
  HttpClient dripping(port);

  // A byte each time that the server answers somebody else, until it has had enough.
  std::size_t sent = 0;
  while (dripping.send("G") && closed_by(CloseReason::header_timeout) < 2) ++sent;

  EXPECT_TRUE(silent.is_ended());
  EXPECT_TRUE(dripping.is_ended());
  EXPECT_EQ(closed_by(CloseReason::header_timeout), 2U);
}

TEST_F(SlowPeers, ALaterRequestHasItsDeadlineFromItsFirstByte) {
  settings.header_timeout = milliseconds{100};
  const std::uint16_t port = start();
  std::optional<HttpClient> client;
  // The first one has a deadline as well, which a busy machine may miss.
  do client.emplace(port);
  while (client->get("/hello").status != 200U);
  const std::uint64_t missed = closed_by(CloseReason::header_timeout);

  ASSERT_TRUE(client->send("G"));

  EXPECT_TRUE(client->is_ended());
  EXPECT_EQ(closed_by(CloseReason::header_timeout), missed + 1);
}

TEST_F(SlowPeers, AKeptConnectionThatAsksNothingEnds) {
  settings.idle_timeout = milliseconds{20};
  HttpClient client(start());
  ASSERT_EQ(client.get("/hello").status, 200U);

  EXPECT_TRUE(client.is_ended());
  EXPECT_EQ(closed_by(CloseReason::idle_timeout), 1U);
}

TEST_F(SlowPeers, WhoTakesNothingOfAResponseForItsTimeIsDroppedAndTheBodyFreed) {
  settings.write_timeout = milliseconds{50};
  settings.response_timeout = seconds{600};
  HttpClient client(start());

  ASSERT_TRUE(client.send(kGetLarge));

  wait_until([&] { return closed_by(CloseReason::write_timeout) == 1; });
  wait_until([&] { return counts().held_bytes == 0; });
  EXPECT_EQ(client.read_answer().status, 0U) << "cut short";
}

TEST_F(SlowPeers, WhoTakesALittleNowAndThenIsDroppedWhenTheWholeResponseTakesTooLong) {
  settings.write_timeout = seconds{600};
  settings.response_timeout = milliseconds{100};
  HttpClient client(start());

  ASSERT_TRUE(client.send(kGetLarge));

  wait_until([&] { return closed_by(CloseReason::write_timeout) == 1; });
}

TEST_F(SlowPeers, WhoReadsALargeResponseGetsAllOfItWithinManySuchTimes) {
  settings.write_timeout = milliseconds{2'000};
  HttpClient client(start());

  EXPECT_EQ(client.get("/large").body.size(), large);
  EXPECT_EQ(closed_by(CloseReason::write_timeout), 0U);
}

TEST_F(SlowPeers, WhoTakesNothingOfAStreamIsDropped) {
  settings.write_timeout = milliseconds{50};
  const std::uint16_t port = start();
  HttpClient client(port);

  ASSERT_EQ(client.open_stream("/stream").status, 200U);

  wait_until([&] { return closed_by(CloseReason::write_timeout) == 1; });
  EXPECT_EQ(counts().streams, 0U);
}

TEST_F(SlowPeers, ResponsesThatNobodyTakesGiveWayToANewcomerBeforeTheirTime) {
  settings.max_connections = 4;
  const std::uint16_t port = start();
  std::vector<std::unique_ptr<HttpClient>> stalled;
  for (int i = 0; i < 4; ++i) {
    stalled.push_back(std::make_unique<HttpClient>(port));
    ASSERT_TRUE(stalled.back()->send(kGetLarge));
  }

  EXPECT_EQ(HttpClient(port).get("/hello").status, 200U);

  EXPECT_EQ(closed_by(CloseReason::evicted), 1U);
}

TEST_F(SlowPeers, AStreamThatNobodyTakesGivesWayToANewcomerBeforeItsTime) {
  settings.max_connections = 1;
  const std::uint16_t port = start();
  HttpClient stalled(port);
  ASSERT_EQ(stalled.open_stream("/stream").status, 200U);

  EXPECT_EQ(HttpClient(port).get("/hello").status, 200U);

  EXPECT_EQ(closed_by(CloseReason::evicted), 1U);
}

TEST_F(SlowPeers, WhoHasOnlyJustComeIsNotPushedOutByTheNext) {
  settings.max_connections = 1;
  const std::uint16_t port = start();
  bool is_answered = false;

  // Several times, since on a busy machine the first may be slow to ask.
  for (int i = 0; i < 50 && !is_answered; ++i) {
    wait_until([&] { return counts().connections == 0; });
    std::promise<void> released;
    server->poster()([&] { released.get_future().wait(); });
    HttpClient first(port);
    HttpClient second(port);
    released.set_value();
    for (int turn = 0; turn < 3; ++turn) counts();  // by then the server has seen both
    is_answered = first.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n") &&
                  first.read_answer().status == 200U;
  }

  EXPECT_TRUE(is_answered);
}

TEST_F(SlowPeers, WhoFillsTheTableLosesHisOwnConnectionsAndNotThoseOfOthers) {
  settings.max_connections = 4;
  const std::uint16_t port = start();
  HttpClient kept(port);
  ASSERT_EQ(kept.get("/hello").status, 200U);  // idle for longest from here on

  std::vector<std::unique_ptr<HttpClient>> greedy;
  for (int i = 0; i < 12; ++i) {
    greedy.push_back(std::make_unique<HttpClient>(port, "127.0.0.2"));
    ASSERT_EQ(greedy.back()->get("/hello").status, 200U);
  }

  EXPECT_EQ(closed_by(CloseReason::evicted), 9U);
  EXPECT_EQ(kept.get("/hello").status, 200U);
  EXPECT_TRUE(greedy.front()->is_ended());
}

TEST_F(SlowPeers, BodiesInMemoryHaveALimitAndTheOldestGoesFirst) {
  large = 16U << 20U;
  settings.max_held_bytes = 2 * large;
  const std::uint16_t port = start();
  std::vector<std::unique_ptr<HttpClient>> slow;
  for (std::size_t i = 0; i < 4; ++i) {
    slow.push_back(std::make_unique<HttpClient>(port));
    ASSERT_TRUE(slow.back()->send(kGetLarge));
    wait_until([&] {
      const HttpCounts now = counts();
      return now.held_bytes == std::min(i + 1, std::size_t{2}) * large &&
             now.closed_by(CloseReason::held_bytes) == (i < 2 ? 0 : i - 1);
    });
  }

  EXPECT_EQ(closed_by(CloseReason::held_bytes), 2U);
  EXPECT_EQ(slow[0]->read_answer().status, 0U);
  EXPECT_EQ(slow[1]->read_answer().status, 0U);
  EXPECT_EQ(slow[2]->read_answer().body.size(), large);
  EXPECT_EQ(slow[3]->read_answer().body.size(), large);
  wait_until([&] { return counts().held_bytes == 0; });
}

TEST_F(SlowPeers, ABodyThatIsLargerThanTheLimitIsSentAllTheSame) {
  settings.max_held_bytes = 1'000;
  HttpClient client(start());

  EXPECT_EQ(client.get("/large").body.size(), large);
}

TEST_F(SlowPeers, ABodyThatManyShareCountsOnce) {
  const auto shared = std::make_shared<const std::string>(large, 'x');
  routes.add("/shared", [&](const Request&, const Reply& reply) {
    Response response;
    response.body = *shared;
    response.body_owner = shared;
    reply(response);
  });
  settings.max_held_bytes = 2 * large;
  const std::uint16_t port = start();
  std::vector<std::unique_ptr<HttpClient>> readers;
  for (int i = 0; i < 3; ++i) {
    readers.push_back(std::make_unique<HttpClient>(port));
    ASSERT_TRUE(readers.back()->send("GET /shared HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  }
  ASSERT_EQ(HttpClient(port).get("/hello").status, 200U);  // by then all have been heard

  wait_until([&] { return counts().held_bytes == large; });
  for (const auto& reader : readers) EXPECT_EQ(reader->read_answer().body.size(), large);
}

TEST_F(SlowPeers, ThirtyTwoWrongPasswordsInFlightDoNotLockOutAFirstTimeUser) {
  // Cost 8: some 15 ms for each of them.
  std::string costly = kSecret;
  costly.replace(4, 2, "08");
  settings.access.basic_auth_users = {{"prometheus", kSecret}, {"costly", costly}};
  const std::uint16_t port = start();
  std::vector<std::unique_ptr<HttpClient>> guessing;
  for (int i = 0; i < 32; ++i) {
    // Three more letters of Base64 behind "nobody:" are a password of two characters.
    std::string password = "OmFh";
    password[2] = static_cast<char>('A' + i % 16);
    password[3] = static_cast<char>('A' + i / 16);
    guessing.push_back(std::make_unique<HttpClient>(port));
    ASSERT_TRUE(guessing.back()->send(
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic bm9ib2R5" + password +
        "\r\n\r\n"));
  }
  HttpClient first_time(port);

  EXPECT_EQ(first_time.get("/hello", kRight).status, 200U);
}

/// Password checks whose turns are the test's.
class PasswordTurns : public testing::Test {
 protected:
  PasswordTurns() {
    auth = std::make_shared<BasicAuth>(std::map<std::string, std::string>{{"u", kSecret}});
  }
  static Network network(unsigned char number) {
    Network network;
    network.bytes[15] = number;
    return network;
  }
  void check(unsigned char from, const std::string& name, bool is_right = false) {
    checks.check({.auth = auth,
                  .credentials = {.user = "u", .password = is_right ? "secret" : name},
                  .network = network(from),
                  .is_wanted = [this, name] { return gone != name; },
                  .done =
                      [this, name](PasswordChecks::Result result) {
                        using Result = PasswordChecks::Result;
                        done.push_back(name + (result == Result::right     ? " right"
                                               : result == Result::not_now ? " not now"
                                                                           : ""));
                      }});
  }
  /// Does what the checks' thread has posted, until so many are done.
  void wait_for(std::size_t count) {
    while (done.size() < count) {
      std::unique_lock lock(mutex);
      posted_one.wait(lock, [this] { return !posted.empty(); });
      const auto work = std::exchange(posted, {});
      lock.unlock();
      for (const auto& each : work) each();
    }
  }

  std::shared_ptr<BasicAuth> auth;
  std::string gone;
  std::vector<std::string> done;
  std::mutex mutex;
  std::condition_variable posted_one;
  std::vector<std::function<void()>> posted;
  PasswordChecks checks{[this](std::function<void()> work) {
    const std::lock_guard lock(mutex);
    posted.push_back(std::move(work));
    posted_one.notify_one();
  }};
};

TEST_F(PasswordTurns, NetworksTakeTurns) {
  for (const char* const name : {"a1", "a2", "a3", "a4"}) check(1, name);
  check(2, "b1");
  check(2, "b2");
  check(3, "c1", true);

  wait_for(7);

  EXPECT_THAT(done, ElementsAre("a1", "b1", "c1 right", "a2", "b2", "a3", "a4"));
}

TEST_F(PasswordTurns, TheSameCredentialsAreCheckedOnce) {
  check(1, "a1");
  check(1, "a2", true);
  check(1, "a3");
  check(2, "b1", true);

  wait_for(4);

  EXPECT_THAT(done, ElementsAre("a1", "b1 right", "a2 right", "a3"));
}

TEST_F(PasswordTurns, WhoHasGoneIsNotChecked) {
  check(1, "a1");
  check(1, "a2");
  check(1, "a3");
  gone = "a2";

  wait_for(2);

  EXPECT_THAT(done, ElementsAre("a1", "a3"));
}

TEST_F(PasswordTurns, BeyondTheLimitTheNetworkWithTheMostLosesItsNewest) {
  for (std::size_t i = 0; i <= PasswordChecks::kMaxWaiting; ++i) check(1, "a" + std::to_string(i));
  EXPECT_THAT(done, ElementsAre());

  check(2, "b1", true);

  EXPECT_THAT(done, ElementsAre("a" + std::to_string(PasswordChecks::kMaxWaiting) + " not now"));
  wait_for(3);
  EXPECT_EQ(done[1], "a0");
  EXPECT_EQ(done[2], "b1 right");
}

TEST_F(PasswordTurns, WithoutAThreadAllAreToldAndTheNextOneIsChecked) {
  check(1, "a1");
  check(1, "a2", true);
  check(2, "b1", true);
  {
    const NoThreads none;
    wait_for(3);
    check(3, "c1", true);
  }
  check(3, "c2", true);

  wait_for(5);

  EXPECT_THAT(done, ElementsAre("b1 not now", "a2 not now", "a1", "c1 not now", "c2 right"));
}

TEST(ANetwork, IsAnAddressOfIPv4AndTheFirstHalfOfOneOfIPv6) {
  const auto of = [](const char* text) { return network_of(boost::asio::ip::make_address(text)); };
  EXPECT_EQ(of("192.0.2.1"), of("::ffff:192.0.2.1"));
  EXPECT_NE(of("192.0.2.1"), of("192.0.2.2"));
  EXPECT_EQ(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::"));
  EXPECT_NE(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
}

TEST(ConnectionsWithin, LeaveFileDescriptorsForTheRest) {
  EXPECT_EQ(connections_within(20'000, 256), 256U);
  EXPECT_EQ(connections_within(280, 256), 256U);
  EXPECT_EQ(connections_within(50, 256), 26U);
  EXPECT_EQ(connections_within(3, 256), 1U);
  EXPECT_EQ(connections_within(0, 256), 1U);
}

/// While it lives accept() finds the process out of file descriptors, as RLIMIT_NOFILE would have
/// it: no more than there are now. Only accept(), since the sanitizers want some for themselves.
class NoFileDescriptors {
 public:
  NoFileDescriptors() { first_refused = next(); }
  ~NoFileDescriptors() { first_refused = INT_MAX; }
  NoFileDescriptors(const NoFileDescriptors&) = delete;
  NoFileDescriptors& operator=(const NoFileDescriptors&) = delete;

  static bool accept_fails() { return next() >= first_refused; }

 private:
  /// The lowest that is free; all below are taken, whatever this process was started with.
  static int next() {
    const int found = eventfd(0, EFD_CLOEXEC);
    close(found);
    return found;
  }
  static inline std::atomic<int> first_refused{INT_MAX};
};

}  // namespace
}  // namespace deskpulse::http

/// In place of the C library's.
extern "C" int accept(int listener, sockaddr* address, socklen_t* size) {
  if (deskpulse::http::NoFileDescriptors::accept_fails()) {
    errno = EMFILE;
    return -1;
  }
  return accept4(listener, address, size, 0);
}

namespace deskpulse::http {
namespace {

TEST_F(SlowPeers, WithoutFileDescriptorsTheIdleGiveWayAndNothingSpins) {
  const std::uint16_t port = start();
  HttpClient idle(port);
  ASSERT_EQ(idle.get("/hello").status, 200U);
  std::promise<void> released;
  std::promise<void> held;
  server->poster()([&] {
    held.set_value();
    released.get_future().wait();
  });
  held.get_future().wait();
  HttpClient newcomer(port);  // connected by the kernel, not accepted yet
  ASSERT_TRUE(newcomer.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  std::optional<NoFileDescriptors> none(std::in_place);

  released.set_value();
  const Answer answer = newcomer.read_answer();
  // Time for whoever would try again and again.
  std::promise<void> later;
  server->poster()([&] { server->after(milliseconds{350}, [&] { later.set_value(); }); });
  later.get_future().wait();
  const HttpCounts counted = counts();
  none.reset();

  EXPECT_EQ(answer.status, 200U);
  EXPECT_TRUE(idle.is_ended());
  EXPECT_EQ(counted.accept_failures, 1U);
  EXPECT_EQ(newcomer.get("/hello").status, 200U) << "nobody else has come";
}

}  // namespace
}  // namespace deskpulse::http
