// What holds of every moment that a monitor shows, whatever it has been through.
#pragma once

#include "daemon/moment/moment.hpp"

namespace deskpulse::fuzz {

/// Asserts that what agents have open and who waits for them adds up to what their shop has.
void check_levels(const moment::Moment& moment);

/// Asserts that in every scope parts are no more than their whole. Not so where a window began anew
/// behind the customers that it knows, or where the numbers come from a file that says otherwise.
void check_scopes(const moment::Moment& moment);

/// Asserts that each page that is made of it is well formed. A hundred times the cost.
void check_pages(const moment::Moment& moment);

}  // namespace deskpulse::fuzz
