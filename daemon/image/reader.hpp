// Reads the image of a state back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "proto/event.hpp"

namespace deskpulse::image {

/// Where an image comes from.
class Source {
 public:
  virtual ~Source() = default;
  /// The next bytes, good until the next call; none at the end.
  virtual std::span<const std::byte> next() = 0;
};

/// The other side of Writer. What comes from a disk may be anything: a value that is not there or
/// is outside of what it may be makes the reader fail for good, and from then on everything reads
/// as 0 or empty. So a function may read a whole record and look at ok() once, as long as it bounds
/// its loops by numbers that were read with a limit. Nothing throws, and nothing is reserved in
/// advance for a length that was read.
class Reader {
 public:
  /// `version`: the format's, for functions that read older ones too.
  Reader(Source& source, std::uint32_t version) : source_(source), version_(version) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  std::uint32_t version() const { return version_; }

  /// 0 … `most`.
  std::uint64_t number(std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  template <class Number>
  Number number_of() {
    return static_cast<Number>(number(std::numeric_limits<Number>::max()));
  }
  std::int64_t signed_number();
  bool flag() { return number(1) != 0; }
  /// 1970 … proto::kLastInstant.
  proto::Instant instant();
  /// Any, also negative.
  proto::Millis millis() { return proto::Millis{signed_number()}; }
  proto::CustomerKey key();
  /// At most `most` bytes.
  std::string text(std::size_t most);
  /// Fills `to`, or fails.
  void bytes(std::span<std::byte> to);

  /// What was read makes no sense.
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  bool ok() const { return ok_; }
  /// Everything has been read, and all of it was good.
  bool is_at_end();

 private:
  /// The next byte; fails at the end.
  std::byte byte();

  Source& source_;
  std::uint32_t version_;
  bool ok_ = true;
  std::span<const std::byte> rest_;
};

}  // namespace deskpulse::image
