// The daemon at one moment, and the seam through which the HTTP thread gets it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/report.hpp"
#include "daemon/engine/waiting.hpp"
#include "daemon/moment/status.hpp"

namespace deskpulse::moment {

/// A list of waiting customers that somebody wants with the moment.
struct WaitingWish {
  engine::WaitingScope scope;
  std::optional<std::size_t> limit;
  /// Whether a list of the same scope for `other` has all that is wanted.
  bool is_within(const WaitingWish& other) const {
    return !other.limit || (limit && *limit <= *other.limit);
  }
  friend bool operator==(const WaitingWish&, const WaitingWish&) = default;
};

/// What became of the wishes that share a scope.
struct WaitingPage {
  WaitingWish wish;  ///< the one with the greatest limit
  engine::WaitingList list;
  /// The ids of the rows' customers where they are shown and known, else empty; none at all where
  /// customers are masked.
  std::vector<std::string> customers;
};

/// One moment of the daemon: the engine's numbers and the feed's state, taken together.
struct Moment {
  bool lacks_memory = false;  ///< there was none for the rest, which says nothing then
  proto::Instant at{};        ///< the wall clock
  engine::Report report;
  std::vector<proto::Millis> spans;  ///< of report.scopes; 0 for the business day
  Status status;
  std::vector<WaitingPage> waiting;  ///< the wishes are set by whoever asks, the rest is the answer
};

/// The page with what is wished, and perhaps more of the same scope; null when there is none.
const WaitingPage* find_page(const Moment& moment, const WaitingWish& wish);

/// The seam to the thread that owns the feed and the engine. Called on the HTTP thread; must return
/// at once. It has the owner fill `moment` on its own thread (its buffers are warm from the last
/// time) and then call `filled`, once, from whatever thread. Never calling it is allowed: then
/// those who wait are told so after a while.
///     [&](std::shared_ptr<Moment> moment, std::function<void()> filled) {
///       asio::post(feed_context, [&, moment, filled = std::move(filled)] {
///         monitor.fill(*moment); filled(); }); }
using TakeMoment =
    std::function<void(std::shared_ptr<Moment> moment, std::function<void()> filled)>;

}  // namespace deskpulse::moment
