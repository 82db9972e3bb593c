// From a parsed JSON object to an event. For the decoder's own files only.
#pragma once

#include "proto/event.hpp"
#include "proto/json_fields.hpp"
#include "proto/rejection.hpp"

namespace deskpulse::proto {

/// The event's views point into the parser's buffers. `clean_text` as for FieldReader.
Decoded<Event> decode_event(simdjson::dom::element element, bool clean_text);

}  // namespace deskpulse::proto
