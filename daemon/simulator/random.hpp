// Random draws that are the same on every machine.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace deskpulse::simulator {

/// The raw output of mt19937_64 is fixed by the C++ standard, that of its distributions is not; so
/// the few shapes that the traffic needs are drawn here. A draw costs 3 to 60 ns.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }
  /// [0, 1), 53 bits.
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  double uniform(double from, double to) { return from + (to - from) * uniform(); }
  /// [0, bound); `bound` > 0. The bias of the multiplication is below 2^-32.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((engine_() >> 32) * bound) >> 32);
  }
  bool chance(double probability) { return uniform() < probability; }
  double exponential(double mean) { return -mean * std::log1p(-uniform()); }
  double normal() {  // Box and Muller; the second value is not worth keeping
    const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }
  double lognormal(double median, double sigma) { return median * std::exp(sigma * normal()); }
  /// 1, 2, 3, … with the given mean (>= 1), at most `most`.
  int geometric(double mean, int most) {
    int count = 1;
    while (count < most && chance(1.0 - 1.0 / mean)) ++count;
    return count;
  }

 private:
  std::mt19937_64 engine_;
};

/// A bijection of 64 bits (the finaliser of SplitMix64): numbers that look drawn and never repeat.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace deskpulse::simulator
