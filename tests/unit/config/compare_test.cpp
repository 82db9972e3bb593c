#include "daemon/config/compare.hpp"

#include <gmock/gmock.h>

#include "daemon/config/load.hpp"

namespace deskpulse::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Config config_of(const std::string& text) {
  const Loaded loaded = load({.document = Document{"d.toml", text},
                              .environment = {},
                              .overrides = {},
                              .shipped_profiles = {"default", "taobao", "jd"}});
  EXPECT_THAT(loaded.errors, IsEmpty());
  return loaded.config;
}

std::vector<Change> changes(const std::string& old, const std::string& next) {
  return compare(config_of(old), config_of(next));
}

TEST(Compare, FindsNothingWhereOnlyTheWritingDiffers) {
  EXPECT_THAT(changes("[rules]\nslow_after = \"60s\"\n", ""), IsEmpty());
  EXPECT_THAT(changes("[[shop]]\nid = \"a\"\n[[shop]]\nid = \"b\"\n",
                      "[[shop]]\nid = \"b\"\n[[shop]]\nid = \"a\"\n"),
              IsEmpty());
}

TEST(Compare, SaysOldAndNewOfEachKeyAndWhatNeedsARestart) {
  EXPECT_THAT(changes("", R"(
[feed]
token_file = "/t"
live_lag = "3s"
[rules]
slow_after = "30s"
[windows]
rolling = ["1m", "5m"]
[targets]
slow_share = 0.25
[http]
listen = "[::1]:1"
allowed_hosts = ["a", "b"]
[http.tls_server_config]
cert_file = "/c"
key_file = "/k"
[store]
directory = "/srv"
[limits]
agents = 20
[privacy]
show_customers = true
[log]
level = "warn"
)"),
              ElementsAre(Change{"feed.token_file", "(not set)", "/t", true},
                          Change{"feed.live_lag", "5s", "3s", false},
                          Change{"rules.slow_after", "1m", "30s", false},
                          Change{"windows.rolling", "1m,5m,15m,30m,1h", "1m,5m", false},
                          Change{"targets.slow_share", "0.1", "0.25", true},
                          Change{"http.listen", "127.0.0.1:9870", "[::1]:1", false},
                          Change{"http.allowed_hosts", "", "a,b", true},
                          Change{"http.tls_server_config.cert_file", "(not set)", "/c", true},
                          Change{"http.tls_server_config.key_file", "(not set)", "/k", true},
                          Change{"store.directory", "(not set)", "/srv", false},
                          Change{"limits.agents", "10000", "20", false},
                          Change{"privacy.show_customers", "false", "true", true},
                          Change{"log.level", "info", "warn", true}));
}

TEST(Compare, SaysNoSecret) {
  const auto feed = [](const std::string& url) { return "[feed]\nurl = \"" + url + "\"\n"; };
  EXPECT_THAT(changes(feed("ws://a:1/"), feed("wss://b/one?key=1")),
              ElementsAre(Change{"feed.url", "ws://a:1/", "wss://b/(secret)", true}));
  EXPECT_THAT(changes(feed("wss://b?key=1"), feed("wss://b?key=2")),
              ElementsAre(Change{"feed.url", "wss://b/(secret)", "wss://b/(secret)", true}));

  Config old;
  old.http.users = {{"alice", "one"}, {"bob", "two"}, {"carol", "three"}};
  Config next;
  next.http.users = {{"carol", "three"}, {"bob", "changed"}, {"dave", "four"}};
  EXPECT_THAT(compare(old, next),
              ElementsAre(Change{"http.basic_auth_users.alice", "(set)", "(not set)", true},
                          Change{"http.basic_auth_users.bob", "(secret)", "(secret)", true},
                          Change{"http.basic_auth_users.dave", "(not set)", "(set)", true}));
}

TEST(Compare, LooksIntoProfilesShopsAndAgents) {
  EXPECT_THAT(changes(R"(
[profiles.night]
strict = true
[profiles.gone]
[[shop]]
id = "a"
slow_after = "30s"
[[shop.agent]]
id = "x"
capacity = 5
[[shop.agent]]
id = "y"
)",
                      R"(
[profiles.night]
timely_within = "45s"
[[shop]]
id = "a"
name = "旗舰店"
[[shop.agent]]
id = "x"
capacity = 6
[[shop]]
id = "new"
[[shop.agent]]
id = "x"
)"),
              ElementsAre(Change{"profiles.gone", "(set)", "(not set)", false},
                          Change{"profiles.night.timely_within", "(not set)", "45s", false},
                          Change{"profiles.night.strict", "true", "(not set)", false},
                          Change{"shop.a.name", "", "旗舰店", false},
                          Change{"shop.a.slow_after", "30s", "(not set)", false},
                          Change{"shop.a.agent.x.capacity", "5", "6", false},
                          Change{"shop.a.agent.y", "(set)", "(not set)", false},
                          Change{"shop.new", "(not set)", "(set)", false}));
}

TEST(Reloaded, TakesWhatIsLiveAndKeepsTheRestUntilARestart) {
  const Config old = config_of("[feed]\ntoken_file = \"/t\"\n[log]\nlevel = \"warn\"\n");
  Config next =
      config_of("[targets]\nload = 2\n[rules]\nslow_after = \"30s\"\n[[shop]]\nid = \"a\"\n");
  next.http.users = {{"alice", "hash"}};

  const Config result = reloaded(old, next);

  EXPECT_EQ(result.feed.token_file, std::nullopt);
  EXPECT_EQ(result.log.level, LogLevel::info);
  EXPECT_EQ(result.targets.load, 2);
  EXPECT_EQ(result.http.users, next.http.users);
  EXPECT_EQ(result.rules, old.rules);
  EXPECT_THAT(compare(result, next), ElementsAre(Change{"rules.slow_after", "1m", "30s", false},
                                                 Change{"shop.a", "(not set)", "(set)", false}));
}

}  // namespace
}  // namespace deskpulse::config
