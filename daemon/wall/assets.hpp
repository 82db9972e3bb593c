// The files of the wall page, inside the program.
#pragma once

#include <span>
#include <string_view>

namespace deskpulse::wall {

/// One file; everything lives as long as the program.
struct Asset {
  std::string_view name;  ///< such as "main.js"; "index.html" is the page itself
  std::string_view content_type;
  std::string_view gzip;  ///< its content, compressed when the program was built
  std::string_view hash;  ///< hexadecimal digits that change with the content
};

/// Exactly those that daemon/wall/CMakeLists.txt lists.
std::span<const Asset> assets();

}  // namespace deskpulse::wall
