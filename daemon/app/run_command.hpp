// `deskpulsed`: follow the stream, serve the numbers.
#pragma once

#include <ostream>

#include "daemon/app/exit_code.hpp"
#include "daemon/app/reload.hpp"
#include "daemon/config/config.hpp"
#include "daemon/host/notify.hpp"

namespace deskpulse {

/// What the daemon works with beside its configuration.
struct Surroundings {
  LoadConfig load_config;  ///< for a reload
  ServiceManager::Environment environment;
};

/// Runs until SIGTERM or SIGINT, then closes the listener and the connection, saves the state and
/// returns kExitOk, or kExitIoError where the state cannot be saved; a second signal kills. Where
/// the disk does not answer then, the process ends by itself, with kExitIoError. SIGHUP reloads the
/// configuration. Before anything runs it checks what start-up needs: a sentence on `err` and
/// another code when the port is taken or a file cannot be used. kExitIoError when the system fails
/// it underway; whatever else goes wrong is thrown.
ExitCode run_daemon(const config::Config& config, const Surroundings& surroundings,
                    std::ostream& err);

}  // namespace deskpulse
