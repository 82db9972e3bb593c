#include "daemon/config/load.hpp"

#include <gmock/gmock.h>

namespace deskpulse::config {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Sources sources_of(const std::string& text) {
  return {.document = Document{"d.toml", text},
          .environment = {},
          .overrides = {},
          .shipped_profiles = {"default", "taobao", "jd"}};
}

Loaded load_text(const std::string& text) { return load(sources_of(text)); }

std::vector<std::string> errors_of(const std::string& text) { return load_text(text).errors; }

// --- what is read ---

TEST(Load, WithoutAnySourceGivesTheDefaults) {
  const Loaded loaded = load({});

  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.config, Config{});
  EXPECT_EQ(loaded.config.feed.url, "ws://127.0.0.1:9871/");
  EXPECT_EQ(loaded.config.rules.zone, "Asia/Shanghai");
}

TEST(Load, ReadsSectionsAndLeavesTheRestAtItsDefault) {
  const Loaded loaded = load_text(R"(
[feed]
url = "wss://chat.example.com/stream"
protocol = "plain"
[feed.timeouts]
close = "1s"
[rules]
slow_after = "1m30s"
day_cut = "04:00"
[windows]
rolling = ["1m", "90s"]
)");

  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config.feed.url, "wss://chat.example.com/stream");
  EXPECT_EQ(loaded.config.feed.protocol, Protocol::plain);
  EXPECT_EQ(loaded.config.feed.close_timeout, 1s);
  EXPECT_EQ(loaded.config.feed.message_timeout, 10s);
  EXPECT_EQ(loaded.config.rules.slow_after, 90s);
  EXPECT_EQ(loaded.config.rules.day_cut, 4h);
  EXPECT_THAT(loaded.config.windows, ElementsAre(Window{"1m", 60s}, Window{"90s", 90s}));
}

TEST(Load, GivesEveryIdOfAShopSectionTheSameSettings) {
  const Loaded loaded = load_text(R"(
[[shop]]
ids = ["a", "b"]
slow_after = "30s"
profile = "jd"
[[shop.agent]]
id = "x"
capacity = 5
[[shop]]
id = "c"
name = "旗舰店"
)");

  ASSERT_THAT(loaded.errors, IsEmpty());
  ASSERT_THAT(loaded.config.shops, SizeIs(3));
  const Shop& a = loaded.config.shops[0];
  Shop b = loaded.config.shops[1];
  EXPECT_EQ(a.id, "a");
  EXPECT_EQ(a.slow_after, 30s);
  EXPECT_EQ(a.profile, "jd");
  EXPECT_THAT(a.agents, ElementsAre(Agent{"x", "", "", 5}));
  EXPECT_EQ(b.id, "b");
  b.id = "a";
  EXPECT_EQ(a, b);
  EXPECT_EQ(loaded.config.shops[2].name, "旗舰店");
  EXPECT_EQ(loaded.config.shops[2].slow_after, std::nullopt);
}

TEST(Load, ReadsProfilesThatShopsCanName) {
  const Loaded loaded = load_text(R"(
[profiles.night]
valid_replies = ["human", "bot"]
timely_within = "45s"
strict = true
unit = "session_first"
service_hours = "22:00-06:00"
response_cap = "none"
[[shop]]
id = "a"
profile = "night"
)");

  ASSERT_THAT(loaded.errors, IsEmpty());
  ASSERT_THAT(loaded.config.profiles, SizeIs(1));
  const Profile& night = loaded.config.profiles[0];
  EXPECT_EQ(night.name, "night");
  EXPECT_THAT(night.valid_replies.value(), ElementsAre("human", "bot"));
  EXPECT_EQ(night.timely_within, 45s);
  EXPECT_EQ(night.strict, true);
  EXPECT_EQ(night.unit, JudgedUnit::session_first);
  EXPECT_EQ(night.service_hours, (Hours{22h, 6h}));
  EXPECT_EQ(night.response_cap, 0s);
}

TEST(Load, ReadsTargetsWithAndWithoutAPoint) {
  const Loaded loaded =
      load_text("[targets]\noldest_wait_seconds = 120\nslow_share = 0.25\nload = 0\n");

  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config.targets.oldest_wait_seconds, 120);
  EXPECT_EQ(loaded.config.targets.slow_share, 0.25);
  EXPECT_EQ(loaded.config.targets.load, 0);
  EXPECT_EQ(loaded.config.targets.timely_rate, 0.9);
}

// htpasswd -nbB alice "a password"
constexpr const char* kHash = "$2y$05$Gq2Ggc0U0Pdp0uOkNvKyTeuOsX1gaE1DhZqPLe1yNlkhrKnxnEJSS";

