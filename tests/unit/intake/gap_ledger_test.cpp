#include "daemon/intake/gap_ledger.hpp"

#include <gtest/gtest.h>

#include "tests/unit/intake/recording_sink.hpp"

namespace deskpulse::intake {
namespace {

using proto::Millis;

TEST(GapLedger, NothingIsIncompleteWithoutAGap) {
  const GapLedger ledger;

  EXPECT_FALSE(ledger.incomplete(Millis{60'000}, at(1'000'000)));
  EXPECT_EQ(ledger.count(), 0u);
}

TEST(GapLedger, MeasuresFromTheNewestBeforeToTheFirstAfter) {
  GapLedger ledger;
  ledger.open(GapKind::resume, at(100'000));
  ledger.heard(at(130'000));
  ledger.heard(at(140'000));
  ledger.open(GapKind::hole, at(140'000));
  ledger.heard(at(141'000));

  EXPECT_EQ(ledger.count(), 2u);
  EXPECT_EQ(ledger.count(GapKind::hole), 1u);
  EXPECT_EQ(ledger.total(), Millis{31'000});
  EXPECT_EQ(ledger.last(), Millis{1'000});
}

TEST(GapLedger, EveryWindowIsIncompleteWhileTheGapIsOpen) {
  GapLedger ledger;
  ledger.open(GapKind::disconnect, at(100'000));

  EXPECT_TRUE(ledger.incomplete(Millis{60'000}, at(900'000'000)));
  EXPECT_TRUE(ledger.incomplete_since(at(900'000'000), at(900'000'000)));
}

TEST(GapLedger, AWindowIsCompleteAgainOnceItsOldestBucketBeginsAfterTheGap) {
  GapLedger ledger;
  ledger.open(GapKind::hole, at(100'000));
  ledger.heard(at(130'000));

  // Buckets of 1 s: at 189,999 the oldest of 60 begins at 130,000, at 190,000 at 131,000.
  EXPECT_TRUE(ledger.incomplete(Millis{60'000}, at(189'999)));
  EXPECT_FALSE(ledger.incomplete(Millis{60'000}, at(190'000)));
  EXPECT_TRUE(ledger.incomplete(Millis{300'000}, at(190'000)));
}

TEST(GapLedger, TheDayIsIncompleteWhenItBeganBeforeTheGapEnded) {
  GapLedger ledger;
  ledger.open(GapKind::hole, at(100'000));
  ledger.heard(at(130'000));

  EXPECT_TRUE(ledger.incomplete_since(at(130'000), at(900'000'000)));
  EXPECT_FALSE(ledger.incomplete_since(at(130'001), at(900'000'000)));
}

TEST(GapLedger, AShorterGapLaterInTheStreamDoesNotHideAnEarlierOne) {
  GapLedger ledger;
  ledger.open(GapKind::hole, at(100'000));
  ledger.heard(at(130'000));
  ledger.open(GapKind::hole, at(130'000));
  ledger.heard(at(120'000));  // the first after it was out of order

  EXPECT_TRUE(ledger.incomplete_since(at(130'000), at(900'000'000)));
  EXPECT_EQ(ledger.total(), Millis{30'000});
}

TEST(GapLedger, ALiveStartMarksWindowsAndIsNoGap) {
  GapLedger ledger;
  ledger.open(GapKind::live_start, std::nullopt);
  EXPECT_TRUE(ledger.incomplete(Millis{60'000}, at(1)));
  ledger.heard(at(100'000));

  EXPECT_TRUE(ledger.incomplete_since(at(100'000), at(900'000'000)));
  EXPECT_FALSE(ledger.incomplete_since(at(100'001), at(900'000'000)));
  EXPECT_EQ(ledger.count(), 0u);
  EXPECT_EQ(ledger.total(), Millis{0});
}

TEST(GapLedger, BreaksBeforeAnythingIsHeardAreOneGap) {
  GapLedger ledger;
  ledger.open(GapKind::disconnect, at(100'000));
  ledger.open(GapKind::disconnect, at(100'000));
  ledger.heard(at(160'000));

  EXPECT_EQ(ledger.count(), 1u);
  EXPECT_EQ(ledger.total(), Millis{60'000});
}

}  // namespace
}  // namespace deskpulse::intake
