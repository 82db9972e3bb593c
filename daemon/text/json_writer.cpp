#include "daemon/text/json_writer.hpp"

#include <array>

#include "daemon/text/escape.hpp"

namespace deskpulse::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kHexDigits = "0123456789abcdef";
/// What one byte of a name can become: \u001f.
constexpr std::size_t kMostPerByte = 6;

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

char* copy(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

char* write_escaped(char* to, char c) {
  switch (c) {
    case '"':
      return copy(to, "\\\"");
    case '\\':
      return copy(to, "\\\\");
    case '\n':
      return copy(to, "\\n");
    case '\r':
      return copy(to, "\\r");
    case '\t':
      return copy(to, "\\t");
    default:
      to = copy(to, "\\u00");
      *to++ = kHexDigits[static_cast<unsigned char>(c) >> 4];
      *to++ = kHexDigits[static_cast<unsigned char>(c) & 15];
      return to;
  }
}

}  // namespace

void append_json_string(TextBuffer& out, std::string_view text) {
  char* to = out.room(text.size() * kMostPerByte + 2);
  *to++ = '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    to = copy(to, text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;

    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) {
      to = copy(to, kReplacement);
      text.remove_prefix(1);
      continue;
    }
    const std::string_view sequence = text.substr(0, length);
    if (length == 1) {
      to = write_escaped(to, text.front());
    } else if (sequence == "\u2028") {
      to = copy(to, "\\u2028");
    } else if (sequence == "\u2029") {
      to = copy(to, "\\u2029");
    } else {
      to = copy(to, sequence);
    }
    text.remove_prefix(length);
  }
  *to++ = '"';
  out.commit(to);
}

}  // namespace deskpulse::text
