#include "daemon/config/print.hpp"

#include <gmock/gmock.h>

#include "daemon/config/load.hpp"

namespace deskpulse::config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Loaded load_text(const std::string& text) {
  return load({.document = Document{"printed.toml", text},
               .environment = {},
               .overrides = {},
               .shipped_profiles = {"default", "taobao", "jd"}});
}

TEST(PrintedConfig, OfTheDefaultsLoadsAsTheDefaults) {
  const Loaded loaded = load_text(to_toml(Config{}));

  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config, Config{});
}

TEST(PrintedConfig, WithEverySettingChangedLoadsAsItself) {
  const Loaded first = load_text(R"(
[feed]
url = "wss://chat.example.com:8443/stream"
name = "chat of \"the\" shops"
protocol = "plain"
start = "floor"
consumer = "wall \"1\" \\ \u00e9"
token_file = "/run/token"
max_frame_bytes = 65_536
permessage_deflate = true
reorder_window = "0s"
allowed_lateness = "1m30s"
max_clock_skew = "2s"
live_lag = "3s"
tls.ca_file = "/etc/ssl/ca.pem"
timeouts = { handshake = "1s", message = "2s", close = "250ms" }
reconnect = { base = "100ms", cap = "10s" }
[rules]
slow_after = "100s"
slow_times = 3
abandon_after = "1h"
session_gap = "5m"
zone = "America/New_York"
day_cut = "04:00"
profile = "night shift"
[windows]
rolling = ["60s", "2h"]
[http]
listen = "[::]:80"
max_connections = 3
max_header_bytes = 4_096
header_timeout = "2s"
write_timeout = "3s"
max_held_bytes = 2_000_000
allowed_hosts = ["wall.example.com", "*"]
[http.tls_server_config]
cert_file = "/c"
key_file = "/k"
client_ca_file = "/ca"
client_auth_type = "VerifyClientCertIfGiven"
min_version = "TLS13"
max_version = "TLS13"
cipher_suites = ["TLS_AES_128_GCM_SHA256"]
curve_preferences = ["X25519"]
prefer_server_cipher_suites = false
[store]
directory = "/srv/deskpulse"
interval = "30s"
journal = true
journal_max_bytes = 1_073_741_824
journal_segment_bytes = 65_536
[limits]
conversations = 50_000
agents = 300
shops = 7
agent_idle = "12h"
remembered_ids = 100_000
buffered_events = 5_000
buffered_bytes = 1_048_576
memory_bytes = 536_870_912
depth = 16
[targets]
waiting_customers = 50
oldest_wait_seconds = 100.5
slow_share = 0.2
unanswered_share = 0.02
response_time_mean_seconds = 20
response_time_p90_seconds = 60
load = 1.2
timely_rate = 0.95
[privacy]
show_customers = true
[log]
level = "debug"
format = "json"
[profiles."night shift"]
valid_replies = ["human", "bot"]
timely_within = "45s"
strict = true
unit = "session_first"
service_hours = "22:00-06:00"
response_cap = "10m"
[profiles.taobao]
response_cap = "none"
[[shop]]
ids = ["a", "b"]
profile = "jd"
slow_after = "30s"
slow_times = 2
abandon_after = "20m"
session_gap = "15m"
[[shop.agent]]
id = "小红"
name = "Xiao \u202e Hong"
group = "售前"
capacity = 12
[[shop.agent]]
id = "plain"
[[shop]]
id = "c"
name = "旗舰店"
)");
  ASSERT_THAT(first.errors, IsEmpty());

  const Loaded second = load_text(to_toml(first.config));

  EXPECT_THAT(second.errors, IsEmpty());
  EXPECT_EQ(second.config, first.config);
  EXPECT_EQ(second.config.shops.size(), 3U);
}

TEST(PrintedConfig, HidesTheQueryOfTheStreamWhichMayHoldAToken) {
  Config config;
  config.feed.url = "wss://chat.example.com/stream?token=word-nobody-may-see";

  const std::string text = to_toml(config);

  EXPECT_THAT(text, HasSubstr("url = \"wss://chat.example.com/stream?<secret>\"\n"));
  EXPECT_THAT(load_text(text).errors, SizeIs(1));  // rather than a stream that refuses us
}

TEST(PrintedConfig, NamesUsersAndHidesTheirHashes) {
  Config config;
  config.http.users = {{"alice", "$2y$05$Gq2Ggc0U0Pdp0uOkNvKyTeuOsX1gaE1DhZqPLe1yNlkhrKnxnEJSS"}};

  const std::string text = to_toml(config);

  EXPECT_THAT(text, HasSubstr("\"alice\" = \"<secret>\"\n"));
  EXPECT_THAT(text, Not(HasSubstr("$2y$")));
  EXPECT_THAT(load_text(text).errors, SizeIs(1));  // rather than an account without a password
}

TEST(PrintedConfig, ShowsWhatIsNotSetAsAComment) {
  const std::string text = to_toml(Config{});

  EXPECT_THAT(text, HasSubstr("[feed]\n# Where the stream of events is: ws:// or wss://.\n"
                              "url = \"ws://127.0.0.1:9871/\"\n"));
  EXPECT_THAT(text, HasSubstr("# token_file is not set\n"));
}

}  // namespace
}  // namespace deskpulse::config
