// simulate: runs seeds of the deterministic simulation for as long as one likes.
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulation/twin.hpp"
#include "tests/simulation/world.hpp"

namespace {

using namespace deskpulse::simulation;

constexpr std::string_view kHelp =
    R"(usage: simulate [--seeds N] [--first S] [--seconds T] [--plant BUG]
       simulate --seed S [--trace] [--without-faults] [--plant BUG]

Runs the daemon's logic over a simulated network, disk, clock and chat platform, and compares
what it shows with a recount. A seed is a run: it gives the same trace every time.

  --seeds N         so many seeds (default 1,000; without end when only --seconds is given)
  --first S         beginning with this one (default 1)
  --seconds T       end after so many seconds
  --keep-going      do not end at the first seed that fails
  --seed S          this one only
  --trace           tell everything that happens, on standard output
  --without-faults  the same world, in which nothing goes wrong
  --plant BUG       with a bug put in: early_ack, no_sync, cursor_apart,
                    forgotten_duplicates, unbound_position, late_first_event

Exit code 0: no seed failed; 1: one did; 64: wrong arguments.
)";
constexpr int kExitUsage = 64;

/// An assertion of the daemon ends the program before it can say which seed it was.
std::array<char, 96> seed_line{};
void say_seed(int) {
  const auto written = ::write(2, seed_line.data(), std::strlen(seed_line.data()));
  static_cast<void>(written);
}

struct Arguments {
  std::optional<std::uint64_t> seeds;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> seconds;
  std::optional<std::uint64_t> seed;
  bool trace = false;
  bool without_faults = false;
  bool keep_going = false;
  Plant plant = Plant::none;
};

std::optional<std::uint64_t> number(const char* text) {
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(text, &end, 10);
  if (end == text || *end != '\0') return std::nullopt;
  return value;
}

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--trace") {
      arguments.trace = true;
      continue;
    }
    if (name == "--without-faults") {
      arguments.without_faults = true;
      continue;
    }
    if (name == "--keep-going") {
      arguments.keep_going = true;
      continue;
    }
    if (++i == argc) return std::nullopt;
    if (name == "--plant") {
      const std::string_view bug = argv[i];
      if (bug == "early_ack") {
        arguments.plant = Plant::early_ack;
      } else if (bug == "no_sync") {
        arguments.plant = Plant::no_sync;
      } else if (bug == "cursor_apart") {
        arguments.plant = Plant::cursor_apart;
      } else if (bug == "forgotten_duplicates") {
        arguments.plant = Plant::forgotten_duplicates;
      } else if (bug == "unbound_position") {
        arguments.plant = Plant::unbound_position;
      } else if (bug == "late_first_event") {
        arguments.plant = Plant::late_first_event;
      } else {
        return std::nullopt;
      }
      continue;
    }
    const auto value = number(argv[i]);
    if (!value) return std::nullopt;
    if (name == "--seeds") {
      arguments.seeds = value;
    } else if (name == "--first") {
      arguments.first = *value;
    } else if (name == "--seconds") {
      arguments.seconds = value;
    } else if (name == "--seed") {
      arguments.seed = value;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

int run_one(const Arguments& arguments) {
  Scenario scenario = scenario_of(*arguments.seed);
  if (arguments.without_faults) scenario.faults = {};
  RunOptions options;
  if (arguments.trace) options.trace = &std::cout;
  options.plant = arguments.plant;
  const Outcome outcome = run(scenario, options);
  std::cout << "seed " << *arguments.seed << ' ' << scenario.text() << "\ndigest " << std::hex
            << outcome.digest << std::dec << ", lives " << outcome.lives << ", restored "
            << outcome.restored << ", acknowledgements " << outcome.acknowledgements
            << ", events delivered " << outcome.delivered << ", lost and declared " << outcome.lost
            << '\n';
  if (outcome.failure.empty()) return 0;
  std::cout << "FAILED: " << outcome.failure << '\n';
  return 1;
}

int run_many(const Arguments& arguments) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  auto told = began;
  const std::uint64_t all = arguments.seeds.value_or(arguments.seconds ? ~std::uint64_t{0} : 1'000);
  std::uint64_t failed = 0;
  std::uint64_t done = 0;
  Totals totals;
  for (; done < all; ++done) {
    const auto now = Clock::now();
    if (arguments.seconds && now - began >= std::chrono::seconds(*arguments.seconds)) break;
    if (now - told >= std::chrono::seconds{10}) {
      told = now;
      std::cout << done << " seeds, " << failed << " failed" << std::endl;
    }
    const std::uint64_t seed = arguments.first + done;
    std::snprintf(seed_line.data(), seed_line.size(),
                  "died at seed %llu; repeat it with: simulate --seed %llu --trace\n",
                  static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed));
    const std::string failure = try_seed(seed, arguments.plant, totals);
    if (failure.empty()) continue;
    ++failed;
    std::cout << "seed " << seed << " FAILED: " << failure << "\n  repeat it with: simulate --seed "
              << seed << " --trace" << std::endl;
    if (!arguments.keep_going) {
      ++done;
      break;
    }
  }
  const auto seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::cout << done << " seeds in " << static_cast<int>(seconds + 0.5) << " s: " << totals.text()
            << "; " << failed << " failed" << std::endl;
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::cout << kHelp;
    return 0;
  }
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    std::cerr << kHelp;
    return kExitUsage;
  }
  std::signal(SIGABRT, say_seed);
  return arguments->seed ? run_one(*arguments) : run_many(*arguments);
}
