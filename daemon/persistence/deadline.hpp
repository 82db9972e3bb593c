// Work that may not come to its end.
#pragma once

#include <chrono>
#include <functional>

namespace deskpulse {

/// Does `work` in a thread of its own and waits for it, for `patience` at most: a call of a disk
/// that hangs cannot be ended from outside. False: it is still at it, and what it uses must live
/// until the process ends. Throws what `work` throws. Without a thread to be had it is done here,
/// without a bound.
[[nodiscard]] bool ends_within(std::chrono::milliseconds patience, std::function<void()> work);

}  // namespace deskpulse
