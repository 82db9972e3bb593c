#include "daemon/engine/wait_heap.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace deskpulse::engine {
namespace {

using proto::Instant;
using proto::Millis;

TEST(WaitHeap, KnowsTheOldestWhateverIsTakenOut) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    WaitHeap heap;
    std::map<std::uint32_t, std::uint32_t> places;
    std::map<std::uint32_t, Instant> waiting;
    const auto set_place = [&](std::uint32_t conversation, std::uint32_t place) {
      places[conversation] = place;
    };
    for (int step = 0; step < 5'000; ++step) {
      const auto conversation = static_cast<std::uint32_t>(random() % 100);
      if (waiting.contains(conversation)) {
        heap.erase(places[conversation], set_place);
        waiting.erase(conversation);
      } else {
        waiting[conversation] = Instant{Millis{random() % 50}};
        heap.push(waiting[conversation], conversation, set_place);
      }
      ASSERT_EQ(heap.size(), waiting.size());
      if (waiting.empty()) continue;
      Instant oldest = Instant::max();
      for (const auto& [who, since] : waiting) oldest = std::min(oldest, since);
      ASSERT_EQ(heap.oldest(), oldest);
    }
  }
}

}  // namespace
}  // namespace deskpulse::engine
