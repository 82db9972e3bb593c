// Writes the image of a state: numbers and texts, one behind the other.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "proto/event.hpp"

namespace deskpulse::image {

/// Where an image goes.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes the next bytes of the image, 64 KiB at most. False: no more are wanted, for example
  /// because a disk is full; why is the sink's to keep.
  virtual bool take(std::span<const std::byte> bytes) = 0;
};

/// An image is a plain sequence of values without names or types, read back in the same order by a
/// Reader; what it means is between the two functions that write and read it, and the format's
/// version. Whole numbers are LEB128 (seven bits a byte, the lowest first), signed ones zigzag, so
/// that the many small ones of a state cost a byte each.
///
/// Never allocates, so that it works in a process that has just been forked from one with several
/// threads. 64 KiB large: not for the stack. After the sink has refused, everything is dropped.
class Writer {
 public:
  explicit Writer(Sink& sink) : sink_(sink) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void number(std::uint64_t value) {
    if (used_ + kLongest > buffer_.size()) flush();
    while (value >= 0x80) {
      buffer_[used_++] = static_cast<std::byte>(value | 0x80);
      value >>= 7;
    }
    buffer_[used_++] = static_cast<std::byte>(value);
  }
  void signed_number(std::int64_t value) {
    number((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void flag(bool value) { number(value ? 1 : 0); }
  void instant(proto::Instant at) { signed_number(at.time_since_epoch().count()); }
  void millis(proto::Millis span) { signed_number(span.count()); }
  /// 16 bytes as they are: a hash has no small values.
  void key(const proto::CustomerKey& key) {
    if (used_ + 16 > buffer_.size()) flush();
    std::memcpy(&buffer_[used_], &key.high, 8);
    std::memcpy(&buffer_[used_ + 8], &key.low, 8);
    used_ += 16;
  }
  /// Its length, then its bytes.
  void text(std::string_view text) {
    number(text.size());
    bytes(std::as_bytes(std::span(text.data(), text.size())));
  }
  /// As they are, without a length.
  void bytes(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      if (used_ == buffer_.size()) flush();
      const std::size_t part = std::min(bytes.size(), buffer_.size() - used_);
      std::memcpy(&buffer_[used_], bytes.data(), part);
      used_ += part;
      bytes = bytes.subspan(part);
    }
  }

  /// Hands over what is still here. To be called at the end.
  void flush() {
    if (used_ > 0 && ok_) ok_ = sink_.take(std::span(buffer_).first(used_));
    used_ = 0;
  }
  /// The sink has taken all that was flushed.
  bool ok() const { return ok_; }

 private:
  static constexpr std::size_t kLongest = 10;  ///< bytes of a number

  Sink& sink_;
  bool ok_ = true;
  std::size_t used_ = 0;
  std::array<std::byte, 64 * 1024> buffer_;
};

}  // namespace deskpulse::image
