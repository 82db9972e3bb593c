#include "daemon/serve/daemon_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>

#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/http/http_client.hpp"
#include "tests/unit/metrics/exposition_checker.hpp"
#include "tests/unit/metrics/sample_report.hpp"

namespace deskpulse::serve {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string gunzip(const std::string& bytes) {
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  std::string text(16U << 20U, '\0');
  std::size_t size = 0;
  const auto result = libdeflate_gzip_decompress(decompressor, bytes.data(), bytes.size(),
                                                 text.data(), text.size(), &size);
  libdeflate_free_decompressor(decompressor);
  EXPECT_EQ(result, LIBDEFLATE_SUCCESS);
  text.resize(size);
  return text;
}

/// Stands for the thread that owns the feed: answers at once, or keeps the questions.
class FakeFeed {
 public:
  moment::TakeMoment take_moment() {
    return [this](std::shared_ptr<moment::Moment> moment, std::function<void()> filled) {
      const std::lock_guard lock(mutex_);
      ++asked_;
      if (!is_busy_) {
        fill(*moment);
        return filled();
      }
      kept_.emplace_back(std::move(moment), std::move(filled));
      was_kept_.set_value();
    };
  }

  void be_busy() {
    const std::lock_guard lock(mutex_);
    is_busy_ = true;
    was_kept_ = {};
  }
  /// Waits until a question has been kept.
  void wait_until_asked() { was_kept_.get_future().wait(); }
  void answer() {
    const std::lock_guard lock(mutex_);
    is_busy_ = false;
    for (auto& [moment, filled] : std::exchange(kept_, {})) {
      fill(*moment);
      filled();
    }
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  template <class Change>
  void change_report(Change change) {
    const std::lock_guard lock(mutex_);
    change(report_);
  }
  void be_live() {
    const std::lock_guard lock(mutex_);
    status_.connected = true;
    status_.ever_connected = true;
    status_.stale = false;
  }
  void fill(moment::Moment& moment) const {
    moment.report = report_;
    moment.spans = {std::chrono::minutes{5}, proto::Millis{0}};
    moment.status = status_;
  }

 private:
  engine::Report report_ = metrics::report_with_names({"tea", "coffee"});
  moment::Status status_;
  std::mutex mutex_;
  bool is_busy_ = false;
  int asked_ = 0;
  std::promise<void> was_kept_;
  std::vector<std::pair<std::shared_ptr<moment::Moment>, std::function<void()>>> kept_;
};

class DaemonServerTest : public testing::Test {
 protected:
  DaemonServerTest() {
    settings.http.port = 0;
    settings.moments_apart = std::chrono::milliseconds{0};
    settings.build.version = "1.2.3";
  }
  std::uint16_t start() {
    server.emplace(settings, feed.take_moment());
    return server->start();
  }

