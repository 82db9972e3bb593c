// Golden conversations: a replay of the file and the same events over a WebSocket are one text.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/app/replay_command.hpp"
#include "daemon/app/settings.hpp"
#include "daemon/config/load.hpp"
#include "daemon/files/read_file.hpp"
#include "daemon/metrics/exposition.hpp"
#include "daemon/metrics/own_series.hpp"
#include "daemon/metrics/text_serializer.hpp"
#include "daemon/simulator/stream_server.hpp"
#include "proto/decoder.hpp"
#include "tests/end_to_end/live_daemon.hpp"

namespace deskpulse::end_to_end {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

/// NAME.events.ndjson and what is beside it.
struct Conversation {
  std::string name;
  std::filesystem::path events;
  std::vector<std::string> lines;  ///< those that are not for people
  std::optional<std::int64_t> until_ms;
  config::Config config;
};

Conversation read_conversation(const std::filesystem::path& events) {
  constexpr std::string_view kUntil = "# until: ";
  Conversation conversation;
  conversation.events = events;
  conversation.name = events.stem().stem().string();
  std::ifstream file(events);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kUntil)) conversation.until_ms = std::stoll(line.substr(kUntil.size()));
    if (!line.empty() && line.front() != '#') conversation.lines.push_back(line);
  }
  config::Sources sources;
  sources.shipped_profiles = shipped_profile_names();
  const std::filesystem::path toml = events.parent_path() / (conversation.name + ".toml");
  if (std::filesystem::exists(toml))
    sources.document = config::Document{toml.string(), files::read_file(toml.string()).text};
  const config::Loaded loaded = config::load(sources);
  EXPECT_TRUE(loaded.errors.empty()) << conversation.name;
  conversation.config = loaded.config;
  return conversation;
}

std::vector<Conversation> all_conversations() {
  std::vector<Conversation> all;
  for (const auto& entry : std::filesystem::directory_iterator(DESKPULSE_CONVERSATIONS))
    if (entry.path().string().ends_with(".events.ndjson"))
      all.push_back(read_conversation(entry.path()));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

std::string replayed(const Conversation& conversation) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(
      run_replay(
          conversation.config,
          {.path = conversation.events.string(), .until_ms = conversation.until_ms, .agents = true},
          out, err),
      kExitOk)
      << err.str();
  return out.str();
}

/// The moment that a replay ends at: of the newest event that is not of the future, or `until`.
Instant end_of(const Conversation& conversation) {
  constexpr Instant kFuture{Millis{4'000'000'000'000}};  // the year 2096
  Instant end{Millis{conversation.until_ms.value_or(0)}};
  proto::Decoder decoder;
  for (const std::string& line : conversation.lines)
    if (const auto event = decoder.event(line); event && event->ts < kFuture)
      end = std::max(end, event->ts);
  return end;
}

/// The same families in the same order as in a replay, from a daemon that lives.
std::string text_of(const moment::Moment& moment, const std::string& replayed) {
  const moment::BuildInfo build;
  auto families = metrics::StatusCollectable(build, moment.status, moment.report).Collect();
  std::erase_if(families, [&](const prometheus::MetricFamily& family) {
    return replayed.find("# TYPE " + family.name + " ") == std::string::npos;
  });
  std::ostringstream out;
  metrics::TextSerializer().Serialize(out, families);
  return out.str() + metrics::replay_text(moment.report, true);
}

std::string received(const Conversation& conversation, const std::string& replayed) {
  const Instant end = end_of(conversation);
  const intake::IntakeSettings intake = intake_settings(conversation.config);
  // The clock stands at one moment while the events come, and at the end goes on to where the live
  // watermark is the end of the replay; by then there was no event for a second (ruling R5).
  const Instant reading = end + intake.reorder_window;
  const Instant receiving = reading - 1s;

  simulator::StreamServerOptions options;
  options.past = conversation.lines;
  options.batch = 1;  // what is no JSON spoils a whole frame
  options.heartbeat = 10ms;
  options.stream_time = [reading] { return reading; };
  simulator::StreamServer server(std::move(options));

  feed::WebsocketSettings websocket = websocket_settings(conversation.config);
  websocket.endpoint = *feed::parse_endpoint("ws://127.0.0.1:" + std::to_string(server.port()));
  websocket.start_at = feed::StartAt::floor;
  LiveDaemon daemon(engine_settings(conversation.config), intake, websocket, receiving);
  daemon.run_until("the events of " + conversation.name,
                   [&] { return daemon.delivered() >= conversation.lines.size(); });
  daemon.set_wall(reading);
  daemon.run_until_caught_up();
  return text_of(daemon.moment(), replayed);
}

std::string first_different_line(const std::string& a, const std::string& b) {
  std::istringstream left(a);
  std::istringstream right(b);
  for (std::string x, y; !left.eof() || !right.eof();) {
    x.clear();
    y.clear();
    std::getline(left, x);
    std::getline(right, y);
    if (x != y) return "replayed: " + x + "\nreceived: " + y;
  }
  return {};
}

TEST(Conversations, AreTheSameTextOverAWebSocketAsInAReplay) {
  const std::vector<Conversation> all = all_conversations();
  ASSERT_GE(all.size(), 50U);

  for (const Conversation& conversation : all) {
    const std::string expected = replayed(conversation);
    const std::string actual = received(conversation, expected);
    EXPECT_TRUE(actual == expected) << conversation.name << "\n"
                                    << first_different_line(expected, actual);
  }
}

TEST(Conversations, EventOfTheYear2100IsRejectedOnBothPaths) {
  const Conversation conversation = read_conversation(
      std::filesystem::path(DESKPULSE_CONVERSATIONS) / "event_from_the_future.events.ndjson");
  const std::string rejected = "deskpulse_rejected_events_total{reason=\"future\"} 1\n";

  const std::string expected = replayed(conversation);
  EXPECT_NE(expected.find(rejected), std::string::npos);
  EXPECT_NE(received(conversation, expected).find(rejected), std::string::npos);
}

}  // namespace
}  // namespace deskpulse::end_to_end
