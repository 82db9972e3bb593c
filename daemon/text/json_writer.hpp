// JSON, written in one go into one line.
#pragma once

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "daemon/text/number_text.hpp"
#include "daemon/text/text_buffer.hpp"
#include "proto/event.hpp"

namespace deskpulse::text {

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, line
/// separators that JavaScript once took for line ends are escaped, and so is every control
/// character: the result has no line end.
void append_json_string(TextBuffer& out, std::string_view text);

/// Puts the commas where they belong; that keys and values alternate and what was begun is ended is
/// the caller's. Durations are written as seconds, as in the exposition; a number that is not
/// finite is null. Allocates only where the buffer grows.
class JsonWriter {
 public:
  /// `out` must outlive this.
  explicit JsonWriter(TextBuffer& out) : out_(out) {}

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }

  /// `name` is put between quotes as it is.
  void key(std::string_view name) {
    char* to = out_.room(name.size() + 4);
    if (!is_first_) *to++ = ',';
    *to++ = '"';
    std::memcpy(to, name.data(), name.size());
    to += name.size();
    *to++ = '"';
    *to++ = ':';
    out_.commit(to);
    is_first_ = true;  // no comma before its value
  }
  void object(std::string_view name) {
    key(name);
    begin_object();
  }
  void array(std::string_view name) {
    key(name);
    begin_array();
  }

  void value(std::string_view text) {
    comma();
    append_json_string(out_, text);
  }
  void value(std::nullptr_t) { word("null"); }
  template <std::same_as<bool> Bool>
  void value(Bool is) {
    word(is ? "true" : "false");
  }
  template <class Number>
  requires(std::unsigned_integral<Number> && !std::same_as<Number, bool>) void value(Number count) {
    number(std::uint64_t{count});
  }
  void value(double number_or_none) {
    if (std::isfinite(number_or_none)) {
      number(number_or_none);
    } else {
      word("null");
    }
  }
  void value(std::chrono::milliseconds seconds) { number(seconds); }
  /// Milliseconds since the epoch.
  void value(proto::Instant at) {
    comma();
    char* to = out_.room(kMaxNumberText);
    out_.commit(std::to_chars(to, to + kMaxNumberText, at.time_since_epoch().count()).ptr);
  }

  template <class Value>
  void member(std::string_view name, const Value& its) {
    key(name);
    value(its);
  }
  /// Nothing at all when absent.
  template <class Value>
  void member(std::string_view name, const std::optional<Value>& its) {
    if (its) member(name, *its);
  }

 private:
  void comma() {
    if (!is_first_) {
      char* to = out_.room(1);
      *to = ',';
      out_.commit(to + 1);
    }
    is_first_ = false;
  }
  void begin(char bracket) {
    comma();
    put(bracket);
    is_first_ = true;
  }
  void end(char bracket) {
    put(bracket);
    is_first_ = false;
  }
  void put(char c) {
    char* to = out_.room(1);
    *to = c;
    out_.commit(to + 1);
  }
  void word(std::string_view text) {
    comma();
    out_.append(text);
  }
  template <class Number>
  void number(Number value) {
    comma();
    out_.commit(write_number(out_.room(kMaxNumberText), value));
  }

  TextBuffer& out_;
  bool is_first_ = true;
};

}  // namespace deskpulse::text
