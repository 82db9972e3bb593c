// gzip members, one behind the other, as they come from a file.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <system_error>

namespace deskpulse::store {

/// Reads a file of gzip members, bounded in memory whatever is in it.
class Gunzip {
 public:
  /// Fills `to` with the next bytes of the file; 0 in `got` at its end.
  using ReadFile = std::function<std::error_code(std::span<std::byte> to, std::size_t& got)>;

  explicit Gunzip(ReadFile read_file);
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  enum class State {
    more,     ///< some bytes, and there may be more of the member
    member,   ///< some bytes or none, and the end of a member, whose checksum is right
    end,      ///< of the file, behind a whole member or where there was none
    torn,     ///< the file ends inside a member, or in zeros that were never written over
    damaged,  ///< no gzip, or a wrong checksum
    unreadable,
  };
  /// The next bytes of text. After one of the last four states nothing more is to be had.
  State read(std::span<std::byte> to, std::size_t& got);
  const std::error_code& error() const { return error_; }  ///< of `unreadable`

 private:
  struct Stream;
  bool fill();

  ReadFile read_file_;
  std::error_code error_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace deskpulse::store
