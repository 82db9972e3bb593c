// From an event to its JSON, as a producer writes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/event.hpp"

namespace deskpulse::proto {

/// Appends the event as one JSON object without line end: fields in the order of PROTOCOL.md's
/// table, those that are optional and say nothing left out, so that decoding gives an equal event.
/// `text` is the words of a message, which an Event does not hold. Strings must be valid UTF-8.
/// An unknown type or sender is written as "unknown".
void append_event(std::string& out, const Event& event,
                  std::optional<std::string_view> text = std::nullopt);

/// Appends `text` as a JSON string, quotes included: what RFC 8259 must see escaped is, nothing
/// else.
void append_json_string(std::string& out, std::string_view text);

std::string_view type_name(Type type);
std::string_view from_name(From from);  ///< the wire's word: "auto" for From::automatic
std::string_view kind_name(Kind kind);
std::string_view status_name(Status status);
std::string_view order_status_name(OrderStatus status);

}  // namespace deskpulse::proto
