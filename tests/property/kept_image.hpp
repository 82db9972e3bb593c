// An engine's image in memory, for tests that save one and load it.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "daemon/engine/engine.hpp"

namespace deskpulse::property {

using Bytes = std::vector<std::byte>;

class KeptSink final : public image::Sink {
 public:
  bool take(std::span<const std::byte> bytes) override {
    all.insert(all.end(), bytes.begin(), bytes.end());
    return true;
  }
  Bytes all;
};

class KeptSource final : public image::Source {
 public:
  explicit KeptSource(std::span<const std::byte> bytes) : rest_(bytes) {}
  std::span<const std::byte> next() override { return std::exchange(rest_, {}); }

 private:
  std::span<const std::byte> rest_;
};

inline Bytes image_of(const engine::Engine& engine) {
  KeptSink sink;
  const auto writer = std::make_unique<image::Writer>(sink);
  engine.save(*writer);
  writer->flush();
  return std::move(sink.all);
}

/// Not ok either where bytes are left over.
inline engine::Loaded load_image(engine::Engine& engine, std::span<const std::byte> bytes) {
  KeptSource source(bytes);
  image::Reader reader(source, 1);
  engine::Loaded loaded = engine.load(reader);
  loaded.ok = loaded.ok && reader.is_at_end();
  return loaded;
}

/// The engine of a process that goes on from this one's state; null where it refuses it.
inline std::unique_ptr<engine::Engine> restarted(const engine::Engine& engine,
                                                 engine::Settings settings) {
  auto next = std::make_unique<engine::Engine>(std::move(settings));
  return load_image(*next, image_of(engine)).ok ? std::move(next) : nullptr;
}

}  // namespace deskpulse::property