TEST(Load, ReadsWhoMayTalkToTheListener) {
  const Loaded loaded = load_text(std::string(R"(
[http]
allowed_hosts = ["wall.example.com"]
[http.tls_server_config]
cert_file = "/etc/deskpulse/cert.pem"
key_file = "/etc/deskpulse/key.pem"
client_ca_file = "/etc/deskpulse/ca.pem"
client_auth_type = "RequireAndVerifyClientCert"
min_version = "TLS13"
cipher_suites = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]
curve_preferences = ["X25519", "CurveP256"]
prefer_server_cipher_suites = false
[http.basic_auth_users]
alice = ")") + kHash + "\"\n");

  ASSERT_THAT(loaded.errors, IsEmpty());
  const Http& http = loaded.config.http;
  EXPECT_THAT(http.allowed_hosts, ElementsAre("wall.example.com"));
  EXPECT_EQ(http.tls.cert_file, "/etc/deskpulse/cert.pem");
  EXPECT_EQ(http.tls.key_file, "/etc/deskpulse/key.pem");
  EXPECT_EQ(http.tls.client_ca_file, "/etc/deskpulse/ca.pem");
  EXPECT_EQ(http.tls.client_auth_type, "RequireAndVerifyClientCert");
  EXPECT_EQ(http.tls.min_version, "TLS13");
  EXPECT_EQ(http.tls.max_version, "TLS13");
  EXPECT_THAT(http.tls.cipher_suites, ElementsAre("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
  EXPECT_THAT(http.tls.curve_preferences, ElementsAre("X25519", "CurveP256"));
  EXPECT_FALSE(http.tls.prefer_server_cipher_suites);
  EXPECT_THAT(http.users, ElementsAre(BasicAuthUser{"alice", kHash}));
}

TEST(Load, ReadsWhatIsKeptAndHowMuchMayGrow) {
  const Loaded loaded = load_text(R"(
[store]
directory = "/srv/deskpulse"
interval = "30s"
journal = true
[limits]
agents = 300
agent_idle = "12h"
memory_bytes = 536_870_912
)");

  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config.store.directory, "/srv/deskpulse");
  EXPECT_EQ(loaded.config.store.interval, 30s);
  EXPECT_TRUE(loaded.config.store.journal);
  EXPECT_EQ(loaded.config.store.journal_max_bytes, 10'737'418'240);
  EXPECT_EQ(loaded.config.limits.agents, 300);
  EXPECT_EQ(loaded.config.limits.agent_idle, 12h);
  EXPECT_EQ(loaded.config.limits.memory_bytes, 536'870'912);
  EXPECT_EQ(loaded.config.limits.conversations, 2'000'000);
}

// --- precedence ---

TEST(Load, TakesTheStateDirectoryOfTheServiceManagerWhereNoOtherIsSet) {
  const auto directory = [](const std::string& text, const std::string& given) {
    Sources sources = sources_of(text);
    sources.environment = {{"STATE_DIRECTORY", given}};
    const Loaded loaded = load(sources);
    EXPECT_THAT(loaded.errors, IsEmpty());
    return loaded.config.store.directory.value_or("(not set)");
  };

  EXPECT_EQ(directory("", "/var/lib/deskpulse"), "/var/lib/deskpulse");
  EXPECT_EQ(directory("", "/var/lib/deskpulse:/var/lib/other"), "/var/lib/deskpulse");
  EXPECT_EQ(directory("", ""), "(not set)");
  EXPECT_EQ(directory("[store]\ndirectory = \"/srv\"\n", "/var/lib/deskpulse"), "/srv");
  EXPECT_EQ(directory("[store]\ndirectory = \"\"\n", "/var/lib/deskpulse"), "");
}

TEST(Load, LetsTheFileWinOverDefaultsTheEnvironmentOverItAndFlagsOverAll) {
  Sources sources =
      sources_of("[rules]\nslow_after = \"10s\"\nsession_gap = \"10s\"\nabandon_after = \"10s\"\n");
  sources.environment = {{"DESKPULSE_RULES_SESSION_GAP", "20s"},
                         {"DESKPULSE_RULES_ABANDON_AFTER", "20s"},
                         {"PATH", "/bin"}};
  sources.overrides = {{"--set", "rules.abandon_after", "30s"}};

  const Loaded loaded = load(sources);

  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config.rules.slow_times, 1);
  EXPECT_EQ(loaded.config.rules.slow_after, 10s);
  EXPECT_EQ(loaded.config.rules.session_gap, 20s);
  EXPECT_EQ(loaded.config.rules.abandon_after, 30s);
}

TEST(Load, ReadsNumbersTruthsAndListsFromTheEnvironment) {
  Sources sources;
  sources.environment = {{"DESKPULSE_HTTP_MAX_CONNECTIONS", "7"},
                         {"DESKPULSE_FEED_PERMESSAGE_DEFLATE", "true"},
                         {"DESKPULSE_WINDOWS_ROLLING", "1m, 5m"},
                         {"DESKPULSE_FEED_TLS_CA_FILE", "/etc/ca.pem"},
                         {"DESKPULSE_FEED_TOKEN_FILE", ""}};

  const Loaded loaded = load(sources);

  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config.http.max_connections, 7);
  EXPECT_TRUE(loaded.config.feed.permessage_deflate);
  EXPECT_THAT(loaded.config.windows, ElementsAre(Window{"1m", 60s}, Window{"5m", 300s}));
  EXPECT_EQ(loaded.config.feed.tls_ca_file, "/etc/ca.pem");
  EXPECT_EQ(loaded.config.feed.token_file, std::nullopt);
}

TEST(Load, WarnsOfAnUnknownVariableAndGoesOn) {
  Sources sources;
  sources.environment = {{"DESKPULSE_FEED_ULR", "ws://a/"},
                         {"DESKPULSE_PORT_9870_TCP_PROTO", "tcp"}};

  const Loaded loaded = load(sources);

  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings,
              ElementsAre("environment DESKPULSE_FEED_ULR: unknown variable, ignored; did you mean "
                          "DESKPULSE_FEED_URL?",
                          "environment DESKPULSE_PORT_9870_TCP_PROTO: unknown variable, ignored; "
                          "--print-config shows every setting"));
}

