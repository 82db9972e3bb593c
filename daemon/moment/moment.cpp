#include "daemon/moment/moment.hpp"

namespace deskpulse::moment {

const WaitingPage* find_page(const Moment& moment, const WaitingWish& wish) {
  for (const WaitingPage& page : moment.waiting)
    if (page.wish.scope == wish.scope) return wish.is_within(page.wish) ? &page : nullptr;
  return nullptr;
}

}  // namespace deskpulse::moment
