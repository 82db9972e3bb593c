// Runs two sides of a history next to each other and says where they part.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "daemon/engine/engine.hpp"
#include "tests/property/histories.hpp"
#include "tests/property/recount.hpp"
#include "tests/property/series.hpp"

namespace deskpulse::property {

inline proto::Instant instant(Time time) { return proto::Instant{proto::Millis{time}}; }

struct Failure {
  std::size_t step = 0;  ///< index of the look that failed; one past the end = the last look
  Time now = 0;
  Difference difference;
};

/// Looks at the engine's numbers; null when they are the recount's.
std::optional<Failure> look(std::size_t step, engine::Engine& engine, engine::Report& report,
                            const Recount& recount);

/// What a failure says whose engine has refused its own image.
inline Failure refuses_its_image(std::size_t step, Time now) {
  return {step, now, {"its own image is refused", std::nullopt, std::nullopt}};
}

/// How many histories a test tries: DESKPULSE_HISTORIES (default 2,000; half under sanitizers).
std::uint64_t histories_to_try();

/// Compares the histories of the seeds from DESKPULSE_SEED (default 1) on. The first difference is
/// a failure of the test that names the seed, the series and its values, and shows the shortest
/// history found that still has a difference. A seed that ends the process is printed, too.
testing::AssertionResult agree_on_histories(
    const std::function<History(std::uint64_t seed)>& make,
    const std::function<std::optional<Failure>(const History&)>& compare, std::uint64_t count);

}  // namespace deskpulse::property
