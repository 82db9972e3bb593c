// Text from outside, made fit for a page. Without it one quote or newline in a name takes a whole
// target down.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace deskpulse::text {

/// Bytes of the well-formed UTF-8 sequence (Unicode table 3-7) that `text` begins with; 0 if none.
std::size_t utf8_sequence_length(std::string_view text);

/// `text` as the inside of a label value: backslash, quote and newline escaped, and bytes that are
/// not UTF-8 replaced by U+FFFD, since Prometheus refuses a page for one of them.
std::string escape_label_value(std::string_view text);

/// `text` as the rest of a HELP line: backslash and newline escaped.
std::string escape_help(std::string_view text);

}  // namespace deskpulse::text
