// A line among recorded events that says that time went on without one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/event.hpp"

namespace deskpulse::proto {

/// Numbers depend on time also where nothing happens: waits grow. So who records events as they are
/// accepted also records how far time went on between them:
///
///   {"type":"watermark","ts":1763712006000,"shop":"deskpulse","watermark":1763712005000}
///
/// To a reader that does not know the line it is an event of unknown type, which changes no number
/// and moves its watermark as far, because `ts` is a reorder window later.
struct WatermarkLine {
  Instant watermark;
  /// What the newest event would have been, had one moved time as far.
  Instant ts;
  friend bool operator==(const WatermarkLine&, const WatermarkLine&) = default;
};

/// With its line end.
void append_watermark_line(std::string& out, Instant watermark, Millis reorder_window);

/// Whether a line begins as these do: a few bytes are looked at.
bool may_be_watermark_line(std::string_view line);
/// The line without its end; none where it is anything else, or says no time that there is.
std::optional<WatermarkLine> parse_watermark_line(std::string_view line);

}  // namespace deskpulse::proto
