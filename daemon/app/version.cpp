#include "daemon/app/version.hpp"

namespace deskpulse {

std::string_view version() { return DESKPULSE_VERSION; }
std::string_view revision() { return DESKPULSE_REVISION; }

}  // namespace deskpulse
