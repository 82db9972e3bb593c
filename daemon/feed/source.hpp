// Which stream a position belongs to.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/feed/endpoint.hpp"
#include "proto/event.hpp"

namespace deskpulse::feed {

enum class Protocol : std::uint8_t {
  v1,     ///< deskpulse.v1: positions, resume, heartbeats
  plain,  ///< any server that sends events, one or an array a frame; every disconnect is a gap
};

/// A stream, told from others. Hashes: nothing of an address or a name can be read from what is
/// kept.
struct Source {
  /// Of protocol, scheme, host, port and path; not of the query, which may be a token. Nobody's
  /// where it is not known: older states do not say it.
  proto::CustomerKey address;
  proto::CustomerKey name;  ///< that somebody gave it; nobody's: none

  /// Where both have a name, the names decide, whatever the addresses; else the addresses. One that
  /// is not known is taken for the same, so that an upgrade is no gap.
  bool is_same(const Source& other) const;
  friend bool operator==(const Source&, const Source&) = default;
};

Source source_of(Protocol protocol, const Endpoint& endpoint, std::string_view name);

}  // namespace deskpulse::feed
