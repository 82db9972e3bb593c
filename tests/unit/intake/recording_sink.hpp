// A sink that remembers what it was told, for the tests of the feed.
#pragma once

#include <string>
#include <vector>

#include "daemon/intake/event_sink.hpp"

namespace deskpulse::intake {

struct RecordingSink : EventSink {
  struct Applied {
    proto::Event event;  ///< its views are not to be looked at
    std::string agent;
    std::string topic;
    proto::Instant now;  ///< the watermark when it was applied
  };
  void apply(const proto::Event& event) override {
    applied.push_back({event, std::string(event.agent), std::string(event.topic), now});
  }
  void advance(proto::Instant watermark) override {
    went_back = went_back || watermark < now;
    now = watermark;
  }
  /// The times of the applied events, in the order in which they came.
  std::vector<std::int64_t> times() const {
    std::vector<std::int64_t> result;
    for (const Applied& one : applied) result.push_back(one.event.ts.time_since_epoch().count());
    return result;
  }

  std::vector<Applied> applied;
  proto::Instant now{};
  bool went_back = false;
};

inline proto::Instant at(std::int64_t ms) { return proto::Instant{proto::Millis{ms}}; }

/// A customer's message; views must outlive it.
inline proto::Event message(std::int64_t ts, std::string_view id = {}) {
  proto::Event event;
  event.type = proto::Type::message;
  event.from = proto::From::customer;
  event.ts = at(ts);
  event.id = id;
  event.shop = "shop";
  event.customer = "c1";
  event.agent = "amy";
  return event;
}

}  // namespace deskpulse::intake
