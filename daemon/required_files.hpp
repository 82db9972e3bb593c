// The files that a configuration names, looked at before anything depends on them.
#pragma once

#include <string>

#include "daemon/config/config.hpp"

namespace deskpulse {

/// One sentence about the first file of [feed] that cannot be used: it cannot be read, it holds no
/// token, or no certificate. Empty when all can. Later they may come and go: the feed reads them
/// again at each connect.
std::string unusable_file(const config::Feed& feed);

}  // namespace deskpulse
