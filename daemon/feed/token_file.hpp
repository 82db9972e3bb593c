// The bearer token of a stream.
#pragma once

#include <string>

namespace deskpulse::feed {

struct Token {
  std::string text;   ///< printable ASCII without spaces; empty when it could not be read
  std::string error;  ///< why not; never what is in the file
};

/// One line, white space at its ends aside; at most 16 KiB. Never waits: see files::read_file.
Token read_token_file(const std::string& path);

}  // namespace deskpulse::feed
