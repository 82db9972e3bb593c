// Escaping of the exposition format: without it one quote or newline in a name takes the whole
// target down.
#pragma once

#include <string>
#include <string_view>

namespace deskpulse::serve {

/// `text` as the inside of a label value: backslash, quote and newline escaped, and bytes that are
/// not UTF-8 replaced by U+FFFD, since Prometheus refuses a page for one of them.
std::string escape_label_value(std::string_view text);

/// `text` as the rest of a HELP line: backslash and newline escaped.
std::string escape_help(std::string_view text);

}  // namespace deskpulse::serve
