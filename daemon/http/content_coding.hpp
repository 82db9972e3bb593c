// gzip for those who ask for it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/text/text_buffer.hpp"

namespace deskpulse::http {

/// Whether an Accept-Encoding header's value asks for gzip (RFC 9110, 12.5.3): by name or by `*`,
/// and not with q=0.
bool accepts_gzip(std::string_view accept_encoding);

/// The text that was compressed. For our own bytes: throws std::logic_error where they are no whole
/// gzip.
std::string gunzip(std::string_view bytes);

/// Compresses whole pages at libdeflate's level 1: half the time of zlib's, and a page of metrics
/// shrinks fifteenfold as it is. Not thread-safe.
class Gzip {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  /// No larger than it must be, since a slow reader may hold it for long: room for the worst case,
  /// the size of the text, is kept here, once.
  std::string compress(std::string_view text);

 private:
  class Compressor;
  std::unique_ptr<Compressor> compressor_;
  text::TextBuffer room_;
};

}  // namespace deskpulse::http