TEST(Load, WarnsOfATargetForWaitsBeyondThoseThatAreCounted) {
  const Loaded counted = load_text("[targets]\noldest_wait_seconds = 600\n");
  const Loaded beyond = load_text("[targets]\noldest_wait_seconds = 600.5\n");

  EXPECT_THAT(counted.warnings, IsEmpty());
  EXPECT_THAT(beyond.errors, IsEmpty());
  EXPECT_THAT(beyond.warnings,
              ElementsAre("d.toml:2:23: targets.oldest_wait_seconds is above 600, the longest wait "
                          "that customers are counted by: DeskpulseManyCustomersWaitTooLong will "
                          "never fire"));
}

// --- errors, with their exact place and text ---

TEST(LoadError, OfSyntaxSaysWhereTheFileStopsBeingToml) {
  const auto errors = errors_of("[feed]\nurl = \n");

  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0], testing::StartsWith("d.toml:2:7: not valid TOML: "));
  EXPECT_THAT(errors[0], testing::EndsWith("; correct it, the rest of the file was not read"));
}

TEST(LoadError, OfAnUnknownKeyNamesTheNearestKnownOne) {
  EXPECT_THAT(errors_of("[rules]\n\n  slow_aftr = \"60s\"\n"),
              ElementsAre("d.toml:3:3: unknown key \"slow_aftr\" in [rules]; did you mean "
                          "\"slow_after\"?"));
}

TEST(LoadError, OfAnUnknownSectionNamesTheNearestKnownOne) {
  EXPECT_THAT(errors_of("[rulez]\nslow_after = \"60s\"\n"),
              ElementsAre("d.toml:1:2: unknown key \"rulez\"; did you mean \"rules\"?"));
}

TEST(LoadError, OfAKeyInTheWrongSectionNamesTheRightOne) {
  EXPECT_THAT(errors_of("slow_after = \"60s\"\n"),
              ElementsAre("d.toml:1:1: unknown key \"slow_after\"; did you mean "
                          "\"rules.slow_after\"?"));
}

TEST(LoadError, OfAKeyLikeNoOtherListsWhatIsKnown) {
  EXPECT_THAT(
      errors_of("[log]\nbanana = 1\n"),
      ElementsAre("d.toml:2:1: unknown key \"banana\" in [log]; known here: level, format"));
  EXPECT_THAT(errors_of("[campaign]\n"),
              ElementsAre("d.toml:1:2: unknown key \"campaign\"; known here: feed, rules, windows, "
                          "targets, http, store, limits, privacy, log, profiles, shop"));
}

TEST(LoadError, OfAHashThatIsNoneDoesNotRepeatIt) {
  const std::string hash = kHash;
  for (const std::string& wrong :
       {std::string("my-password"), std::string("<secret>"), hash.substr(1), hash + "x",
        "$2y$03$" + hash.substr(7), "$2y$32$" + hash.substr(7), "$2z$05$" + hash.substr(7),
        hash.substr(0, 59) + "!", "$5$" + hash.substr(3)}) {
    const auto errors = errors_of("[http.basic_auth_users]\nalice = \"" + wrong + "\"\n");

    EXPECT_THAT(errors, ElementsAre("d.toml:2:9: http.basic_auth_users.alice must be a bcrypt "
                                    "hash, which begins with $2y$; make one with htpasswd -nB "
                                    "NAME (package apache2-utils)"));
  }
  EXPECT_THAT(errors_of("[http.basic_auth_users]\n\"a:b\" = \"" + hash + "\"\nc = 3\n"),
              ElementsAre(HasSubstr("d.toml:2:1: the name of a user must be"),
                          HasSubstr("d.toml:3:5: http.basic_auth_users.c must be a bcrypt hash")));
  EXPECT_THAT(errors_of("[http.basic_auth_users]\n\"" + hash + "\" = \"alice\"\n"),
              ElementsAre(AllOf(HasSubstr("write name = \"hash\""), Not(HasSubstr(hash)))));
  EXPECT_THAT(errors_of("[http]\nbasic_auth_user = 1\n"),
              ElementsAre(HasSubstr("did you mean \"basic_auth_users\"?")));
  EXPECT_THAT(errors_of("[http]\nbasic_auth_users = 1\n"), ElementsAre(HasSubstr("is a section")));
}

TEST(LoadWarning, OfATokenThatAnotherMachineIsSentInTheOpen) {
  const auto warnings = [](const std::string& url) {
    return load_text("[feed]\nurl = \"" + url + "\"\ntoken_file = \"/t\"\n").warnings;
  };

  for (const char* url : {"ws://chat.example.com/", "ws://10.0.0.7:80/x", "ws://[2001:db8::1]/",
                          "ws://localhost.example.com/", "ws://127.0.0.1.example.com/"})
    EXPECT_THAT(warnings(url), ElementsAre(HasSubstr("d.toml:3:14: feed.token_file goes to another "
                                                     "machine over ws://")))
        << url;
  for (const char* url :
       {"wss://chat.example.com/", "ws://localhost/", "ws://localhost:9871/x",
        "ws://127.0.0.1:9871/", "ws://127.8.9.1?a", "ws://[::1]", "ws://[::1]:1/"})
    EXPECT_THAT(warnings(url), IsEmpty()) << url;
  EXPECT_THAT(load_text("[feed]\nurl = \"ws://chat.example.com/\"\n").warnings, IsEmpty());
  EXPECT_THAT(load_text("[feed]\nurl = \"ws://chat.example.com/?token=t\"\n").warnings,
              ElementsAre(AllOf(HasSubstr("d.toml:2:7: the query of feed.url"),
                                HasSubstr("over ws://"), Not(HasSubstr("=t")))));
}

