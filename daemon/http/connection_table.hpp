// What the connections of one server have in common, and who gives way when there are too many.
// Private to the server.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <unordered_set>

#include "daemon/http/access.hpp"
#include "daemon/http/held_bodies.hpp"
#include "daemon/http/http_counts.hpp"
#include "daemon/http/http_server.hpp"
#include "daemon/http/password_checks.hpp"
#include "daemon/http/routes.hpp"

namespace deskpulse::http {

class Connection;

/// Only for the server's thread.
struct ConnectionTable {
  using Clock = std::chrono::steady_clock;

  const HttpSettings settings;
  const Routes routes;
  std::size_t max_connections;  ///< the setting, or less where the process may not open so many
  std::shared_ptr<Access> access;
  HttpCounts counts;
  std::unordered_set<Connection*> open;
  HeldBodies held;
  PasswordChecks passwords;

  /// Streams go on for hours, so some connections are kept for those who only ask.
  std::size_t max_streams() const { return max_connections - max_connections / 4; }

  /// Closes the connection that can be spared most easily; false when none can. Of the network
  /// that has the most that can be spared, so that whoever fills the table with connections loses
  /// his own and not those of others; then by Connection::spare_rank(), then the one that has been
  /// as it is for longest. Looks at every connection, so of thousands it closes some at once.
  bool make_room(Clock::time_point now);
  /// Ends responses, oldest first, until the bodies in memory are within their limit again. Never
  /// the newest one, so each body can be sent, however large.
  void drop_old_bodies(const Connection& newest);
};

}  // namespace deskpulse::http
