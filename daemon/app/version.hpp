// Which deskpulse this is.
#pragma once

#include <string_view>

namespace deskpulse {

std::string_view version();   ///< "0.2.0"
std::string_view revision();  ///< of the sources it was built from; empty when nobody said

}  // namespace deskpulse
