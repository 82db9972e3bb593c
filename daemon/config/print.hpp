// The configuration in force, as text.
#pragma once

#include <string>

#include "daemon/config/config.hpp"

namespace deskpulse::config {

/// TOML with every setting and what it is for; load() reads it back as an equal Config. Keys that
/// are not set are there as comments. No secret is in it: tokens are only named by their files, and
/// a password's hash and the query of the stream's address are "<secret>", which load() refuses.
std::string to_toml(const Config& config);

}  // namespace deskpulse::config
