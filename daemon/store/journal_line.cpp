#include "daemon/store/journal_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "proto/encoder.hpp"
#include "proto/json_number.hpp"
#include "proto/watermark_line.hpp"

namespace deskpulse::store {
namespace {

constexpr std::size_t kKeyDigits = 32;
constexpr std::size_t kLongestEpoch = 256;  // an id, PROTOCOL.md
constexpr std::string_view kDoubt = "#doubt";
constexpr std::string_view kHeard = "#heard ";
constexpr std::string_view kGap = "#gap ";
constexpr std::string_view kMissed = "#missed ";
constexpr std::string_view kBatch = "#batch ";
constexpr std::string_view kCursor = "#cursor ";  // format 1
constexpr std::string_view kPosition = "#position ";
constexpr std::string_view kCounters = "#counters";

using KeyText = std::array<char, kKeyDigits>;

void write_digits(std::uint64_t value, char* to) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int i = 15; i >= 0; --i, value >>= 4) to[i] = kHex[value & 0xf];
}

std::string_view text_of(const proto::CustomerKey& key, KeyText& text) {
  write_digits(key.high, text.data());
  write_digits(key.low, text.data() + kKeyDigits / 2);
  return {text.data(), text.size()};
}

/// All of `text` as a number.
template <class Number>
bool parse_number(std::string_view text, Number& value, int base = 10) {
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value, base);
  return result.ec == std::errc{} && result.ptr == end;
}

bool parse_instant(std::string_view text, proto::Instant& at) {
  std::int64_t millis = 0;
  if (!parse_number(text, millis) || millis < 0) return false;
  at = proto::Instant{proto::Millis{millis}};
  return at <= proto::kLastInstant;
}

bool parse_digits(std::string_view text, proto::CustomerKey& key) {
  return text.size() == kKeyDigits && parse_number(text.substr(0, kKeyDigits / 2), key.high, 16) &&
         parse_number(text.substr(kKeyDigits / 2), key.low, 16);
}

/// The key of somebody or something: never that of nobody.
bool parse_key(std::string_view text, proto::CustomerKey& key) {
  return parse_digits(text, key) && key != proto::CustomerKey{};
}

/// The text up to the next space, which is taken off `rest` with it.
std::string_view next_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

/// What stands behind `prefix`; none where the line begins otherwise.
std::optional<std::string_view> behind(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix)) return std::nullopt;
  return line.substr(prefix.size());
}

void append_instant(std::string& out, proto::Instant at) {
  proto::append_json_number(out, at.time_since_epoch().count());
}

bool parse_cursor(std::string_view rest, bool has_source, JournalMark& mark) {
  JournalMark::Cursor cursor;
  if (!parse_number(next_word(rest), cursor.seq)) return false;
  if (has_source && (!parse_digits(next_word(rest), cursor.source_address) ||
                     !parse_digits(next_word(rest), cursor.source_name)))
    return false;
  if (rest.empty() || rest.size() > kLongestEpoch) return false;
  cursor.epoch = rest;
  mark.cursor = std::move(cursor);
  return true;
}

bool parse_counters(std::string_view rest, JournalMark& mark) {
  mark.counters.clear();
  if (!rest.empty()) rest.remove_prefix(1);
  while (!rest.empty()) {
    std::string_view word = next_word(rest);
    JournalMark::Counter& counter = mark.counters.emplace_back();
    if (const auto equals = word.find('='); equals != std::string_view::npos) {
      counter.label = word.substr(0, equals);
      word.remove_prefix(equals + 1);
    }
    if (!parse_number(word, counter.count)) return false;
  }
  return true;
}

