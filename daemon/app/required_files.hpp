// What a configuration names and a start needs, looked at before anything depends on it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"

namespace deskpulse {

namespace http {
struct Access;
}

/// Of a configuration that config::load() found no error in.
struct Required {
  /// A sentence about each thing that cannot be used, by its setting: a file that cannot be read or
  /// does not hold what it should, a suite that OpenSSL does not have, a hash that is none. Empty
  /// when nothing stands in the way.
  std::vector<std::string> problems;
  std::shared_ptr<http::Access> access;  ///< for the HTTP server; null where it has a problem
};

/// The one answer to whether a configuration can be used: the start, a reload and --check-config
/// all ask it, so none can take what another refuses. Reads files, so some milliseconds. Later they
/// may come and go: the feed reads them again at each connect, the server when they change.
///
/// What only the start itself can see is not here: whether the port is free, the address this
/// machine's and the state directory the daemon's own.
Required read_required(const config::Config& config);

/// A credential of systemd is seen by its unit alone. Takes those out of `config` that cannot be
/// seen from here, whose unit does not run or hides them, and says of each that it was not looked
/// at.
std::vector<std::string> leave_out_unseen_credentials(config::Config& config);

}  // namespace deskpulse