TEST(LoadError, OfAnAddressThatNoConnectionCanBeMadeTo) {
  for (const std::string& host : {std::string("[fe80::1%eth0]"), std::string("[::::]"),
                                  std::string("[1]"), std::string(254, 'a')})
    EXPECT_THAT(errors_of("[feed]\nurl = \"ws://" + host + ":80/\"\n"), SizeIs(1)) << host;
}

TEST(LoadWarning, OfAuthoritiesThatVerifyNobody) {
  const Loaded loaded = load_text(
      "[http.tls_server_config]\ncert_file = \"c\"\nkey_file = \"k\"\nclient_ca_file = "
      "\"ca\"\nclient_auth_type = \"RequireAnyClientCert\"\n");

  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("verifies nobody")));
}

TEST(LoadError, OfTlsSettingsThatDoNotGoTogether) {
  const auto errors = [](const std::string& lines) {
    return errors_of("[http.tls_server_config]\n" + lines);
  };
  const std::string both = "cert_file = \"c\"\nkey_file = \"k\"\n";

  EXPECT_THAT(errors("cert_file = \"c\"\n"),
              ElementsAre(HasSubstr("d.toml:2:13: http.tls_server_config.cert_file needs")));
  EXPECT_THAT(errors("key_file = \"k\"\n"), ElementsAre(HasSubstr("key_file needs")));
  EXPECT_THAT(errors("client_auth_type = \"RequestClientCert\"\n"),
              ElementsAre(HasSubstr("means nothing without TLS")));
  EXPECT_THAT(errors(both + "client_auth_type = \"RequireAndVerifyClientCert\"\n"),
              ElementsAre(HasSubstr("needs a client_ca_file")));
  EXPECT_THAT(errors(both + "client_auth_type = \"VerifyClientCertIfGiven\"\n"), IsEmpty());
  EXPECT_THAT(errors(both + "client_ca_file = \"ca\"\n"), ElementsAre(HasSubstr("is not used")));
  EXPECT_THAT(errors(both + "min_version = \"TLS13\"\nmax_version = \"TLS12\"\n"),
              ElementsAre(HasSubstr("d.toml:4:15: http.tls_server_config.min_version leaves")));
  EXPECT_THAT(errors(both + "min_version = \"TLS10\"\n"),
              ElementsAre(HasSubstr("must be \"TLS12\" or \"TLS13\"")));
  EXPECT_THAT(errors("client_auth_type = \"Requires\"\n"), SizeIs(1));
  EXPECT_THAT(errors("curve_preferences = [\"P256\"]\n"), SizeIs(1));
  EXPECT_THAT(errors("cipher_suites = [\"AES128-SHA:HIGH\"]\n"), SizeIs(1));
}

TEST(LoadError, OfAStoreThatCannotBeKept) {
  const auto errors = [](const std::string& lines) { return errors_of("[store]\n" + lines); };

  EXPECT_THAT(errors("interval = \"50ms\"\n"),
              ElementsAre("d.toml:2:12: store.interval must be a duration from 100ms to 1h; write "
                          "it like \"60s\", \"1m30s\" or \"500ms\""));
  EXPECT_THAT(errors("directory = \"a\\u0000b\"\n"),
              ElementsAre("d.toml:2:13: store.directory must be the path of a directory; write "
                          "\"\" to keep nothing"));
  EXPECT_THAT(errors("journal = true\n"),
              ElementsAre("d.toml:2:11: store.journal needs a place; set store.directory, or "
                          "remove store.journal"));
  EXPECT_THAT(errors("directory = \"\"\njournal = true\n"), SizeIs(1));
  EXPECT_THAT(errors("directory = \"/s\"\njournal = true\n"), IsEmpty());
  EXPECT_THAT(errors("journal_max_bytes = 67_108_864\n"),
              ElementsAre("d.toml:2:21: store.journal_max_bytes must hold two segments; raise it, "
                          "or lower store.journal_segment_bytes"));
}

TEST(LoadError, OfLimitsNamesTheField) {
  const auto errors = [](const std::string& lines) { return errors_of("[limits]\n" + lines); };

  EXPECT_THAT(errors("agents = 0\ndepth = 2000\nagent_idle = \"0s\"\n"),
              ElementsAre("d.toml:2:10: limits.agents must be a whole number from 1 to 1000000; "
                          "write it without quotes",
                          "d.toml:3:9: limits.depth must be a whole number from 4 to 1024; write "
                          "it without quotes",
                          "d.toml:4:14: limits.agent_idle must be a duration from 1s to 366d; "
                          "write it like \"60s\", \"1m30s\" or \"500ms\""));
  EXPECT_THAT(errors("memory_bytes = 1000\n"),
              ElementsAre("d.toml:2:16: limits.memory_bytes must be 0, or a whole number from "
                          "67108864 to 1125899906842624; write it without quotes"));
  EXPECT_THAT(errors("memory_bytes = 0\n"), IsEmpty());
  for (const char* key :
       {"conversations", "agents", "shops", "remembered_ids", "buffered_events", "buffered_bytes"})
    EXPECT_THAT(errors(std::string(key) + " = -1\n"), SizeIs(1)) << key;
}

