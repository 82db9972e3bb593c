// A state that cannot be gone on from, and is not to be lost.
#pragma once

#include <string>
#include <system_error>

#include "daemon/store/disk.hpp"

namespace deskpulse::store {

/// Renames every snapshot and every segment of the journal to `<prefix><its name>`, under which
/// nobody looks for them; they stay until a person removes them. After an error, or a crash amidst,
/// some have their old names: to be called again.
std::error_code set_aside(Disk& disk, const std::string& prefix);

}  // namespace deskpulse::store
