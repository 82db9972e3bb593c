#include "daemon/persistence/deadline.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>

namespace deskpulse {
namespace {

using namespace std::chrono_literals;

TEST(EndsWithin, IsDoneWhenItReturns) {
  int done = 0;

  EXPECT_TRUE(ends_within(60s, [&] { ++done; }));

  EXPECT_EQ(done, 1);
}

TEST(EndsWithin, DoesNotWaitForWhatHangs) {
  const auto answer = std::make_shared<std::promise<void>>();
  const auto end = std::make_shared<std::promise<void>>();

  EXPECT_FALSE(ends_within(1ms, [answer, end] {
    answer->get_future().wait();
    end->set_value();
  }));

  answer->set_value();
  end->get_future().wait();  // it went on all the same
}

TEST(EndsWithin, ThrowsWhatTheWorkThrows) {
  EXPECT_THROW(static_cast<void>(ends_within(60s, [] { throw std::runtime_error("no"); })),
               std::runtime_error);
}

}  // namespace
}  // namespace deskpulse
