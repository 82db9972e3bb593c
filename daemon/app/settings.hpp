// What the configuration means to each part of the daemon.
#pragma once

#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/engine/settings.hpp"
#include "daemon/feed/websocket_feed.hpp"
#include "daemon/http/http_server.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/moment/targets.hpp"
#include "daemon/persistence/persistence.hpp"

namespace deskpulse {

/// All of these take a configuration that config::load() found no error in.

/// Reads the zone database.
engine::Settings engine_settings(const config::Config& config);
intake::IntakeSettings intake_settings(const config::Config& config);
feed::WebsocketSettings websocket_settings(const config::Config& config);
/// For a configuration with a state directory.
PersistenceSettings persistence_settings(const config::Config& config);
http::HttpSettings http_settings(const config::Config& config);
/// The part of http_settings() that may change while the server runs.
http::AccessSettings access_settings(const config::Config& config);
/// Those that are not 0.
moment::Targets targets_of(const config::Config& config);

/// The names a configuration can use without defining them.
std::vector<std::string> shipped_profile_names();

}  // namespace deskpulse
