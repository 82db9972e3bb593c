// The API without a network: requests, streams, time and the feed's thread are in the test's hand.
#include "daemon/serve/live_api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/metrics/sample_report.hpp"

namespace deskpulse::serve {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class FakeStream final : public http::EventStream {
 public:
  void send(std::shared_ptr<const std::string> event) override {
    events.push_back(std::move(event));
  }
  bool is_ended() const override { return ended; }

  std::vector<std::shared_ptr<const std::string>> events;
  bool ended = false;
};

json data_of(const std::string& event) {
  constexpr std::string_view kData = "\ndata: ";
  const std::size_t begin = event.find(kData) + kData.size();
  EXPECT_EQ(event.find('\n', begin), event.size() - 2) << "one line of data";
  EXPECT_THAT(event, testing::EndsWith("\n\n"));
  return json::parse(event.substr(begin));
}

class LiveApiTest : public testing::Test {
 protected:
  LiveApiTest() {
    moment_.report = metrics::report_with_names({"tea", "coffee"});
    moment_.spans = {5min, 0ms};
    moment_.at = proto::Instant{1'700'000'010s};
    moment_.status.stale = false;
    api_->add_routes(routes_);
    const AskingThread thread{[this](std::chrono::milliseconds delay, std::function<void()> work) {
                                timers_.push_back({now_ + delay, std::move(work)});
                              },
                              [](const std::function<void()>& work) { work(); }};
    moments_->ask_from(thread);
    api_->start(thread);
    asked_ = 0;  // but for the history's first point
  }

  /// Time passes, and everything that is due by then happens in order.
  void pass(std::chrono::milliseconds by) {
    const auto end = now_ + by;
    for (;;) {
      const auto next = std::min_element(timers_.begin(), timers_.end(), earlier);
      if (next == timers_.end() || next->at > end) break;
      now_ = next->at;
      const auto work = std::move(next->work);
      timers_.erase(next);
      work();
    }
    now_ = end;
  }

  http::Response get(const std::string& path, const std::string& query = "", bool gzip = false) {
    std::optional<http::Response> answer;
    http::Request request;
    request.path = path;
    request.query = query;
    request.accepts_gzip = gzip;
    (*routes_.find(path))(request, [&](http::Response response) { answer = std::move(response); });
    EXPECT_TRUE(answer.has_value()) << path;
    return answer.value_or(http::Response{});
  }
  json get_json(const std::string& path, const std::string& query = "") {
    const http::Response answer = get(path, query);
    EXPECT_EQ(answer.status, 200U) << answer.body;
    EXPECT_EQ(answer.content_type, "application/json");
    return json::parse(answer.body);
  }
  /// The status and the sentence of an answer that is an error.
  std::pair<unsigned, std::string> error(const std::string& path, const std::string& query) {
    const http::Response answer = get(path, query);
    EXPECT_EQ(answer.content_type, "application/json");
    return {answer.status, json::parse(answer.body).at("error").get<std::string>()};
  }
  /// A reader of the stream, or the refusal.
  std::shared_ptr<FakeStream> open(const std::string& query = "") {
    auto stream = std::make_shared<FakeStream>();
    bool accepted = false;
    http::StreamReply reply;
    reply.accept = [&, stream] {
      accepted = true;
      return stream;
    };
    reply.refuse = [this](http::Response response) { refusal_ = std::move(response); };
    http::Request request;
    request.path = "/api/v1/stream";
    request.query = query;
    (*routes_.find_stream(request.path))(request, reply);
    return accepted ? stream : nullptr;
  }

  struct Timer {
    std::chrono::milliseconds at;
    std::function<void()> work;
  };
  static bool earlier(const Timer& a, const Timer& b) { return a.at < b.at; }

  /// What the feed's thread answers with; the wishes are met with a row each.
  void fill(moment::Moment& moment) const {
    moment.at = moment_.at + now_;
    moment.report = moment_.report;
    moment.spans = moment_.spans;
    moment.status = moment_.status;
    for (moment::WaitingPage& page : moment.waiting) {
      const engine::WaitingScope& scope = page.wish.scope;
      page.list = {};
      if (scope.shop == "milk") page.list.answer = engine::WaitingAnswer::unknown_shop;
      if (scope.agent == "zoe") page.list.answer = engine::WaitingAnswer::unknown_agent;
      page.list.waiting_customers = page.wish.limit.value_or(1'000);
      page.list.rows = {{.shop = 0, .agent = 0, .customer = {1, 1}, .since = {}, .is_slow = false}};
    }
  }

  std::chrono::milliseconds now_{0};
  std::vector<Timer> timers_;
  moment::Moment moment_;
  bool is_busy_ = false;
  std::function<void()> answer_;  // what the busy feed will get to
  int asked_ = 0;
  std::vector<std::string> wished_;
  std::optional<http::Response> refusal_;
  http::Routes routes_;
  std::shared_ptr<MomentCoalescer> moments_ = std::make_shared<MomentCoalescer>(
      [this](const std::shared_ptr<moment::Moment>& moment, const std::function<void()>& filled) {
        ++asked_;
        wished_.clear();
        for (const moment::WaitingPage& page : moment->waiting)
          wished_.push_back(page.wish.scope.shop);
        answer_ = [this, moment, filled] {
          fill(*moment);
          filled();
        };
        if (!is_busy_) std::exchange(answer_, nullptr)();
      },
      5s, 0ms);
  std::shared_ptr<LiveApi> api_ = std::make_shared<LiveApi>(moments_);
};

TEST_F(LiveApiTest, ASnapshotIsOfAllShopsOrOfOne) {
  EXPECT_TRUE(get_json("/api/v1/snapshot")["shop"].is_null());
  EXPECT_EQ(get_json("/api/v1/snapshot", "shop=coffee&lang=zh")["shop"]["shop"], "coffee");
  EXPECT_EQ(get_json("/api/v1/snapshot", "shop=%63offee")["shop"]["shop"], "coffee");
  EXPECT_TRUE(get_json("/api/v1/snapshot", "shop=")["shop"].is_null());
  EXPECT_THAT(get_json("/api/v1/snapshot")["waiting"], SizeIs(1));
}

TEST_F(LiveApiTest, WaitingHandsOnWhatIsAskedFor) {
  EXPECT_EQ(get_json("/api/v1/waiting")["waiting_customers"], 1'000);
  EXPECT_EQ(get_json("/api/v1/waiting", "shop=tea&agent=amy&limit=7")["waiting_customers"], 7);
  EXPECT_EQ(get_json("/api/v1/waiting", "limit=0")["waiting_customers"], 0);
}

TEST_F(LiveApiTest, SaysWhatIsWrongAndNeverRepeatsIt) {
  const std::string hostile = "%3Cscript%3E";
  EXPECT_EQ(error("/api/v1/snapshot", "shop=milk").first, 404U);
  EXPECT_EQ(error("/api/v1/waiting", "shop=milk").first, 404U);
  EXPECT_EQ(error("/api/v1/waiting", "shop=tea&agent=zoe").first, 404U);
  EXPECT_EQ(error("/api/v1/waiting", "agent=amy").first, 400U);
  EXPECT_EQ(error("/api/v1/snapshot", "shop=%zz").first, 400U);
  EXPECT_EQ(error("/api/v1/snapshot", "shop=" + std::string(257, 'x')).first, 400U);
  for (const std::string limit : {"-1", "x", "1.5", "1000001", "99999999999999999999999"})
    EXPECT_EQ(error("/api/v1/waiting", "limit=" + limit).first, 400U) << limit;

  const auto [status, sentence] = error("/api/v1/snapshot", "shop=" + hostile);
  EXPECT_EQ(status, 404U);
  EXPECT_THAT(sentence, testing::Not(HasSubstr("script")));
}

TEST_F(LiveApiTest, ABusyFeedIsSaidSo) {
  is_busy_ = true;
  std::vector<unsigned> answers;
  const http::Reply note = [&](const http::Response& response) {
    answers.push_back(response.status);
  };
  (*routes_.find("/api/v1/snapshot"))({}, note);
  (*routes_.find("/api/v1/waiting"))({}, note);
  const auto stream = open();

  pass(5s);

  EXPECT_THAT(answers, ElementsAre(503, 503));
  EXPECT_EQ(stream, nullptr);
  ASSERT_TRUE(refusal_.has_value());
  EXPECT_EQ(refusal_->status, 503U);
}

TEST_F(LiveApiTest, ASnapshotIsCompressedForWhoAsks) {
  const http::Response plain = get("/api/v1/snapshot");
  const http::Response gzip = get("/api/v1/snapshot", "", true);

  EXPECT_FALSE(plain.gzip);
  EXPECT_TRUE(gzip.gzip);
  EXPECT_TRUE(gzip.negotiated);
  EXPECT_LT(gzip.body.size(), plain.body.size() / 2);
}

TEST_F(LiveApiTest, WhatIsAskedForTogetherIsWrittenAndCompressedOnce) {
  const auto ask = [&](const std::string& path, const std::string& query, bool gzip) {
    http::Request request;
    request.path = path;
    request.query = query;
    request.accepts_gzip = gzip;
    const auto answer = std::make_shared<http::Response>();
    (*routes_.find(path))(request,
                          [answer](http::Response response) { *answer = std::move(response); });
    return answer;
  };
  is_busy_ = true;
  std::vector<std::shared_ptr<http::Response>> snapshots;
  std::vector<std::shared_ptr<http::Response>> lists;
  for (int i = 0; i < 10; ++i) {
    snapshots.push_back(ask("/api/v1/snapshot", "", i % 2 == 0));
    lists.push_back(ask("/api/v1/waiting", "limit=" + std::to_string(5 + i), i % 2 == 0));
  }
  const auto of_a_shop = ask("/api/v1/snapshot", "shop=tea", false);
  while (answer_ != nullptr) std::exchange(answer_, nullptr)();

  for (std::size_t i = 2; i < 10; ++i) {
    EXPECT_EQ(snapshots[i]->body.data(), snapshots[i % 2]->body.data());
    EXPECT_EQ(lists[i]->body.data(), lists[i % 2]->body.data()) << "all of its one row";
  }
  EXPECT_NE(snapshots[0]->body, snapshots[1]->body);
  EXPECT_NE(of_a_shop->body, snapshots[1]->body);
  EXPECT_NE(lists[1]->body, snapshots[1]->body);
}

TEST_F(LiveApiTest, OfManyDifferentListsFewStayInMemory) {
  std::vector<std::weak_ptr<const void>> bodies;
  const auto ask = [&](int agent) {
    http::Request request;
    request.path = "/api/v1/waiting";
    request.query = "shop=tea&agent=" + std::to_string(agent);
    (*routes_.find(request.path))(request, [&](const http::Response& response) {
      EXPECT_THAT(std::string(response.body), HasSubstr("\"waiting\":[{"));
      bodies.push_back(response.body_owner);
    });
  };
  is_busy_ = true;
  for (int i = 0; i < 100; ++i) ask(i);
  while (answer_ != nullptr) std::exchange(answer_, nullptr)();

  ASSERT_THAT(bodies, SizeIs(100));
  const auto kept =
      std::count_if(bodies.begin(), bodies.end(), [](const auto& body) { return !body.expired(); });
  EXPECT_LE(kept, 10);
}

TEST_F(LiveApiTest, AStreamBeginsAtOnceAndGoesOnEachSecond) {
  const auto reader = open();
  ASSERT_NE(reader, nullptr);
  ASSERT_THAT(reader->events, SizeIs(1));

  moment_.report.shops[0].levels.waiting_customers = 77;
  pass(1s);

  ASSERT_THAT(reader->events, SizeIs(2));
  EXPECT_THAT(*reader->events[0], StartsWith("id: 1700000010000\nevent: snapshot\ndata: {"));
  EXPECT_EQ(data_of(*reader->events[0])["numbers"]["waiting_customers"], 6);
  EXPECT_EQ(data_of(*reader->events[1])["numbers"]["waiting_customers"], 80);
  pass(10s);
  EXPECT_THAT(reader->events, SizeIs(12));
}

TEST_F(LiveApiTest, IdsGrowThoughTheClockIsSetBack) {
  const auto reader = open();
  moment_.at -= 1h;
  pass(1s);

  EXPECT_THAT(*reader->events[0], StartsWith("id: 1700000010000\n"));
  EXPECT_THAT(*reader->events[1], StartsWith("id: 1700000010001\n"));
}

TEST_F(LiveApiTest, HoweverManyReadTheFeedIsAskedOnceASecondAndEachShopRenderedOnce) {
  std::vector<std::shared_ptr<FakeStream>> readers;
  for (int i = 0; i < 50; ++i) {
    readers.push_back(open());
    readers.push_back(open("shop=tea"));
  }
  EXPECT_EQ(asked_, 2);  // one for each shop that nobody looked at yet

  asked_ = 0;
  pass(3s);

  EXPECT_EQ(asked_, 3);
  EXPECT_THAT(wished_, UnorderedElementsAre("", "tea"));
  for (std::size_t i = 2; i < readers.size(); ++i)
    EXPECT_EQ(readers[i]->events.back(), readers[i % 2]->events.back());
  EXPECT_NE(readers[0]->events.back(), readers[1]->events.back());
  EXPECT_EQ(data_of(*readers[1]->events.back())["shop"]["shop"], "tea");
}

TEST_F(LiveApiTest, WithoutReadersNobodyTicks) {
  const auto reader = open();
  pass(2s);
  reader->ended = true;
  asked_ = 0;
  pass(10s);
  EXPECT_EQ(asked_, 0);

  const auto next = open();
  EXPECT_EQ(asked_, 1);  // not what was left over
  pass(1s);
  EXPECT_THAT(next->events, SizeIs(2));
  EXPECT_THAT(reader->events, SizeIs(3));
}

TEST_F(LiveApiTest, AReaderWhoHasGoneGetsNothingMoreAndTheOthersDo) {
  const auto gone = open();
  const auto stays = open();
  gone->ended = true;
  pass(1s);

  EXPECT_THAT(gone->events, SizeIs(1));
  EXPECT_THAT(stays->events, SizeIs(2));
}

TEST_F(LiveApiTest, AMomentThatLacksAReadersListIsNotShownToIt) {
  const auto stays = open();
  const auto gone = open("shop=tea");
  pass(1s);
  gone->ended = true;
  is_busy_ = true;
  pass(1s);  // the question on its way is about all shops only
  const auto next = open("shop=tea");
  ASSERT_THAT(next->events, SizeIs(1));

  is_busy_ = false;
  answer_();
  EXPECT_THAT(stays->events, SizeIs(3));
  EXPECT_THAT(next->events, SizeIs(1));
  pass(1s);

  ASSERT_THAT(next->events, SizeIs(2));
  EXPECT_THAT(data_of(*next->events[1])["waiting"], SizeIs(1));
}

TEST_F(LiveApiTest, AStreamOfAnUnknownShopIsRefused) {
  EXPECT_EQ(open("shop=milk"), nullptr);

  ASSERT_TRUE(refusal_.has_value());
  EXPECT_EQ(refusal_->status, 404U);
  EXPECT_EQ(open("shop=%"), nullptr);
  EXPECT_EQ(refusal_->status, 400U);
}

TEST_F(LiveApiTest, AStreamGoesOnAfterTheFeedWasBusy) {
  const auto reader = open();
  is_busy_ = true;
  pass(20s);
  EXPECT_THAT(reader->events, SizeIs(1));
  EXPECT_EQ(asked_, 2);  // questions do not pile up

  is_busy_ = false;
  answer_();
  EXPECT_THAT(reader->events, SizeIs(2));
  const std::size_t before = reader->events.size();
  pass(2s);

  EXPECT_EQ(reader->events.size(), before + 2);
}

TEST_F(LiveApiTest, TheHistoryIsSampledEachHalfMinuteThoughNobodyLooks) {
  pass(10min);

  EXPECT_LE(asked_, 21);
  const json history = get_json("/api/v1/snapshot")["history"];
  EXPECT_EQ(history["waiting_customers"].size(), 21U);
  EXPECT_EQ(history["waiting_customers"][0], 6);
  EXPECT_EQ(history["waiting_customers"][20], 6);
}

TEST_F(LiveApiTest, AHalfMinuteInWhichTheNumbersMoveAgainHasAPointThoughNobodyLooks) {
  moment_.status.stale = true;
  pass(75s);  // all of the second half minute and half of the third
  moment_.status.stale = false;
  pass(20s);

  const json line = get_json("/api/v1/snapshot")["history"]["waiting_customers"];
  EXPECT_EQ(line, json({6, nullptr, 6, 6}));
}

TEST_F(LiveApiTest, BeforeTheFirstReportThereAreNoNumbers) {
  moment_.report = {};

  EXPECT_EQ(error("/api/v1/snapshot", "").first, 503U);
}

}  // namespace
}  // namespace deskpulse::serve