TEST(LoadError, OfTargetsThatNothingCanReach) {
  for (const char* line : {"slow_share = 1.5", "timely_rate = 90", "load = -1", "load = nan",
                           "load = inf", "load = \"1\"", "slow_share = 1e10"})
    EXPECT_THAT(errors_of("[targets]\n" + std::string(line) + "\n"),
                ElementsAre(HasSubstr("0 is no target")))
        << line;
}

TEST(LoadError, OfAHostWithAPort) {
  for (const char* hosts : {"[\"a:9870\"]", "[\"http://a\"]", "[\"\"]", "\"a\"", "[\"*.a\"]"})
    EXPECT_THAT(errors_of("[http]\nallowed_hosts = " + std::string(hosts) + "\n"),
                ElementsAre(HasSubstr("host names without ports")))
        << hosts;
}

TEST(LoadError, OfAnUnknownKeyInShopAgentAndProfile) {
  EXPECT_THAT(errors_of("[[shop]]\nid = \"a\"\nprofil = \"jd\"\n"
                        "[[shop.agent]]\nid = \"x\"\ncapacty = 3\n"
                        "[profiles.p]\ntimely = \"3s\"\nresponse_max = \"3s\"\n"),
              ElementsAre("d.toml:3:1: unknown key \"profil\" in [[shop]]; did you mean "
                          "\"profile\"?",
                          "d.toml:6:1: unknown key \"capacty\" in [[shop.agent]]; did you mean "
                          "\"capacity\"?",
                          "d.toml:8:1: unknown key \"timely\" in [profiles.p]; known here: "
                          "valid_replies, timely_within, strict, unit, service_hours, "
                          "response_cap",
                          "d.toml:9:1: unknown key \"response_max\" in [profiles.p]; did you mean "
                          "\"response_cap\"?"));
}

TEST(LoadError, OfAWrongTypeSaysWhatToWrite) {
  EXPECT_THAT(
      errors_of("[rules]\nslow_after = 60\nslow_times = \"3\"\n[feed]\npermessage_deflate = 1\n"
                "[windows]\nrolling = \"1m\"\n[http]\nmax_connections = 2.5\n"),
      ElementsAre("d.toml:2:14: rules.slow_after must be a duration from 1ms to 7d; write it like "
                  "\"60s\", \"1m30s\" or \"500ms\"",
                  "d.toml:3:14: rules.slow_times must be a whole number from 1 to 1000; write it "
                  "without quotes",
                  "d.toml:5:22: feed.permessage_deflate must be true or false; write no quotes",
                  "d.toml:7:11: windows.rolling must be a list of 1 to 8 different durations from "
                  "1s to 1d, each a multiple of 60ms; write it like [\"1m\", \"5m\", \"1h\"]",
                  "d.toml:9:19: http.max_connections must be a whole number from 1 to 65536; "
                  "write it without quotes"));
}

TEST(LoadError, OfASectionThatIsAValueShowsItsHeader) {
  EXPECT_THAT(
      errors_of("feed = 1\nprofiles = 2\nshop = 3\n"),
      ElementsAre(
          "d.toml:1:8: feed is a section; write [feed] on a line of its own",
          "d.toml:2:12: profiles holds sections; write [profiles.NAME] on a line of its own",
          "d.toml:3:8: shop is a list of sections; write [[shop]] on a line of its own, once for "
          "each"));
  EXPECT_THAT(errors_of("[shop]\nid = \"a\"\n"),
              ElementsAre("d.toml:1:1: shop is a list of sections; write [[shop]] on a line of its "
                          "own, once for each"));
  EXPECT_THAT(errors_of("[profiles]\njd = 1\n"),
              ElementsAre("d.toml:2:6: profiles.jd is a section; write [profiles.jd] on a line of "
                          "its own"));
}

TEST(LoadError, OfAValueOutOfRangeNamesTheRange) {
  EXPECT_THAT(errors_of("[rules]\nabandon_after = \"0s\"\nsession_gap = \"8d\"\nslow_times = 0\n"),
              ElementsAre("d.toml:2:17: rules.abandon_after must be a duration from 1ms to 7d; "
                          "write it like \"60s\", \"1m30s\" or \"500ms\"",
                          "d.toml:3:15: rules.session_gap must be a duration from 1ms to 7d; "
                          "write it like \"60s\", \"1m30s\" or \"500ms\"",
                          "d.toml:4:14: rules.slow_times must be a whole number from 1 to 1000; "
                          "write it without quotes"));
  for (const char* good :
       {"slow_after = \"1ms\"", "slow_after = \"7d\"", "slow_times = 1000", "day_cut = \"23:59\""})
    EXPECT_THAT(errors_of("[rules]\n" + std::string(good)), IsEmpty()) << good;
  EXPECT_THAT(errors_of("[rules]\nday_cut = \"24:00\"\n"),
              ElementsAre("d.toml:2:11: rules.day_cut must be a time of day from 00:00 to 23:59; "
                          "write it like \"04:00\""));
}