  FakeFeed feed;
  DaemonServerSettings settings;
  std::optional<DaemonServer> server;
};

TEST_F(DaemonServerTest, MetricsHaveTheShopsAndTheDaemonItself) {
  http::HttpClient client(start());

  const http::Answer answer = client.get("/metrics");

  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(answer.headers.count("content-encoding"), 0U);
  const check::Page page = check::read_page(answer.body);
  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_shop_waiting_customers", {{"shop", "tea"}}), 3);
  EXPECT_EQ(page.value("deskpulse_shop_waiting_customers", {{"shop", "coffee"}}), 3);
  EXPECT_EQ(page.value("deskpulse_build_info", {{"version", "1.2.3"}, {"revision", ""}}), 1);
  EXPECT_FALSE(page.types.contains("deskpulse_agent_info"));
  EXPECT_TRUE(page.types.contains("process_cpu_seconds_total"));
}

TEST_F(DaemonServerTest, AgentsHaveAPageOfTheirOwn) {
  http::HttpClient client(start());

  const http::Answer answer = client.get("/metrics/agents");

  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const check::Page page = check::read_page(answer.body);
  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(
      page.value("deskpulse_agent_open_conversations", {{"shop", "tea"}, {"agent", "coffee"}}), 0);
  for (const auto& [family, type] : page.types) {
    EXPECT_TRUE(family.starts_with("deskpulse_agent_")) << family;
  }
}

TEST_F(DaemonServerTest, GzipComesOnlyWhenAskedFor) {
  http::HttpClient client(start());

  const http::Answer plain = client.get("/metrics/agents", "Accept-Encoding: gzip;q=0\r\n");
  const http::Answer zipped = client.get("/metrics/agents", "Accept-Encoding: deflate, gzip\r\n");

  EXPECT_EQ(plain.headers.count("content-encoding"), 0U);
  EXPECT_EQ(plain.headers.at("vary"), "Accept-Encoding");
  EXPECT_EQ(zipped.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(zipped.headers.at("vary"), "Accept-Encoding");
  EXPECT_LT(zipped.body.size(), plain.body.size() / 5);
  EXPECT_EQ(gunzip(zipped.body), plain.body);
}

TEST_F(DaemonServerTest, EachScrapeSeesTheNewestMoment) {
  http::HttpClient client(start());
  client.get("/metrics");
  feed.change_report([](engine::Report& report) { report.shops[0].levels.waiting_customers = 77; });

  const check::Page page = check::read_page(client.get("/metrics").body);

  EXPECT_EQ(page.value("deskpulse_shop_waiting_customers", {{"shop", "tea"}}), 77);
}

TEST_F(DaemonServerTest, ScrapesThatWaitTogetherShareOneMoment) {
  feed.be_busy();
  const std::uint16_t port = start();
  http::HttpClient first(port);
  http::HttpClient second(port);
  http::HttpClient third(port);

  ASSERT_TRUE(first.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  feed.wait_until_asked();
  ASSERT_TRUE(second.send("GET /metrics/agents HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  // Connections are served in turn, so when this is answered the second has been heard.
  ASSERT_EQ(third.get("/").status, 200U);
  feed.answer();

  EXPECT_THAT(first.read_answer().body, HasSubstr("deskpulse_shop_info"));
  EXPECT_THAT(second.read_answer().body, HasSubstr("deskpulse_agent_info"));
  EXPECT_EQ(feed.asked(), 1);
}

TEST_F(DaemonServerTest, HundredsOfScrapesThatWaitTogetherAreOneRendering) {
  settings.http.max_connections = 512;
  feed.be_busy();
  const std::uint16_t port = start();
  std::vector<std::unique_ptr<http::HttpClient>> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(std::make_unique<http::HttpClient>(port));
    const std::string coding = i % 2 == 0 ? "Accept-Encoding: gzip\r\n" : "";
    ASSERT_TRUE(
        clients.back()->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n" + coding + "\r\n"));
  }
  feed.wait_until_asked();
  ASSERT_EQ(http::HttpClient(port).get("/").status, 200U);  // by then all have been heard
  feed.answer();

  // What the process says of itself differs from rendering to rendering.
  const std::string zipped = clients[0]->read_answer().body;
  const std::string plain = clients[1]->read_answer().body;
  EXPECT_EQ(gunzip(zipped), plain);
  for (std::size_t i = 2; i < clients.size(); ++i)
    ASSERT_EQ(clients[i]->read_answer().body, i % 2 == 0 ? zipped : plain) << i;
  EXPECT_EQ(feed.asked(), 1);
}

TEST_F(DaemonServerTest, ABusyFeedIsSaidSoAndOnceFreeServesAgain) {
  settings.feed_deadline = std::chrono::milliseconds{20};
  feed.be_busy();
  http::HttpClient client(start());

  const http::Answer busy = client.get("/metrics");
  const http::Answer still_busy = client.get("/metrics");
  const http::Answer unhealthy = client.get("/-/healthy");
  feed.answer();

  EXPECT_EQ(busy.status, 503U);
  EXPECT_THAT(busy.body, HasSubstr("busy"));
  EXPECT_EQ(still_busy.status, 503U);
  EXPECT_EQ(unhealthy.status, 503U);
  EXPECT_EQ(feed.asked(), 1);  // questions do not pile up
  http::Answer answer;
  do {  // as often as it takes on a loaded machine
    answer = client.get("/metrics");
  } while (answer.status == 503);
  EXPECT_EQ(answer.status, 200U);
}

TEST_F(DaemonServerTest, TheFeedsThreadMayBeAnother) {
  std::vector<std::thread> threads;
  server.emplace(settings,
                 [&](std::shared_ptr<moment::Moment> moment, std::function<void()> filled) {
                   threads.emplace_back([this, moment, filled = std::move(filled)] {
                     feed.fill(*moment);
                     filled();
                   });
                 });
  http::HttpClient client(server->start());

  EXPECT_EQ(client.get("/metrics").status, 200U);
  EXPECT_EQ(client.get("/metrics/agents").status, 200U);

  server->stop();
  for (std::thread& thread : threads) thread.join();
}

TEST_F(DaemonServerTest, AnAnswerAfterTheEndDoesNothing) {
  feed.be_busy();
  http::HttpClient client(start());
  ASSERT_TRUE(client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  feed.wait_until_asked();

  server.reset();
  feed.answer();

  EXPECT_TRUE(client.is_ended());
}

TEST_F(DaemonServerTest, BeforeTheFirstReportThePageHasTheDaemonAlone) {
  feed.change_report([](engine::Report& report) { report = {}; });
  http::HttpClient client(start());

  const check::Page page = check::read_page(client.get("/metrics").body);

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("deskpulse_feed_connected", {}), 0);
  EXPECT_EQ(client.get("/metrics/agents").body, "");
}

TEST_F(DaemonServerTest, ReadyGivesTheReason) {
  http::HttpClient client(start());

  const http::Answer starting = client.get("/-/ready");
  feed.be_live();
  const http::Answer ready = client.get("/-/ready");

  EXPECT_EQ(starting.status, 503U);
  EXPECT_EQ(starting.headers.at("content-type"), "application/json");
  EXPECT_EQ(nlohmann::json::parse(starting.body),
            nlohmann::json({{"ready", false}, {"reason", "starting"}}));
  EXPECT_EQ(ready.status, 200U);
  EXPECT_EQ(nlohmann::json::parse(ready.body), nlohmann::json({{"ready", true}, {"reason", ""}}));
}

TEST_F(DaemonServerTest, TheIndexLinksToEveryEndpointAndEachIsThere) {
  feed.be_live();
  http::HttpClient client(start());

  const http::Answer index = client.get("/");

  EXPECT_EQ(index.headers.at("content-type"), "text/html; charset=utf-8");
  for (const std::string path : {"/wall", "/metrics", "/metrics/agents", "/api/v1/snapshot",
                                 "/api/v1/waiting", "/-/ready", "/-/healthy"}) {
    EXPECT_THAT(index.body, HasSubstr("href=\"" + path + "\""));
    EXPECT_EQ(client.get(path).status, 200U) << path;
  }
}

TEST_F(DaemonServerTest, TheStreamTheSnapshotAndTheMetricsSayTheSame) {
  const std::uint16_t port = start();
  http::HttpClient reader(port);
  http::HttpClient client(port);

  const http::Answer head = reader.open_stream("/api/v1/stream?shop=tea");
  const std::string event = reader.read_event().value_or("");
  const http::Answer snapshot = client.get("/api/v1/snapshot?shop=tea");
  const check::Page page = check::read_page(client.get("/metrics").body);

  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.headers.at("content-type").substr(0, 17), "text/event-stream");
  EXPECT_EQ(snapshot.headers.at("content-type"), "application/json");
  const auto numbers = nlohmann::json::parse(snapshot.body).at("numbers");
  EXPECT_EQ(nlohmann::json::parse(event.substr(event.find('{'))).at("numbers"), numbers);
  EXPECT_EQ(numbers.at("open_conversations"),
            page.value("deskpulse_shop_open_conversations", {{"shop", "tea"}}));
}

TEST_F(DaemonServerTest, AStreamOfAnUnknownShopIsRefusedInJson) {
  http::HttpClient client(start());

  const http::Answer answer = client.get("/api/v1/stream?shop=milk");

  EXPECT_EQ(answer.status, 404U);
  EXPECT_EQ(nlohmann::json::parse(answer.body).size(), 1U);
}

TEST_F(DaemonServerTest, CountsItsOwnRequests) {
  http::HttpClient client(start());
  client.get("/metrics");

  const check::Page page = check::read_page(client.get("/metrics").body);

  EXPECT_EQ(page.value("deskpulse_http_requests_total", {{"path", "/metrics"}, {"code", "200"}}),
            1);
}

}  // namespace
}  // namespace deskpulse::serve
