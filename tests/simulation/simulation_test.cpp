// The daemon's logic in worlds that try to break it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/simulation/twin.hpp"
#include "tests/simulation/world.hpp"

namespace deskpulse::simulation {
namespace {

/// An assertion inside the daemon ends the process before a test can say which seed it was.
std::array<char, 64> seed_line{};
void say_seed(int) {
  const auto written = ::write(2, seed_line.data(), std::strlen(seed_line.data()));
  static_cast<void>(written);
}

std::string try_it(std::uint64_t seed, Plant plant = Plant::none) {
  std::signal(SIGABRT, say_seed);
  std::snprintf(seed_line.data(), seed_line.size(), "died at seed %llu\n",
                static_cast<unsigned long long>(seed));
  Totals totals;
  return try_seed(seed, plant, totals);
}

/// How many seeds the test tries: DESKPULSE_SEEDS, from DESKPULSE_SEED (default 1) on.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 40;
#else
constexpr std::uint64_t kSeeds = 300;
#endif

TEST(Simulation, ShowsTheNumbersOfTheRecountWhateverHappens) {
  const std::uint64_t first = from_environment("DESKPULSE_SEED", 1);
  const std::uint64_t count = from_environment("DESKPULSE_SEEDS", kSeeds);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    ASSERT_EQ(try_it(seed), "") << "repeat it with: simulate --seed " << seed << " --trace";
  }
}

TEST(Simulation, PassesTheSeedsThatOnceFailed) {
  std::ifstream file(DESKPULSE_SEEDS_FILE);
  ASSERT_TRUE(file);
  std::string line;
  while (std::getline(file, line)) {
    std::uint64_t seed = 0;
    if (line.starts_with('#') || !(std::istringstream(line) >> seed)) continue;
    EXPECT_EQ(try_it(seed), "") << line;
  }
}

TEST(Simulation, GivesTheSameTraceForTheSameSeed) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    std::ostringstream first;
    std::ostringstream second;
    const Outcome one = run_seed(seed, {.trace = &first});
    const Outcome other = run_seed(seed, {.trace = &second});

    ASSERT_EQ(first.str(), second.str()) << "seed " << seed;
    EXPECT_EQ(one.digest, other.digest);
    EXPECT_FALSE(first.str().empty());
  }
}

TEST(Simulation, GivesOtherTracesForOtherSeeds) {
  EXPECT_NE(run_seed(1).digest, run_seed(2).digest);
}

// A simulation that finds nothing shows nothing until it has found what was put there to be found.

/// The first seed that fails with a bug put in, and why; 0: none of `count`.
std::uint64_t first_failure(Plant plant, std::uint64_t count, std::string& why) {
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    why = run_seed(seed, {.trace = nullptr, .plant = plant}).failure;
    if (!why.empty()) return seed;
  }
  return 0;
}

TEST(Simulation, FindsAnAcknowledgementOfWhatIsNotSafe) {
  std::string why;
  EXPECT_NE(first_failure(Plant::early_ack, 20, why), 0U);
  EXPECT_NE(why.find("acknowledged"), std::string::npos) << why;
}

TEST(Simulation, FindsThatNothingIsSynced) {
  std::string why;
  EXPECT_NE(first_failure(Plant::no_sync, 20, why), 0U);
}

TEST(Simulation, FindsAPositionThatIsNotThatOfTheState) {
  std::string why;
  EXPECT_NE(first_failure(Plant::cursor_apart, 60, why), 0U) << why;
}

TEST(Simulation, FindsDuplicatesThatWereForgotten) {
  std::string why;
  EXPECT_NE(first_failure(Plant::forgotten_duplicates, 100, why), 0U);
}

TEST(Simulation, FindsAPositionThatIsTakenForOneOfAnotherSource) {
  std::string why;
  EXPECT_NE(first_failure(Plant::unbound_position, 300, why), 0U);
}

TEST(Simulation, FindsThatALateFirstEventEndsAGapTooEarly) {
  constexpr std::uint64_t kSeed = 22;
  EXPECT_EQ(run_seed(kSeed).failure, "");

  const std::string why =
      run_seed(kSeed, {.trace = nullptr, .plant = Plant::late_first_event}).failure;

  const bool is_said = why.find("and does not say so") != std::string::npos ||
                       why.find("lost and not declared") != std::string::npos;
  EXPECT_TRUE(is_said) << why;
}

}  // namespace
}  // namespace deskpulse::simulation
