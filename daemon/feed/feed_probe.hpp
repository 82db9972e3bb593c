// What happens to a stream, for log lines.
#pragma once

#include <string_view>

#include "daemon/feed/feed.hpp"
#include "daemon/intake/gap_ledger.hpp"
#include "proto/event.hpp"

namespace deskpulse::feed {

/// The numbers come through FeedListener. Nothing here carries content. Called on the feed's
/// thread; to be overridden as needed.
class FeedProbe {
 public:
  virtual ~FeedProbe() = default;
  /// The `attempt`-th since the back-off started over, from 1; the lines that follow are its.
  virtual void connecting(std::string_view /*host*/, std::string_view /*port*/, int /*attempt*/) {}
  /// `resume` is "ok", "gap", "reset", "live" or "plain".
  virtual void connected(std::string_view /*resume*/) {}
  /// `detail` is the error's own sentence, for example of OpenSSL or the HTTP status; may be empty.
  virtual void disconnected(intake::Disconnect /*reason*/, std::string_view /*detail*/) {}
  virtual void reconnecting(proto::Millis /*wait*/, int /*attempt*/) {}
  virtual void gap(intake::GapKind /*kind*/) {}
};

}  // namespace deskpulse::feed
