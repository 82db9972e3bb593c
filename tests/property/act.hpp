// An event that owns its texts, so that it can be kept, dropped from a history and printed.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "proto/event.hpp"
#include "tests/property/rules.hpp"

namespace deskpulse::property {

/// By proto::Status, as on the wire and in labels.
inline constexpr std::array<const char*, 3> kStatusLabels{"online", "busy", "offline"};

struct Act {
  proto::Type type = proto::Type::message;
  proto::From from = proto::From::customer;
  proto::Kind kind = proto::Kind::text;
  Time ts = 0;
  std::string id;
  std::string shop;
  std::string customer;
  std::string agent;
  std::string name;   ///< agent_status
  std::string group;  ///< agent_status
  std::optional<std::uint32_t> capacity;
  proto::Status status = proto::Status::online;

  Act() = default;
  /// Copies what the recount needs; a customer without an id keeps its key's text.
  explicit Act(const proto::Event& event);

  /// The event, with views into this act and the customer's key set.
  proto::Event event() const;
  /// One line in the form of the stream.
  std::string line() const;
};

}  // namespace deskpulse::property
