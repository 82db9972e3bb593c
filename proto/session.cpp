#include "proto/session.hpp"

#include <array>

#include "proto/encoder.hpp"
#include "proto/json_number.hpp"

namespace deskpulse::proto {

std::string_view resume_name(Resume resume) {
  constexpr std::array<std::string_view, 4> kNames{"ok", "gap", "reset", "live"};
  return kNames[static_cast<std::size_t>(resume)];
}

std::string_view bye_code_name(ByeCode code) {
  constexpr std::array<std::string_view, 5> kNames{"slow", "restart", "auth", "too_old", "other"};
  return kNames[static_cast<std::size_t>(code)];
}

void append_frame(std::string& out, const Hello& hello) {
  out += R"({"op":"hello","consumer":)";
  append_json_string(out, hello.consumer);
  if (hello.position) {
    if (!hello.position->epoch.empty()) {
      out += R"(,"epoch":)";
      append_json_string(out, hello.position->epoch);
    }
    out += R"(,"after":)";
    append_json_number(out, hello.position->after);
  }
  out += '}';
}

void append_frame(std::string& out, const Ack& ack) {
  out += R"({"op":"ack","seq":)";
  append_json_number(out, ack.seq);
  out += '}';
}

void append_frame(std::string& out, const Ready& ready) {
  out += R"({"op":"ready","epoch":)";
  append_json_string(out, ready.epoch);
  out += R"(,"resume":")";
  out += resume_name(ready.resume);
  out += R"(","floor":)";
  append_json_number(out, ready.floor);
  out += R"(,"head":)";
  append_json_number(out, ready.head);
  out += R"(,"heartbeat_ms":)";
  append_json_number(out, ready.heartbeat.count());
  if (ready.ts) {
    out += R"(,"ts":)";
    append_json_number(out, ready.ts->time_since_epoch().count());
  }
  out += '}';
}

void append_frame(std::string& out, const Heartbeat& heartbeat) {
  out += R"({"op":"heartbeat","head":)";
  append_json_number(out, heartbeat.head);
  out += R"(,"ts":)";
  append_json_number(out, heartbeat.ts.time_since_epoch().count());
  out += '}';
}

void append_frame(std::string& out, const Bye& bye) {
  out += R"({"op":"bye","code":")";
  out += bye_code_name(bye.code);
  out += bye.resume ? R"(","resume":true})" : R"(","resume":false})";
}

void append_events_frame(std::string& out, std::uint64_t seq,
                         std::span<const std::string_view> events) {
  out += R"({"op":"events","seq":)";
  append_json_number(out, seq);
  out += R"(,"events":[)";
  bool first = true;
  for (const std::string_view event : events) {
    if (!first) out += ',';
    first = false;
    out += event;
  }
  out += "]}";
}

}  // namespace deskpulse::proto
