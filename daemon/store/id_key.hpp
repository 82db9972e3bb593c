// The key of the hashes that stand for customers' and events' ids.
#pragma once

#include <array>
#include <cstddef>
#include <stdexcept>

#include "daemon/store/disk.hpp"
#include "proto/id_hash.hpp"

namespace deskpulse::store {

/// The state cannot be used as it is: a full sentence on what is wrong and what mends it, for
/// whoever started the daemon.
class StateError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr const char* kKeyFile = "id.key";

/// Reads the key, or makes it: once for the life of the state, from the system's random source, and
/// safe on disk before it is used. Throws StateError when it cannot be read or is damaged, and when
/// it is missing beside a state that was written with it: a new one would make everybody in that
/// state a stranger. `path` is the directory's, for the message.
proto::IdHasher::Key read_or_make_key(Disk& disk, std::string_view path);

/// Writes the key that is in use where there is no key file any more. Throws StateError when
/// another one is there, or this one cannot be written.
void put_key(Disk& disk, std::string_view path, const proto::IdHasher::Key& key);

/// Tells keys apart and says nothing about them.
using KeyFingerprint = std::array<std::byte, 16>;
KeyFingerprint fingerprint_of(const proto::IdHasher::Key& key);

}  // namespace deskpulse::store
