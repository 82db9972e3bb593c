// How much of the heap is in use, counted at the allocator.
#pragma once

#include <cstddef>

namespace deskpulse::bench {

/// Bytes that operator new has given out and not got back, as malloc rounds them up.
std::size_t live_bytes();

}  // namespace deskpulse::bench
