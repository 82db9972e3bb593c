#include "daemon/persistence/journal_failures.hpp"

#include <gtest/gtest.h>

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using Change = JournalFailures::Change;

class JournalFailuresTest : public testing::Test {
 protected:
  Change look() { return failures_.look(counters_, now_); }
  void fail() { ++counters_.failures[static_cast<std::size_t>(store::JournalStage::write)]; }

  JournalFailures failures_;
  store::JournalCounters counters_;
  JournalFailures::Steady::time_point now_{1h};
};

TEST_F(JournalFailuresTest, AreSaidOnceHoweverOftenItFails) {
  EXPECT_EQ(look(), Change::none);
  fail();
  EXPECT_EQ(look(), Change::began);
  for (int i = 0; i < 100; ++i) {
    fail();
    ++counters_.batches;  // every second attempt
    now_ += 200ms;
    EXPECT_EQ(look(), Change::none);
  }
}

TEST_F(JournalFailuresTest, ADroppedBatchIsOneThoughNoAttemptFailed) {
  ++counters_.dropped_batches;
  EXPECT_EQ(look(), Change::began);
}

TEST_F(JournalFailuresTest, EndOnceItHasBeenWrittenForAWhile) {
  fail();
  EXPECT_EQ(look(), Change::began);
  now_ += JournalFailures::kCalm;
  EXPECT_EQ(look(), Change::none) << "nothing was written since";

  ++counters_.batches;
  EXPECT_EQ(look(), Change::ended);
  EXPECT_EQ(look(), Change::none);

  fail();
  EXPECT_EQ(look(), Change::began);
}

}  // namespace
}  // namespace deskpulse