bool tell_comment(std::string_view line, JournalRecords& records, JournalMark& mark) {
  if (line == kDoubt) {
    records.in_doubt();
    return true;
  }
  if (const auto ts = behind(line, kHeard)) {
    proto::Instant at;
    if (!parse_instant(*ts, at)) return false;
    records.heard(at);
    return true;
  }
  if (const auto kind = behind(line, kGap)) {
    records.gap(*kind);
    return true;
  }
  if (const auto until = behind(line, kMissed)) {
    proto::Instant at;
    if (!parse_instant(*until, at)) return false;
    records.missed_until(at);
    return true;
  }
  if (const auto cursor = behind(line, kPosition)) return parse_cursor(*cursor, true, mark);
  if (const auto cursor = behind(line, kCursor)) return parse_cursor(*cursor, false, mark);
  if (const auto counters = behind(line, kCounters)) return parse_counters(*counters, mark);
  return false;
}

}  // namespace

void append_accepted(std::string& out, const proto::Event& event, const proto::CustomerKey& id) {
  KeyText id_text;
  KeyText customer;
  KeyText order;
  proto::Event shown = event;
  shown.id = id == proto::CustomerKey{} ? std::string_view{} : text_of(id, id_text);
  shown.customer = text_of(event.customer_key, customer);
  shown.order = text_of(event.order_key, order);
  proto::append_event(out, shown);
  out += '\n';
}

void append_doubt(std::string& out) {
  out += kDoubt;
  out += '\n';
}

void append_advanced(std::string& out, proto::Instant watermark, proto::Millis reorder_window) {
  proto::append_watermark_line(out, watermark, reorder_window);
}

void append_heard(std::string& out, proto::Instant ts) {
  out += kHeard;
  append_instant(out, ts);
  out += '\n';
}

void append_gap(std::string& out, std::string_view kind) {
  out += kGap;
  out += kind;
  out += '\n';
}

void append_missed(std::string& out, proto::Instant until) {
  out += kMissed;
  append_instant(out, until);
  out += '\n';
}

std::string key_text(const KeyFingerprint& key) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : key) {
    text += kHex[static_cast<std::size_t>(byte >> 4)];
    text += kHex[static_cast<std::size_t>(byte & std::byte{0xf})];
  }
  return text;
}

void append_batch_begin(std::string& out, std::uint64_t number, const KeyFingerprint& key) {
  out += kBatch;
  out += std::to_string(number) + " " + std::to_string(kJournalFormat) + " " + key_text(key) + "\n";
}

void append_mark(std::string& out, const JournalMark& mark) {
  if (mark.cursor) {
    KeyText address;
    KeyText name;
    out += kPosition;
    out += std::to_string(mark.cursor->seq);
    out += ' ';
    out += text_of(mark.cursor->source_address, address);
    out += ' ';
    out += text_of(mark.cursor->source_name, name);
    out += " " + mark.cursor->epoch + "\n";
  }
  out += kCounters;
  for (const JournalMark::Counter& counter : mark.counters)
    out += " " + counter.label + "=" + std::to_string(counter.count);
  out += '\n';
}

std::optional<BatchBegin> parse_batch_begin(std::string_view line) {
  const auto rest = behind(line, kBatch);
  if (!rest) return std::nullopt;
  std::string_view words = *rest;
  BatchBegin begin;
  if (!parse_number(next_word(words), begin.number) || begin.number == 0) return std::nullopt;
  if (!parse_number(next_word(words), begin.format)) return std::nullopt;
  begin.key = words;
  return begin;
}

bool LineParser::tell(std::string_view line, JournalRecords& records, JournalMark& mark) {
  if (line.starts_with('#')) return tell_comment(line, records, mark);
  if (proto::may_be_watermark_line(line)) {
    const auto read = proto::parse_watermark_line(line);
    if (read) records.advanced(read->watermark);
    return read.has_value();
  }
  const auto decoded = decoder_.event(line);
  if (!decoded) return false;
  proto::Event event = *decoded;
  proto::CustomerKey id;
  if (!event.id.empty() && !parse_key(event.id, id)) return false;
  if (!event.customer.empty() && !parse_key(event.customer, event.customer_key)) return false;
  if (!event.order.empty() && !parse_key(event.order, event.order_key)) return false;
  event.id = event.customer = event.order = {};
  records.accepted(event, id);
  return true;
}

}  // namespace deskpulse::store
