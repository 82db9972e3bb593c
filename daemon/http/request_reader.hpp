// From the bytes of a connection to what its requests say. No socket, no clock, no answer.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/http/request_head.hpp"

namespace deskpulse::http {

/// Collects bytes until a request's header is whole, or cannot become one any more; how they are
/// cut makes no difference. Requests may be sent ahead; what follows the one that is taken stays.
/// Holds `max_header_bytes` and 4 kB at the most, so a peer that never comes to an end costs no
/// more than that. Looks at each byte once. Not thread-safe.
class RequestReader {
 public:
  explicit RequestReader(std::size_t max_header_bytes) : max_header_bytes_(max_header_bytes) {}

  /// Where the next bytes go, 4 kB; until the next call. Only while next() has nothing to give.
  std::span<char> room();
  /// That many bytes have been put there.
  void commit(std::size_t size) { size_ += size; }
  /// The next request; nothing while its header is not whole. After one that says not to
  /// `keep_alive` there is no next.
  std::optional<ReceivedRequest> next();
  /// Nothing of a further request has come.
  bool is_empty() const { return size_ == 0; }

 private:
  /// Takes the lines that are whole. True when `head_` is to be answered.
  bool read_lines();

  const std::size_t max_header_bytes_;
  std::vector<char> bytes_;
  std::size_t size_ = 0;    // of those that have come
  std::size_t line_ = 0;    // where the first one begins that is not whole yet
  std::size_t looked_ = 0;  // up to where there is no end of it
  RequestHead head_;
};

}  // namespace deskpulse::http
