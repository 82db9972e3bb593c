// An image in memory.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"

namespace deskpulse::fuzz {

inline std::string image_of(const std::function<void(image::Writer&)>& save) {
  struct Text final : image::Sink {
    bool take(std::span<const std::byte> bytes) override {
      all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return true;
    }
    std::string all;
  } text;
  const auto writer = std::make_unique<image::Writer>(text);
  save(*writer);
  writer->flush();
  return std::move(text.all);
}

/// Gives a reader as many bytes at a time as a snapshot's frame may have, or fewer.
class TextSource final : public image::Source {
 public:
  explicit TextSource(std::string_view text, std::size_t at_a_time = 64 * 1024)
      : rest_(std::as_bytes(std::span(text))), at_a_time_(at_a_time) {}
  std::span<const std::byte> next() override {
    const auto part = rest_.first(std::min(at_a_time_, rest_.size()));
    rest_ = rest_.subspan(part.size());
    return part;
  }

 private:
  std::span<const std::byte> rest_;
  std::size_t at_a_time_;
};

}  // namespace deskpulse::fuzz
