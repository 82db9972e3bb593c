// A page of text that grows and is used again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace deskpulse::text {

/// Like std::string, but room is handed out without being zeroed first, which for the agents' page
/// would cost more than writing it. clear() keeps the memory.
class TextBuffer {
 public:
  /// A place for at least `size` more bytes; valid until the next call that adds. Say with
  /// commit() where the text then ends.
  char* room(std::size_t size) {
    if (capacity_ - size_ < size) grow(size);
    return data_.get() + size_;
  }
  void commit(const char* end) { size_ = static_cast<std::size_t>(end - data_.get()); }

  void append(std::string_view text) {
    char* to = room(text.size());
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    commit(to + text.size());
  }
  void clear() { size_ = 0; }

  std::string_view view() const { return {data_.get(), size_}; }
  std::size_t size() const { return size_; }

 private:
  void grow(std::size_t size) {
    const std::size_t capacity = std::max(size_ + size, capacity_ * 2 + 4096);
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ != 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace deskpulse::text