TEST(LoadError, OfAWordThatIsNoChoiceListsTheChoices) {
  EXPECT_THAT(
      errors_of("[log]\nlevel = \"loud\"\n[feed]\nprotocol = \"v1\"\n"),
      ElementsAre("d.toml:2:9: log.level must be \"debug\", \"info\", \"warn\" or \"error\"; "
                  "choose one of them",
                  "d.toml:4:12: feed.protocol must be \"deskpulse.v1\" or \"plain\"; choose "
                  "one of them"));
}

TEST(LoadError, OfWindowsThatCannotBeKept) {
  for (const char* bad : {R"([])", R"(["1m","60s"])", R"(["today"])", R"(["1m", 5])", R"(["1s"])",
                          R"(["2d"])", R"(["1m","2m","3m","4m","5m","6m","7m","8m","9m"])"})
    EXPECT_THAT(errors_of("[windows]\nrolling = " + std::string(bad)),
                ElementsAre(HasSubstr("d.toml:2:11: windows.rolling must be a list of 1 to 8 ")))
        << bad;
  EXPECT_THAT(errors_of("[windows]\nrolling = [\"3s\", \"1d\"]"), IsEmpty());
}

TEST(LoadError, OfAFeedAddress) {
  for (const char* bad :
       {"http://a/", "ws://", "ws:///x", "ws://a:0/", "ws://a:65536/", "ws://a:/", "ws://a b/",
        "ws://u:p@a/", "ws://a/#f", "ws://[::1/", "ws://[zz]/", "127.0.0.1:9871"})
    EXPECT_THAT(
        errors_of("[feed]\nurl = \"" + std::string(bad) + "\""),
        ElementsAre("d.toml:2:7: feed.url must be an address such as "
                    "\"wss://chat.example.com/stream\"; begin it with ws:// or wss:// and put no "
                    "user name or password into it"))
        << bad;
  for (const char* good : {"ws://a", "ws://a:1", "wss://a.b-c_d:65535/x?y=1", "ws://[::1]:9871/"})
    EXPECT_THAT(errors_of("[feed]\nurl = \"" + std::string(good) + "\""), IsEmpty()) << good;
}

TEST(LoadError, OfAListenAddress) {
  for (const char* bad : {"127.0.0.1", ":9870", "9870", "a:b", "example.com:9870", "1.2.3:9870",
                          "[1.2.3.4]:80", "127.0.0.1:70000", "[::1]", "::1:9870"})
    EXPECT_THAT(errors_of("[http]\nlisten = \"" + std::string(bad) + "\""),
                ElementsAre("d.toml:2:10: http.listen must be an IP address, or localhost, and a "
                            "port; write it like "
                            "\"127.0.0.1:9870\" or \"[::1]:9870\""))
        << bad;
  for (const char* good : {"0.0.0.0:9870", "localhost:0", "[::]:80"})
    EXPECT_THAT(errors_of("[http]\nlisten = \"" + std::string(good) + "\""), IsEmpty()) << good;
}

TEST(LoadError, OfAnUnknownZoneStandsAtItsValue) {
  const std::string advice =
      "; choose a name such as \"Asia/Shanghai\" that is a file below /usr/share/zoneinfo (package "
      "tzdata, or tzdata-legacy for old names such as PRC)";
  EXPECT_THAT(errors_of("[rules]\nzone = \"Asia/Shangai\"\n"),
              ElementsAre("d.toml:2:8: unknown time zone \"Asia/Shangai\"" + advice));
  EXPECT_THAT(errors_of("[rules]\nzone = \"localtime\"\n"),
              ElementsAre("d.toml:2:8: unknown time zone \"localtime\"" + advice));
}

TEST(LoadError, OfAnUnknownProfileNamesTheNearest) {
  EXPECT_THAT(
      errors_of("[rules]\nprofile = \"tabao\"\n[[shop]]\nid = \"a\"\nprofile = \"amazon\"\n"),
      ElementsAre("d.toml:2:11: unknown profile \"tabao\"; did you mean \"taobao\"?",
                  "d.toml:5:11: unknown profile \"amazon\"; known: default, taobao, jd"));
}

TEST(LoadError, OfARepeatedShopNamesTheFirstLine) {
  EXPECT_THAT(errors_of("[[shop]]\nid = \"a\"\n[[shop]]\nids = [\"b\", \"a\", \"b\"]\n"),
              ElementsAre("d.toml:4:13: shop \"a\" is already configured at line 2; remove one of "
                          "the two",
                          "d.toml:4:18: shop \"b\" is already configured at line 4; remove one of "
                          "the two"));
}

TEST(LoadError, OfAnIdThatTheStreamCannotSend) {
  EXPECT_THAT(errors_of("[[shop]]\nid = \"a\\u0085\"\n"),
              ElementsAre(HasSubstr("without control characters")));
  EXPECT_THAT(errors_of("[[shop]]\nid = \"a\\u00a0旗舰店\"\n"), IsEmpty());
}

