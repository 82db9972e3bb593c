// What happens when, in a world where nothing takes time unless it is said to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "tests/property/rules.hpp"

namespace deskpulse::simulation {

using property::kHour;
using property::kMinute;
using property::kSecond;
/// True time, which no one in the simulation can read: milliseconds since the Unix epoch.
using property::Time;

/// Things to be done, by time and then by the order in which they were put down; so a run is the
/// same each time.
class Agenda {
 public:
  explicit Agenda(Time begin) : now_(begin) {}
  Time now() const { return now_; }

  void at(Time when, std::function<void()> what) {
    entries_.emplace(std::pair{when < now_ ? now_ : when, next_++}, std::move(what));
  }
  void in(Time wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }

  /// Does everything up to and with `end`, what is put down meanwhile included.
  void run_until(Time end) {
    while (!entries_.empty() && entries_.begin()->first.first <= end) {
      const auto entry = entries_.extract(entries_.begin());
      now_ = entry.key().first;
      entry.mapped()();
    }
    now_ = end;
  }

 private:
  Time now_;
  std::uint64_t next_ = 0;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> entries_;
};

}  // namespace deskpulse::simulation
