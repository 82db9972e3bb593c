#include "daemon/simulator/past_traffic.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "proto/decoder.hpp"

namespace deskpulse::simulator {
namespace {

using namespace std::chrono_literals;

constexpr proto::Instant kNow{1'763'000'000'000ms};

std::vector<proto::Instant> times_of(std::string_view lines) {
  proto::Decoder decoder;
  std::vector<proto::Instant> times;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const auto event = decoder.event(lines.substr(0, end));
    if (!event) return {};
    times.push_back(event->ts);
    lines.remove_prefix(end + 1);
  }
  return times;
}

TEST(PastTraffic, StaysWhereItIsWhenItIsOverInTime) {
  TrafficOptions options;
  options.start = kNow - 2h;

  const auto times = times_of(past_traffic(options, 100, kNow));

  ASSERT_EQ(times.size(), 100U);
  EXPECT_LT(times.front(), kNow - 119min);
  EXPECT_LT(times.back(), kNow - 110min);
}

TEST(PastTraffic, MovesBackWhatWouldEndInTheFutureAndKeepsItsCourse) {
  TrafficOptions options;
  options.start = kNow - 1min;

  const auto moved = times_of(past_traffic(options, 5'000, kNow));
  const auto unmoved = times_of(past_traffic(options, 5'000, kNow + 24h));

  ASSERT_EQ(moved.size(), unmoved.size());
  EXPECT_EQ(moved.back(), kNow);
  for (std::size_t i = 0; i < moved.size(); ++i)
    ASSERT_EQ(unmoved[i] - moved[i], unmoved.back() - kNow) << "event " << i;
}

}  // namespace
}  // namespace deskpulse::simulator
