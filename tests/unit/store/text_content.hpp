// A snapshot's content for tests: one text.
#pragma once

#include <string>
#include <utility>

#include "daemon/store/snapshot_store.hpp"

namespace deskpulse::store {

struct TextContent final : Content {
  explicit TextContent(std::string text_) : text(std::move(text_)) {}
  void write(image::Writer& writer) const override { writer.text(text); }
  std::string text;
};

/// Takes what TextContent wrote into `text`.
inline SnapshotLoader load_text(std::string& text) {
  return [&text](image::Reader& reader, const SnapshotInfo&) {
    text = reader.text(1 << 24);
    return reader.is_at_end();
  };
}

inline constexpr KeyFingerprint kTestKey{std::byte{7}};

}  // namespace deskpulse::store
