#include "daemon/http/request_reader.hpp"

#include <algorithm>
#include <utility>

namespace deskpulse::http {
namespace {

constexpr std::size_t kReadSize = 4096;

/// Of those that no header has but in the ends of its lines. Bytes from 0x80 on are text.
bool is_control(char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; }

}  // namespace

std::span<char> RequestReader::room() {
  bytes_.reserve(size_ + kReadSize);  // no more than that, as resize() would take
  bytes_.resize(size_ + kReadSize);
  return std::span(bytes_).subspan(size_);
}

std::optional<ReceivedRequest> RequestReader::next() {
  if (!read_lines()) return std::nullopt;
  ReceivedRequest received = std::move(head_.received());
  head_ = {};
  std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(looked_),
            bytes_.begin() + static_cast<std::ptrdiff_t>(size_), bytes_.begin());
  size_ -= looked_;
  line_ = looked_ = 0;
  return received;
}

bool RequestReader::read_lines() {
  const std::string_view seen(bytes_.data(), std::min(size_, max_header_bytes_));
  while (looked_ < seen.size()) {
    const char c = seen[looked_];
    if (c == '\r' && looked_ + 1 == seen.size()) break;
    if (c == '\r' && seen[looked_ + 1] == '\n') {
      const std::string_view line = seen.substr(line_, looked_ - line_);
      looked_ += 2;
      line_ = looked_;
      if (head_.take(line)) return true;
    } else if (is_control(c)) {
      head_.refuse_nonsense();
      return true;
    } else {
      ++looked_;
    }
  }
  if (size_ <= max_header_bytes_) return false;
  if (head_.is_before_fields()) {
    head_.refuse(414, "The request line is too long.");
  } else {
    head_.refuse(431, "The request's header is too large.");
  }
  return true;
}

}  // namespace deskpulse::http
