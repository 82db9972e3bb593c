// What an image's scopes have in common with those of the engine that loads it.
#pragma once

#include <cstdint>

#include "daemon/engine/packed_instant.hpp"
#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "proto/event.hpp"

namespace deskpulse::engine {

struct ImageScopes {
  int windows = 0;           ///< how many the image has
  bool same_windows = true;  ///< they are the engine's
  bool same_day = true;      ///< its business day is the engine's
};

/// Times are written as how long ago they were: small numbers, and none can lie ahead. 0 is
/// "never", which is the epoch in the engine's records.
inline void save_time(image::Writer& to, proto::Instant at, proto::Instant now) {
  to.number(at == proto::Instant{} ? 0 : static_cast<std::uint64_t>((now - at).count()) + 1);
}
inline proto::Instant load_time(image::Reader& from, proto::Instant now) {
  const std::uint64_t ago = from.number(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  if (ago == 0) return {};
  return now - proto::Millis{static_cast<std::int64_t>(ago) - 1};
}

}  // namespace deskpulse::engine