TEST(LoadError, OfShopIds) {
  EXPECT_THAT(errors_of("[[shop]]\nname = \"a\"\n"),
              ElementsAre("d.toml:1:1: a [[shop]] without an id; add id = \"…\", or ids = [\"…\", "
                          "\"…\"] for several shops with the same settings"));
  EXPECT_THAT(errors_of("[[shop]]\nid = \"a\"\nids = [\"b\"]\n"),
              ElementsAre("d.toml:3:7: a [[shop]] with both id and ids; keep one of them"));
  EXPECT_THAT(errors_of("[[shop]]\nids = []\n"),
              ElementsAre("d.toml:2:7: shop.ids must be a list of shop ids; write it like [\"a\", "
                          "\"b\"]"));
  EXPECT_THAT(errors_of("[[shop]]\nid = \"\"\n[[shop]]\nid = 5\n[[shop]]\nids = [\"a\\u0007\"]\n"),
              ElementsAre("d.toml:2:6: shop.id must be 1 to 256 bytes of text without control "
                          "characters; write it as the stream does",
                          "d.toml:4:6: shop.id must be 1 to 256 bytes of text without control "
                          "characters; write it as the stream does",
                          "d.toml:6:8: shop.ids must be 1 to 256 bytes of text without control "
                          "characters; write it as the stream does"));
  EXPECT_THAT(errors_of("[[shop]]\nids = [\"a\", \"b\"]\nname = \"x\"\n"),
              ElementsAre("d.toml:3:8: one name cannot stand for several shops; give each a "
                          "[[shop]] of its own"));
}

TEST(LoadError, OfANameThatTomlWantsInQuotesSaysWhere) {
  EXPECT_THAT(errors_of("[feed]\n\n[店铺]\nid = \"a\"\n"),
              ElementsAre(testing::StartsWith("d.toml:3:2: not valid TOML: ")));
  EXPECT_THAT(errors_of("[[ 店铺 ]]\n"),
              ElementsAre(testing::StartsWith("d.toml:1:4: not valid TOML: ")));
  EXPECT_THAT(errors_of("店铺 = 1\n"),
              ElementsAre(testing::StartsWith("d.toml:1:1: not valid TOML: ")));
}

TEST(LoadError, StaysOnOneLineWhateverItQuotes) {
  const auto errors = errors_of("\"a\\n\\u001b[2J\" = 1\n[rules]\nprofile = \"x\\ny\"\n");
  ASSERT_THAT(errors, SizeIs(2));
  EXPECT_THAT(errors[0], HasSubstr("unknown key \"a??[2J\""));
  EXPECT_THAT(errors[1], HasSubstr("\"x?y\""));
  EXPECT_THAT(errors_of("[privacy]\nshow_customers = fal\ns\n"),
              ElementsAre(testing::Not(HasSubstr("\n"))));
}

TEST(LoadError, OfALetterWhereNoneCanBe) {
  for (const char* const letter : {"é", "ü", "。", "\u00a1", "\u0480", "中", "😀"}) {
    EXPECT_THAT(errors_of(std::string("[feed]\nurl = 2") + letter + "\n"),
                ElementsAre(testing::StartsWith("d.toml:2:")))
        << letter;
    EXPECT_THAT(errors_of(std::string("[feed]") + letter + "\n"),
                ElementsAre(testing::StartsWith("d.toml:1:7: not valid TOML: ")))
        << letter;
  }
}

