// The wall page over HTTP.
#pragma once

#include "daemon/http/routes.hpp"

namespace deskpulse::serve {

/// Adds `/wall`, and `/wall/<name>` for each file that it loads: compressed where the peer takes
/// that, with an entity tag by which a browser asks again and is told that nothing changed. The
/// page may run its own scripts and talk to this server, and nothing else.
void add_wall(http::Routes& routes);

}  // namespace deskpulse::serve
