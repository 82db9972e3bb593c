#include "proto/watermark_line.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "proto/json_number.hpp"

namespace deskpulse::proto {
namespace {

// As it is written, byte by byte: nobody else writes such lines.
constexpr std::string_view kBegin = R"({"type":"watermark","ts":)";
constexpr std::string_view kMiddle = R"(,"shop":"deskpulse","watermark":)";
constexpr std::string_view kEnd = "}";

/// All of `text` as a time.
std::optional<Instant> instant_of(std::string_view text) {
  std::int64_t millis = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, millis);
  if (result.ec != std::errc{} || result.ptr != end || millis < 0) return std::nullopt;
  const Instant at{Millis{millis}};
  return at <= kLastInstant ? std::optional(at) : std::nullopt;
}

}  // namespace

void append_watermark_line(std::string& out, Instant watermark, Millis reorder_window) {
  out += kBegin;
  append_json_number(out,
                     std::min(watermark + reorder_window, kLastInstant).time_since_epoch().count());
  out += kMiddle;
  append_json_number(out, watermark.time_since_epoch().count());
  out += kEnd;
  out += '\n';
}

bool may_be_watermark_line(std::string_view line) { return line.starts_with(kBegin); }

std::optional<WatermarkLine> parse_watermark_line(std::string_view line) {
  if (!line.starts_with(kBegin) || !line.ends_with(kEnd)) return std::nullopt;
  line.remove_prefix(kBegin.size());
  line.remove_suffix(kEnd.size());
  const std::size_t middle = line.find(kMiddle);
  if (middle == std::string_view::npos) return std::nullopt;
  const auto ts = instant_of(line.substr(0, middle));
  const auto watermark = instant_of(line.substr(middle + kMiddle.size()));
  if (!ts || !watermark || *ts < *watermark) return std::nullopt;
  return WatermarkLine{*watermark, *ts};
}

}  // namespace deskpulse::proto
