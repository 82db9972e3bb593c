#include "tests/simulation/link.hpp"

#include <algorithm>
#include <utility>

namespace deskpulse::simulation {

Time Link::arrival(Way& way) {
  const Time delay =
      static_cast<Time>(random_.below(static_cast<std::uint64_t>(longest_delay_) + 1));
  way.last_arrival = std::max(way.last_arrival, agenda_.now() + delay);
  return way.last_arrival;
}

void Link::send(Side& to, Way& way, std::string text) {
  const Time when = arrival(way);
  agenda_.at(when, [self = shared_from_this(), &to, text = std::move(text)]() mutable {
    // A copy: who is told may forget the link meanwhile.
    const auto tell = to.message;
    if (!self->dead_ && !self->cut_ && tell) tell(std::move(text));
  });
}

void Link::close(Side& to, Way& way) {
  const Time when = arrival(way);
  agenda_.at(when, [self = shared_from_this(), &to] {
    const auto tell = to.closed;
    if (!self->dead_ && !self->cut_ && tell) tell();
  });
}

void Link::cut() {
  if (std::exchange(cut_, true) || dead_) return;
  for (Side* const side : {&server, &client}) {
    agenda_.in(0, [self = shared_from_this(), side] {
      const auto tell = side->closed;
      if (tell) tell();
    });
  }
}

}  // namespace deskpulse::simulation
