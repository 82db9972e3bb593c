// The image of something, as bytes in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"

namespace deskpulse {

using Image = std::vector<std::byte>;

/// What `save(image::Writer&)` writes.
template <class Save>
Image image_by(Save&& save) {
  struct Bytes final : image::Sink {
    bool take(std::span<const std::byte> bytes) override {
      all.insert(all.end(), bytes.begin(), bytes.end());
      return true;
    }
    Image all;
  } bytes;
  const auto writer = std::make_unique<image::Writer>(bytes);
  save(*writer);
  writer->flush();
  return bytes.all;
}

/// Newer than any that there was: what is written today.
inline constexpr std::uint32_t kTodaysFormat = ~0U;

/// `load(image::Reader&)` of these bytes, as what it returned; false also when bytes are left over.
template <class Load>
bool loads(const Image& image, Load&& load) {
  struct Bytes final : image::Source {
    std::span<const std::byte> next() override { return std::exchange(rest, {}); }
    std::span<const std::byte> rest;
  } bytes;
  bytes.rest = image;
  image::Reader reader(bytes, kTodaysFormat);
  return load(reader) && reader.is_at_end();
}

}  // namespace deskpulse
