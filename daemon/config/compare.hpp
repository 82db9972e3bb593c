// What is different between two configurations, and what a running daemon can take over of it.
#pragma once

#include <string>
#include <vector>

#include "daemon/config/config.hpp"

namespace deskpulse::config {

/// One key with two values. No secret is in the texts: of a stream's address the path and query are
/// left out, and of a password's hash all of it.
struct Change {
  std::string key;   ///< "feed.url", "shop.ID.slow_after", "http.basic_auth_users.NAME"
  std::string from;  ///< "(not set)" when it has no value
  std::string to;
  bool is_live = false;  ///< a reload brings it into force; otherwise a restart does
  friend bool operator==(const Change&, const Change&) = default;
};

/// In the order of the printed configuration; empty when the two mean the same. The order of shops
/// and profiles means nothing. A shop, agent or profile that is only in one of the two is one
/// change, from or to "(not set)".
std::vector<Change> compare(const Config& old, const Config& next);

/// `running` with everything that a reload can take over of `next`. What needs a restart stays, so
/// compare(result, next) is what is still waiting for one.
Config reloaded(const Config& running, const Config& next);

}  // namespace deskpulse::config
