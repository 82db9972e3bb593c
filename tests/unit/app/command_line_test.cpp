#include "daemon/app/command_line.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace deskpulse {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "deskpulse-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~CommandLineTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) const {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::string named_pipe(const std::string& name) const {
    const std::string path = (folder_ / name).string();
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }
  int run(std::vector<std::string> arguments, const Environment& environment = {}) {
    arguments.insert(arguments.begin(), "deskpulsed");
    out_.str("");
    err_.str("");
    return run_command_line(arguments, environment, out_, err_);
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  std::filesystem::path folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandLineTest, PrintsItsVersion) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_THAT(out(), testing::MatchesRegex("deskpulsed [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(CommandLineTest, PrintsHelpWithExamples) {
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(out(), HasSubstr("deskpulsed replay --agents yesterday.ndjson"));
}

TEST_F(CommandLineTest, RefusesWhatItDoesNotKnowWithUsage) {
  EXPECT_EQ(run({"--banana"}), 64);
  EXPECT_THAT(err(), HasSubstr("--banana"));
  EXPECT_EQ(run({"replay"}), 64);
  EXPECT_EQ(run({"replay", "a", "b"}), 64);
  EXPECT_EQ(run({"replay", "--until", "soon", "-"}), 64);
  EXPECT_EQ(run({"--check-config", "--print-config"}), 64);
  EXPECT_EQ(run({"--set", "rules.slow_after"}), 64);
  EXPECT_THAT(err(), HasSubstr("write KEY=VALUE"));
}

TEST_F(CommandLineTest, SaysThatAConfigurationIsGood) {
  const std::string path = file("good.toml", "[rules]\nslow_after = \"90s\"\n");

  EXPECT_EQ(run({"--config", path, "--check-config"}), 0);
  EXPECT_EQ(out(), "OK: " + path + "\n");
  EXPECT_THAT(err(), IsEmpty());
}

TEST_F(CommandLineTest, SaysEveryErrorOfAConfigurationAndEndsWith78) {
  const std::string path = file("bad.toml", "[rules]\nslow_after = 90\nzone = \"Mars\"\n");

  EXPECT_EQ(run({"--config", path, "--check-config"}), 78);
  EXPECT_THAT(err(), StartsWith(path + ":2:14: rules.slow_after must be "));
  EXPECT_THAT(err(), HasSubstr(path + ":3:8: unknown time zone \"Mars\"; "));
  EXPECT_THAT(out(), IsEmpty());
  EXPECT_EQ(run({"--config", path}), 78);
}

TEST_F(CommandLineTest, EndsWith78WhenTheNamedConfigurationIsMissing) {
  EXPECT_EQ(run({"--config", "/nonexistent/x.toml", "--check-config"}), 78);
  EXPECT_EQ(err(),
            "deskpulsed: cannot read /nonexistent/x.toml: No such file or directory; name another "
            "file with --config\n");
}

TEST_F(CommandLineTest, WaitsForNobodyWhoCouldWriteAConfiguration) {
  const std::string pipe = named_pipe("pipe.toml");

  EXPECT_EQ(run({"--config", pipe, "--check-config"}), 78);
  EXPECT_EQ(err(), "deskpulsed: cannot read " + pipe +
                       ": it is a named pipe, no regular file; name another file with --config\n");
  EXPECT_EQ(run({"--config", "/dev/zero", "--check-config"}), 78);
  EXPECT_EQ(run({"--config", "/dev/null", "--check-config"}), 0);
}

TEST_F(CommandLineTest, PrintsAConfigurationThatItReadsAgain) {
  ASSERT_EQ(run({"--print-config", "--set", "rules.slow_after=90s", "--feed-url", "ws://a:1/"},
                {{"DESKPULSE_LOG_LEVEL", "warn"}}),
            0);
  const std::string first = out();
  EXPECT_THAT(first, HasSubstr("slow_after = \"1m30s\"\n"));
  EXPECT_THAT(first, HasSubstr("url = \"ws://a:1/\"\n"));
  EXPECT_THAT(first, HasSubstr("level = \"warn\"\n"));

  EXPECT_EQ(run({"--config", file("printed.toml", first), "--print-config"}), 0);
  EXPECT_EQ(out(), first);
}

TEST_F(CommandLineTest, NamesTheFlagThatIsWrong) {
  EXPECT_EQ(run({"--check-config", "--http-listen", "nowhere", "--set", "rules.slow=1s"}), 78);
  EXPECT_THAT(err(), HasSubstr("--http-listen: http.listen must be "));
  EXPECT_THAT(err(), HasSubstr("--set: unknown key \"rules.slow\"; "));
}

TEST_F(CommandLineTest, EndsWith66WhenATokenFileCannotBeRead) {
  EXPECT_EQ(run({"--set", "feed.token_file=/nonexistent/token", "--http-listen", "127.0.0.1:0"}),
            66);
  EXPECT_EQ(err(),
            "deskpulsed: feed.token_file: cannot read /nonexistent/token: No such file or "
            "directory; correct the path or its permissions\n");
  EXPECT_EQ(run({"--set", "feed.token_file=" + file("empty", " \n")}), 66);
}

TEST_F(CommandLineTest, ACheckRefusesWhatAStartWould) {
  const std::string text = file("text", "no certificate\n");
  const std::string pipe = named_pipe("pipe");
  const std::string tls = "[http.tls_server_config]\n";
  // $2y$18$ is legal, and takes seconds for each check.
  const std::string costly =
      "[http.basic_auth_users]\nalice = "
      "\"$2y$18$Gq2Ggc0U0Pdp0uOkNvKyTeuOsX1gaE1DhZqPLe1yNlkhrKnxnEJSS\"\n";
  const std::vector<std::pair<std::string, std::string>> refused{
      {"[feed]\ntoken_file = \"/nonexistent/token\"\n", "feed.token_file"},
      {"[feed]\ntoken_file = \"" + file("lines", "one\ntwo\n") + "\"\n", "feed.token_file"},
      {"[feed]\ntls.ca_file = \"" + text + "\"\n", "feed.tls.ca_file"},
      {"[feed]\ntoken_file = \"" + pipe + "\"\n", "it is a named pipe"},
      {"[feed]\ntls.ca_file = \"" + pipe + "\"\n", "it is a named pipe"},
      {tls + "cert_file = \"" + pipe + "\"\nkey_file = \"/dev/zero\"\n", "it is a named pipe"},
      {tls + "cert_file = \"/dev/zero\"\nkey_file = \"" + pipe + "\"\n", "it is a device"},
      {tls + "cert_file = \"/nonexistent/c\"\nkey_file = \"/nonexistent/k\"\n",
       "http.tls_server_config.cert_file"},
      {tls + "cipher_suites = [\"TLS_ECDHE_NO_SUCH\"]\n", "http.tls_server_config.c"},
      {costly, "alice has a cost of 18"},
  };
  for (const auto& [configuration, named] : refused) {
    SCOPED_TRACE(configuration);
    const std::string path = file("refused.toml", configuration);

    const int checked = run({"--config", path, "--check-config"});
    const std::string said = err();
    EXPECT_THAT(out(), IsEmpty());
    const int started = run({"--config", path, "--http-listen", "127.0.0.1:0"});

    EXPECT_EQ(checked, 66);
    EXPECT_EQ(started, checked);
    EXPECT_EQ(err(), said);
    EXPECT_THAT(said, HasSubstr(named));
    EXPECT_THAT(said, Not(HasSubstr("$2y$18")));
  }
}

TEST_F(CommandLineTest, ACheckSaysAllThatAStartWouldRefuse) {
  EXPECT_EQ(run({"--check-config", "--set", "feed.token_file=/nonexistent/token", "--set",
                 "feed.tls.ca_file=/nonexistent/ca"}),
            66);
  EXPECT_THAT(err(), HasSubstr("deskpulsed: feed.token_file: "));
  EXPECT_THAT(err(), HasSubstr("\ndeskpulsed: feed.tls.ca_file: "));
}

TEST_F(CommandLineTest, ACheckLooksAtNoCredentialOfAUnitThatItCannotSee) {
  EXPECT_EQ(run({"--check-config", "--set",
                 "feed.token_file=/run/credentials/no-such-unit.service/feed-token"}),
            0);
  EXPECT_EQ(err(),
            "warning: feed.token_file: /run/credentials/no-such-unit.service/feed-token cannot be "
            "seen outside of its unit, and was not looked at\n");
}

const std::string kTwoMessages =
    R"({"type":"message","id":"1","ts":1700000000000,"shop":"s","customer":"c","agent":"a","from":"customer"})"
    "\n"
    R"({"type":"message","id":"2","ts":1700000005000,"shop":"s","customer":"c","agent":"a","from":"human"})"
    "\n";

TEST_F(CommandLineTest, ReplaysAFile) {
  EXPECT_EQ(run({"replay", file("events.ndjson", kTwoMessages)}), 0);
  EXPECT_THAT(out(), HasSubstr("deskpulse_shop_turns_total{shop=\"s\",outcome=\"answered\"} 1\n"));
  EXPECT_THAT(out(), HasSubstr("deskpulse_events_total{type=\"message\"} 2\n"));
  EXPECT_THAT(out(), HasSubstr("deskpulse_watermark_timestamp_seconds 1700000005\n"));
  EXPECT_THAT(out(), Not(HasSubstr("deskpulse_agent_")));
  EXPECT_THAT(out(), Not(HasSubstr("deskpulse_feed_")));
  EXPECT_THAT(err(), IsEmpty());
}

TEST_F(CommandLineTest, ReplaysWithAgentsALaterEndAndItsOwnConfiguration) {
  const std::string events = file("events.ndjson", kTwoMessages.substr(0, kTwoMessages.find('\n')));
  const std::string rules = file("rules.toml", "[rules]\nslow_after = \"3s\"\n");

  EXPECT_EQ(run({"replay", "--config", rules, "--agents", "--until", "1700000004000", events}), 0);
  EXPECT_THAT(out(), HasSubstr("deskpulse_shop_oldest_wait_seconds{shop=\"s\"} 4\n"));
  EXPECT_THAT(out(), HasSubstr("deskpulse_agent_slow_turns_total{shop=\"s\",agent=\"a\"} 1\n"));
  EXPECT_EQ(run({"--config", rules, "replay", "--until", "1700000004000", events}), 0);
  EXPECT_THAT(out(), HasSubstr("deskpulse_shop_slow_turns_total{shop=\"s\"} 1\n"));
}

TEST_F(CommandLineTest, SumsUpWhatAReplayDidNotTake) {
  const std::string events = file("events.ndjson", kTwoMessages + "{}\nnonsense\n" + kTwoMessages);

  EXPECT_EQ(run({"replay", events}), 0);
  EXPECT_EQ(err(),
            "deskpulsed: rejected 2 (not_json 1, malformed 1; the first unreadable line is 3: "
            "malformed type), duplicates 2\n");
}

TEST_F(CommandLineTest, EndsWith66WhenThereIsNothingToReplay) {
  EXPECT_EQ(run({"replay", "/nonexistent/events.ndjson"}), 66);
  EXPECT_EQ(err(),
            "deskpulsed: cannot read /nonexistent/events.ndjson: No such file or directory\n");
}

TEST_F(CommandLineTest, EndsWith74WhenReadingFails) {
  EXPECT_EQ(run({"replay", "/proc/self/mem"}), 74);  // nothing is at its beginning
  EXPECT_THAT(err(), HasSubstr(" failed: Input/output error\n"));
}

TEST_F(CommandLineTest, EndsWith66ForAFolderWithoutAJournal) {
  EXPECT_EQ(run({"replay", folder_.string()}), 66);
  EXPECT_THAT(err(), HasSubstr("there is no journal in " + folder_.string()));
}

}  // namespace
}  // namespace deskpulse
