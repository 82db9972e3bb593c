// A monitor that was made from bytes of unknown origin, put to work.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "daemon/feed/feed.hpp"
#include "daemon/monitor/monitor.hpp"
#include "daemon/persistence/recovery.hpp"

namespace deskpulse::fuzz {

/// Two sets of settings: the one that the kept images were made with, and another one, so that
/// windows and the day begin anew, limits are exceeded and time limits are over at the load.
enum class Rules { as_saved, others };

/// A process that goes on from files.
class RestoredState {
 public:
  explicit RestoredState(Rules rules) : rules_(rules) {}

  std::unique_ptr<Monitor> new_monitor();
  MakeMonitor maker() {
    return [this] { return new_monitor(); };
  }

  /// What was read goes on as any other: its numbers agree, it is saved and loads again as what it
  /// was, and it takes what comes then. May be called for one monitor.
  void put_to_work(std::unique_ptr<Monitor> monitor, const std::optional<feed::Cursor>& cursor);

 private:
  const moment::Moment& look(Monitor& monitor);

  const Rules rules_;
  moment::Moment moment_;
  proto::Instant wall_{proto::Millis{1'763'712'000'000}};
};

}  // namespace deskpulse::fuzz
