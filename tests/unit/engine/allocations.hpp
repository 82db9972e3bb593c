// How often memory was asked for, counted at the allocator.
#pragma once

#include <cstdint>

namespace deskpulse::engine {

/// Calls of operator new since the process began.
std::uint64_t allocations();

}  // namespace deskpulse::engine