TEST(LoadError, OfALetterBehindABackslash) {
  for (const char* const text :
       {R"("\é")", R"("""\é""")", "\"\"\"\\\né\"\"\"", "\"\"\"\\ \n \t。\"\"\"", R"("é\\\。")"})
    EXPECT_THAT(errors_of("[[shop]]\nid = \"a\"\nname = " + std::string(text) + "\n"),
                ElementsAre(testing::HasSubstr(": not valid TOML: ")))
        << text;
}

TEST(LoadError, OfAQuoteThatOpensNothingWithALetterBehindIt) {
  EXPECT_THAT(errors_of("[feed]\nurl = 2d\"w店\"\n"),
              ElementsAre(HasSubstr("d.toml:2:8: not valid TOML: ")));
  EXPECT_THAT(errors_of("[feed]\nurl = =\"店\"\n"),
              ElementsAre(HasSubstr("d.toml:2:7: not valid TOML: ")));
  EXPECT_THAT(errors_of("[feed]\n\"店铺\" = \"é\" 1\n"),
              ElementsAre(HasSubstr("d.toml:2:12: not valid TOML: ")));
}

TEST(Load, TellsNamesBeyondAsciiApart) {
  EXPECT_THAT(errors_of("[profiles.\"大促\"]\nstrict = true\n[profiles.\"日常\"]\nstrict = true\n"),
              IsEmpty());
}

TEST(Load, TakesAnyLetterInQuotesAndComments) {
  for (const char* const text :
       {R"("é。店")", R"('é。店\。')", R"("\\é")", R"("\"é" # é)", R"("" # é)", R"('' # é)",
        R"("""店é"店"é。""")", R"('''\é'店''')", R"("""é"""" # '"é)", R"('''é''''' # "'é)",
        R"("""\\é""")", "\"\"\"\\\n aé\\\\é\"\"\"", "\"\"\"\\\n\"\"\" # é", "\"\"\"\né\"\"\""})
    EXPECT_THAT(errors_of("\xef\xbb\xbf# é\n[log] # \"é\nlevel = \"info\"\n[[shop]]\nid = \"a\"\n"
                          "name = " +
                          std::string(text) + "\n\"é\" = 1 # é\n"),
                ElementsAre(testing::HasSubstr("unknown key \"é\"")))
        << text;
}

TEST(LoadError, OfAKeyWithoutEnd) {
  std::string deep = "[feed]\na";
  for (int i = 0; i < 1'000'000; ++i) deep += ".a";
  EXPECT_THAT(errors_of(deep + " = 1\n"),
              ElementsAre("d.toml:2:2002: more dots than a key can have; "
                          "correct it, the file was not read"));
  EXPECT_THAT(errors_of("# " + std::string(990, '.') + "\n# " + std::string(990, '.') + "\n"),
              IsEmpty());
}

TEST(LoadError, OfAgentIds) {
  EXPECT_THAT(
      errors_of("[[shop]]\nid = \"a\"\n[[shop.agent]]\nname = \"x\"\n"
                "[[shop.agent]]\nid = \"\"\n[[shop.agent]]\nid = \"unassigned\"\n"
                "[[shop.agent]]\nid = \"y\"\n[[shop.agent]]\nid = \"y\"\ncapacity = -1\n"),
      ElementsAre("d.toml:3:1: a [[shop.agent]] without an id; add id = \"…\"",
                  "d.toml:6:6: shop.agent.id must be 1 to 256 bytes of text without control "
                  "characters; write it as the stream does",
                  "d.toml:8:6: \"unassigned\" is the queue and no agent; remove the section",
                  "d.toml:12:6: agent \"y\" is already configured at line 10; remove one of "
                  "the two",
                  "d.toml:13:12: shop.agent.capacity must be a whole number from 0 to "
                  "1000000; write it without quotes"));
}

TEST(LoadError, OfIdsThatStandForThoseBeyondTheLimits) {
  EXPECT_THAT(
      errors_of("[[shop]]\nid = \"a\"\n[[shop.agent]]\nid = \"_other\"\n"
                "[[shop]]\nids = [\"b\", \"_other\"]\n[[shop]]\nid = \"_other\"\n"),
      ElementsAre("d.toml:4:6: \"_other\" is the agent that those beyond limits.agents are counted "
                  "as; remove the section",
                  "d.toml:6:13: \"_other\" is the shop that those beyond limits.shops are counted "
                  "as; remove it",
                  "d.toml:8:6: \"_other\" is the shop that those beyond limits.shops are counted "
                  "as; remove it"));
}

TEST(LoadError, OfProfileValues) {
  EXPECT_THAT(
      errors_of("[profiles.p]\nvalid_replies = [\"bot\"]\ntimely_within = \"500ms\"\n"
                "unit = \"day\"\nservice_hours = \"8-23\"\nresponse_cap = \"0s\"\n"),
      ElementsAre(
          "d.toml:2:17: profiles.p.valid_replies must be a list of different senders out of "
          "\"human\", \"assist\" and \"bot\", human among them; write it like [\"human\", "
          "\"assist\"]",
          "d.toml:3:17: profiles.p.timely_within must be a duration from 1s to 7d; write it "
          "like \"60s\", \"1m30s\" or \"500ms\"",
          "d.toml:4:8: profiles.p.unit must be \"turn\" or \"session_first\"; choose one of "
          "them",
          "d.toml:5:17: profiles.p.service_hours must be two times of day; write it like "
          "\"08:00-23:00\", or \"00:00-24:00\" for the whole day",
          "d.toml:6:16: profiles.p.response_cap must be a duration from 1s to 7d, or "
          "\"none\"; write it like \"600s\""));
}

TEST(LoadError, OfABackoffThatBeginsAboveItsCap) {
  EXPECT_THAT(
      errors_of("[feed.reconnect]\nbase = \"1m\"\n"),
      ElementsAre("d.toml:2:8: feed.reconnect.base is longer than feed.reconnect.cap; lower "
                  "the one or raise the other"));
}

TEST(LoadError, OfTheEnvironmentNamesTheVariable) {
  Sources sources = sources_of("[rules]\nslow_after = \"x\"\n");
  sources.environment = {{"DESKPULSE_RULES_SLOW_TIMES", "many"},
                         {"DESKPULSE_WINDOWS_ROLLING", "1m,x"},
                         {"DESKPULSE_RULES_ZONE", "Mars/Olympus"}};

  const auto errors = load(sources).errors;

  ASSERT_THAT(errors, SizeIs(4));
  EXPECT_THAT(errors[0], HasSubstr("d.toml:2:14: rules.slow_after must be "));
  EXPECT_EQ(
      errors[1],
      "environment DESKPULSE_RULES_SLOW_TIMES: rules.slow_times must be a whole number from 1 "
      "to 1000; write it without quotes");
  EXPECT_THAT(errors[2], HasSubstr("environment DESKPULSE_WINDOWS_ROLLING: windows.rolling must"));
  EXPECT_THAT(errors[2], HasSubstr("; outside a file as 1m,5m,1h"));
  EXPECT_THAT(errors[3], HasSubstr("environment DESKPULSE_RULES_ZONE: unknown time zone"));
}

TEST(LoadError, OfAFlagNamesTheFlag) {
  Sources sources;
  sources.overrides = {{"--http-listen", "http.listen", "9870"},
                       {"--set", "rules.slow_aftr", "1s"},
                       {"--set", "zone", "UTC"},
                       {"--set", "banana", "1"}};

  EXPECT_THAT(load(sources).errors,
              ElementsAre("--http-listen: http.listen must be an IP address, or localhost, and a "
                          "port; write it like "
                          "\"127.0.0.1:9870\" or \"[::1]:9870\"",
                          "--set: unknown key \"rules.slow_aftr\"; did you mean "
                          "\"rules.slow_after\"?",
                          "--set: unknown key \"zone\"; did you mean \"rules.zone\"?",
                          "--set: unknown key \"banana\"; --print-config shows every setting"));
}

}  // namespace
}  // namespace deskpulse::config
