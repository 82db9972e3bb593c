// `deskpulsed`: follow the stream, serve the numbers.
#pragma once

#include <ostream>

#include "daemon/config/config.hpp"
#include "daemon/exit_code.hpp"

namespace deskpulse {

/// Runs until SIGTERM or SIGINT, then closes the listener and the connection and returns kExitOk; a
/// second signal kills. Before anything runs it checks what start-up needs: a sentence on `err` and
/// another code when the port is taken or a file cannot be read.
ExitCode run_daemon(const config::Config& config, std::ostream& err);

}  // namespace deskpulse
