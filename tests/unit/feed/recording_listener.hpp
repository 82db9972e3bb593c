// A listener that writes down what it is told, as a test would say it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "daemon/feed/feed.hpp"
#include "proto/rejection.hpp"

namespace deskpulse::feed {

struct RecordingListener : intake::FeedListener {
  void connected(proto::Millis, proto::Instant) override { log.push_back("connected"); }
  void event(const proto::Event& event, proto::Instant) override {
    log.push_back("event " + std::string(event.id));
  }
  void rejected(const proto::Rejection& rejection) override {
    log.push_back("rejected " + std::string(proto::reason_name(rejection.reason)));
  }
  void heartbeat(std::optional<proto::Instant> ts, proto::Instant) override {
    log.push_back(ts ? "heartbeat" : "heartbeat behind");
  }
  void gap(intake::GapKind kind) override {
    constexpr std::array kNames{"hole", "resume", "reset", "disconnect", "live_start", "set_back"};
    log.push_back(std::string("gap ") + kNames[static_cast<std::size_t>(kind)]);
  }
  void caught_up() override { ++times_caught_up; }
  void disconnected(intake::Disconnect reason) override {
    log.push_back("disconnected " + std::string(intake::disconnect_name(reason)));
  }
  std::vector<std::string> log;
  int times_caught_up = 0;
};

}  // namespace deskpulse::feed
