#include "daemon/app/settings.hpp"

#include <gmock/gmock.h>

#include "daemon/config/load.hpp"

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

config::Config config_of(const std::string& text) {
  const config::Loaded loaded = config::load({.document = config::Document{"d.toml", text},
                                              .environment = {},
                                              .overrides = {},
                                              .shipped_profiles = shipped_profile_names()});
  EXPECT_THAT(loaded.errors, IsEmpty());
  return loaded.config;
}

TEST(Settings, OfTheDefaultsAreTheEnginesOwn) {
  const engine::Settings from_config = engine_settings(config::Config{});
  const engine::Settings own;

  ASSERT_THAT(from_config.windows, SizeIs(own.windows.size()));
  for (std::size_t i = 0; i < own.windows.size(); ++i) {
    EXPECT_EQ(from_config.windows[i].label, own.windows[i].label);
    EXPECT_EQ(from_config.windows[i].span, own.windows[i].span);
  }
  EXPECT_EQ(from_config.shop_defaults.slow_after, own.shop_defaults.slow_after);
  EXPECT_EQ(from_config.shop_defaults.slow_times, own.shop_defaults.slow_times);
  EXPECT_EQ(from_config.shop_defaults.abandon_after, own.shop_defaults.abandon_after);
  EXPECT_EQ(from_config.shop_defaults.session_gap, own.shop_defaults.session_gap);
  EXPECT_EQ(from_config.shop_defaults.profile.name, own.shop_defaults.profile.name);
  const proto::Instant now{1'700'000'000s};
  EXPECT_EQ(from_config.calendar.day_of(now).start, own.calendar.day_of(now).start);
  EXPECT_THAT(from_config.shops, IsEmpty());
  EXPECT_EQ(from_config.limits.conversations, own.limits.conversations);
  EXPECT_EQ(from_config.limits.agents, own.limits.agents);
  EXPECT_EQ(from_config.limits.shops, own.limits.shops);
  EXPECT_EQ(from_config.limits.agent_idle, own.limits.agent_idle);
}

TEST(Settings, NoLimitsMayBeConfiguredWhoseStateCouldNotBeReadBack) {
  const auto refuses = [](const std::string& limit, std::uint64_t most) {
    return !config::load({.document = config::Document{"d.toml", "[limits]\n" + limit + " = " +
                                                                     std::to_string(most) + "\n"},
                          .environment = {},
                          .overrides = {},
                          .shipped_profiles = shipped_profile_names()})
                .errors.empty();
  };
  constexpr std::uint64_t kShops = engine::kMostSavedShops / 2;
  constexpr std::uint64_t kQueuesAndOthers = 2 * kShops;

  EXPECT_FALSE(refuses("shops", 1));
  EXPECT_TRUE(refuses("shops", kShops + 1));
  EXPECT_TRUE(refuses("agents", engine::kMostSavedAgents - kQueuesAndOthers + 1));
}

TEST(Settings, OfTheLimitsAreTheConfigurations) {
  const config::Config config = config_of(R"(
[limits]
conversations = 40
agents = 30
shops = 20
agent_idle = "10m"
remembered_ids = 50
buffered_events = 60
buffered_bytes = 1_048_577
depth = 8
)");

  const engine::Limits limits = engine_settings(config).limits;
  const intake::IntakeSettings intake = intake_settings(config);

  EXPECT_EQ(limits.conversations, 40U);
  EXPECT_EQ(limits.agents, 30U);
  EXPECT_EQ(limits.shops, 20U);
  EXPECT_EQ(limits.agent_idle, 10min);
  EXPECT_EQ(intake.remembered_ids, 50U);
  EXPECT_EQ(intake.buffered_events, 60U);
  EXPECT_EQ(intake.buffered_bytes, 1'048'577U);
  EXPECT_EQ(websocket_settings(config).max_depth, 8U);
}

TEST(Settings, OfTheFeedTakeEveryAddressThatAConfigurationMayHave) {
  for (const char* url : {"ws://a", "wss://a/", "ws://a:1?b", "ws://[::1]:80/x",
                          "ws://[::ffff:1.2.3.4]", "ws://a_b-c.d/"})
    EXPECT_EQ(
        websocket_settings(config_of("[feed]\nurl = \"" + std::string(url) + "\"\n")).endpoint.tls,
        std::string_view(url).starts_with("wss"))
        << url;
}

TEST(Settings, OfTheStoreAreTheConfigurations) {
  const PersistenceSettings without =
      persistence_settings(config_of("[store]\ndirectory = \"/srv\"\ninterval = \"30s\"\n"));
  const PersistenceSettings with = persistence_settings(config_of(R"(
[feed]
reorder_window = "2s"
[store]
directory = "/srv"
journal = true
journal_max_bytes = 3_000_000
journal_segment_bytes = 1_000_000
)"));

  EXPECT_EQ(without.directory, "/srv");
  EXPECT_EQ(without.interval, 30s);
  EXPECT_FALSE(without.journal);
  ASSERT_TRUE(with.journal);
  EXPECT_EQ(with.journal->reorder_window, 2s);
  EXPECT_EQ(with.journal->bounds.max_bytes, 3'000'000U);
  EXPECT_EQ(with.journal->bounds.segment_bytes, 1'000'000U);
}

TEST(Settings, OfTheFeedsDefaultsAreTheFeedsOwn) {
  const feed::WebsocketSettings feed = websocket_settings(config::Config{});
  const feed::WebsocketSettings own;
  const intake::IntakeSettings intake = intake_settings(config::Config{});
  const intake::IntakeSettings own_intake;
  const http::HttpSettings http = http_settings(config::Config{});
  const http::HttpSettings own_http;

  EXPECT_EQ(feed.endpoint, (feed::Endpoint{false, "127.0.0.1", "9871", "/"}));
  EXPECT_EQ(feed.protocol, own.protocol);
  EXPECT_EQ(feed.start_at, own.start_at);
  EXPECT_EQ(feed.max_message_bytes, own.max_message_bytes);
  EXPECT_EQ(feed.max_depth, own.max_depth);
  EXPECT_EQ(feed.timeouts.handshake, own.timeouts.handshake);
  EXPECT_EQ(feed.timeouts.message, own.timeouts.message);
  EXPECT_EQ(feed.timeouts.close, own.timeouts.close);
  EXPECT_EQ(intake.reorder_window, own_intake.reorder_window);
  EXPECT_EQ(intake.allowed_lateness, own_intake.allowed_lateness);
  EXPECT_EQ(intake.max_clock_skew, own_intake.max_clock_skew);
  EXPECT_EQ(intake.live_lag, own_intake.live_lag);
  EXPECT_EQ(intake.remembered_ids, own_intake.remembered_ids);
  EXPECT_EQ(intake.buffered_events, own_intake.buffered_events);
  EXPECT_EQ(intake.buffered_bytes, own_intake.buffered_bytes);
  EXPECT_EQ(http.address, own_http.address);
  EXPECT_EQ(http.port, own_http.port);
  EXPECT_EQ(http.max_connections, own_http.max_connections);
  EXPECT_EQ(http.max_header_bytes, own_http.max_header_bytes);
  EXPECT_EQ(http.header_timeout, own_http.header_timeout);
  EXPECT_EQ(http.write_timeout, own_http.write_timeout);
  EXPECT_EQ(http.max_held_bytes, own_http.max_held_bytes);
  EXPECT_EQ(http.access, own_http.access);
}

TEST(Settings, OfTargetsLeaveOutThoseThatAreNotSet) {
  EXPECT_THAT(
      targets_of(config_of("[targets]\nload = 0\nwaiting_customers = 20\n")),
      ElementsAre(
          moment::Target{"waiting_customers", 20}, moment::Target{"oldest_wait_seconds", 180},
          moment::Target{"slow_share", 0.1}, moment::Target{"unanswered_share", 0.05},
          moment::Target{"response_time_mean_seconds", 30},
          moment::Target{"response_time_p90_seconds", 90}, moment::Target{"timely_rate", 0.9}));
}

TEST(Settings, OfTheListenerCarryWhoMayTalkToIt) {
  config::Config config;
  config.http.allowed_hosts = {"wall"};
  config.http.tls.cert_file = "c";
  config.http.tls.key_file = "k";
  config.http.tls.client_ca_file = "ca";
  config.http.tls.client_auth_type = "RequireAndVerifyClientCert";
  config.http.tls.min_version = "TLS13";
  config.http.tls.cipher_suites = {"TLS_AES_128_GCM_SHA256"};
  config.http.tls.curve_preferences = {"X25519"};
  config.http.tls.prefer_server_cipher_suites = false;
  config.http.users = {{"alice", "hash"}};

  const http::AccessSettings access = http_settings(config).access;

  EXPECT_THAT(access.allowed_hosts, ElementsAre("wall"));
  EXPECT_EQ(access.tls.cert_file + access.tls.key_file + access.tls.client_ca_file, "ckca");
  EXPECT_EQ(access.tls.client_auth_type, "RequireAndVerifyClientCert");
  EXPECT_EQ(access.tls.min_version, "TLS13");
  EXPECT_EQ(access.tls.max_version, "TLS13");
  EXPECT_THAT(access.tls.cipher_suites, ElementsAre("TLS_AES_128_GCM_SHA256"));
  EXPECT_THAT(access.tls.curve_preferences, ElementsAre("X25519"));
  EXPECT_FALSE(access.tls.prefer_server_cipher_suites);
  EXPECT_THAT(access.basic_auth_users, ElementsAre(testing::Pair("alice", "hash")));
}

TEST(Settings, OfAShopBeginWithTheRules) {
  const engine::Settings settings = engine_settings(config_of(R"(
[rules]
slow_after = "50s"
slow_times = 2
profile = "jd"
[[shop]]
ids = ["a", "b"]
slow_after = "20s"
[[shop.agent]]
id = "x"
name = "小红"
group = "售前"
capacity = 7
[[shop]]
id = "c"
profile = "pdd"
)"));

  EXPECT_EQ(settings.shop_defaults.slow_after, 50s);
  ASSERT_THAT(settings.shops, SizeIs(3));
  EXPECT_EQ(settings.shops[1].id, "b");
  EXPECT_EQ(settings.shops[1].slow_after, 20s);
  EXPECT_EQ(settings.shops[1].slow_times, 2U);
  EXPECT_EQ(settings.shops[1].profile.name, "jd");
  ASSERT_THAT(settings.shops[1].agents, SizeIs(1));
  EXPECT_EQ(settings.shops[1].agents[0].id, "x");
  EXPECT_EQ(settings.shops[1].agents[0].name, "小红");
  EXPECT_EQ(settings.shops[1].agents[0].group, "售前");
  EXPECT_EQ(settings.shops[1].agents[0].capacity, 7U);
  EXPECT_EQ(settings.shops[2].slow_after, 50s);
  EXPECT_TRUE(settings.shops[2].profile.bot_is_valid);
}

TEST(Settings, OfAProfileChangeTheShippedOneOfThatNameOrTheDefault) {
  const engine::Settings settings = engine_settings(config_of(R"(
[profiles.taobao]
timely_within = "100s"
[profiles.jd]
service_hours = "00:00-24:00"
strict = false
[profiles.own]
valid_replies = ["human", "bot"]
unit = "session_first"
response_cap = "5m"
[profiles.bare]
[[shop]]
id = "t"
profile = "taobao"
[[shop]]
id = "j"
profile = "jd"
[[shop]]
id = "o"
profile = "own"
)"));

  const engine::Profile& taobao = settings.shops[0].profile;
  EXPECT_EQ(taobao.timely_within, 100s);
  EXPECT_EQ(taobao.response_cap, 600s);
  ASSERT_TRUE(taobao.service_hours);
  EXPECT_EQ(taobao.service_hours->from, 8h);

  const engine::Profile& jd = settings.shops[1].profile;
  EXPECT_FALSE(jd.strict);
  EXPECT_EQ(jd.unit, engine::Unit::session_first);
  ASSERT_TRUE(jd.service_hours);
  EXPECT_EQ(jd.service_hours->from, jd.service_hours->to);

  const engine::Profile& own = settings.shops[2].profile;
  EXPECT_EQ(own.name, "own");
  EXPECT_FALSE(own.assist_is_valid);
  EXPECT_TRUE(own.bot_is_valid);
  EXPECT_EQ(own.unit, engine::Unit::session_first);
  EXPECT_EQ(own.response_cap, 300s);
  EXPECT_EQ(own.timely_within, 180s);
}

TEST(Settings, CanTakeTheCapOfAShippedProfileAway) {
  const engine::Settings settings = engine_settings(
      config_of("[profiles.taobao]\nresponse_cap = \"none\"\n[rules]\nprofile = \"taobao\"\n"));

  EXPECT_EQ(settings.shop_defaults.profile.response_cap, std::nullopt);
}

TEST(Settings, TakeTheBusinessDayFromZoneAndCut) {
  const engine::Settings settings =
      engine_settings(config_of("[rules]\nzone = \"America/New_York\"\nday_cut = \"04:00\"\n"));

  // 2024-07-01 12:00 UTC is 08:00 there; the day began at 04:00 EDT = 08:00 UTC.
  EXPECT_EQ(settings.calendar.day_of(proto::Instant{1'719'835'200s}).start,
            proto::Instant{1'719'820'800s});
}

TEST(Settings, TakeTheListenAddressApart) {
  const auto listen = [](const std::string& address) {
    config::Config config;
    config.http.listen = address;
    const http::HttpSettings http = http_settings(config);
    return http.address + " " + std::to_string(http.port);
  };
  EXPECT_EQ(listen("0.0.0.0:80"), "0.0.0.0 80");
  EXPECT_EQ(listen("[::1]:9870"), "::1 9870");
  EXPECT_EQ(listen("localhost:0"), "127.0.0.1 0");
}

TEST(Settings, EveryFeedAddressThatAConfigurationMayHoldCanBeConnectedTo) {
  for (const char* url :
       {"ws://a", "ws://a:1", "wss://a.b-c_d:65535/x?y=1", "ws://[::1]:9871/", "wss://a?b",
        "ws://[fe80::1%eth0]/", "ws://a:/", "ws://-", "ws://a.", "wss://[::]", "ws://[]:1/",
        "ws://a:01/", "ws://a:1:2/", "ws://a/%20|^`{}<>"}) {
    const config::Loaded loaded = config::load({.document = std::nullopt,
                                                .environment = {},
                                                .overrides = {{"--feed-url", "feed.url", url}},
                                                .shipped_profiles = {"default"}});
    if (loaded.errors.empty()) {
      EXPECT_TRUE(feed::parse_endpoint(url)) << url;
    }
  }
}

}  // namespace
}  // namespace deskpulse
