// What happened in a run, as lines, or as one number for all of them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>

#include "tests/property/rules.hpp"

namespace deskpulse::simulation {

/// Two runs are the same when their digests are: every line goes into it, printed or not.
class Trace {
 public:
  /// `out`: where the lines go; null: nowhere.
  Trace(property::Time begin, std::ostream* out) : begin_(begin), out_(out) {}

  /// A line: the time since the beginning, then the words with a space between them.
  void line(property::Time now, std::initializer_list<std::string_view> words) {
    std::string line = std::to_string(now - begin_);
    for (const std::string_view word : words) {
      line += ' ';
      line += word;
    }
    line += '\n';
    for (const char c : line) digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    if (out_ != nullptr) *out_ << line;
  }
  std::uint64_t digest() const { return digest_; }  ///< FNV-1a

 private:
  property::Time begin_;
  std::ostream* out_;
  std::uint64_t digest_ = 0xcbf29ce484222325U;
};

}  // namespace deskpulse::simulation
