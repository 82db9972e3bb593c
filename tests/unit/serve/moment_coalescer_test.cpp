#include "daemon/serve/moment_coalescer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <string>

namespace deskpulse::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::milliseconds kDeadline{5'000};
constexpr std::chrono::milliseconds kNotApart{0};

/// The feed's thread and the asking one, both in the test's hand.
class MomentCoalescerTest : public testing::Test {
 protected:
  MomentCoalescerTest() { use(kNotApart); }
  void use(std::chrono::milliseconds apart) {
    moments = std::make_shared<MomentCoalescer>(
        [this](const std::shared_ptr<moment::Moment>& moment, std::function<void()> done) {
          if (!has_memory) throw std::bad_alloc();
          ++asked;
          asked_for = moment;
          wished.clear();
          for (const moment::WaitingPage& page : moment->waiting) wished.push_back(page.wish);
          filled = std::move(done);
        },
        kDeadline, apart);
    moments->ask_from({[this](std::chrono::milliseconds delay, std::function<void()> work) {
                         (delay == kDeadline ? deadlines : pauses).push_back(std::move(work));
                       },
                       [](const std::function<void()>& work) { work(); }});
  }
  /// Asks, and notes when it got a moment under this name.
  void ask(const std::string& name, std::vector<moment::WaitingWish> wishes = {}) {
    moments->next(std::move(wishes), [this, name](const moment::Moment* moment) {
      got.push_back(moment == nullptr ? name + " nothing" : name);
    });
  }
  void fill() {
    const auto now = std::exchange(filled, nullptr);
    now();
  }

  bool has_memory = true;  ///< for a question
  int asked = 0;
  std::shared_ptr<moment::Moment> asked_for;
  std::vector<moment::WaitingWish> wished;
  std::function<void()> filled;
  std::vector<std::function<void()>> deadlines;
  std::vector<std::function<void()>> pauses;
  std::vector<std::string> got;
  std::shared_ptr<MomentCoalescer> moments;
};

const moment::WaitingWish kTea{{"tea", ""}, 20};
const moment::WaitingWish kCoffee{{"coffee", ""}, 20};

TEST_F(MomentCoalescerTest, WhoAsksMeanwhileSharesTheMoment) {
  ask("a");
  ask("b");
  EXPECT_THAT(got, IsEmpty());

  fill();

  EXPECT_THAT(got, ElementsAre("a", "b"));
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(filled, nullptr);
}

TEST_F(MomentCoalescerTest, WhoHasNoMemoryForAMomentGetsNothingAndTheOthersGetTheirs) {
  moments->next([this](const moment::Moment* moment) {
    if (moment != nullptr) throw std::bad_alloc();
    got.push_back("a nothing");
  });
  ask("b");
  fill();
  ask("c");
  fill();

  EXPECT_THAT(got, ElementsAre("a nothing", "b", "c"));
}

TEST_F(MomentCoalescerTest, WhoHasNoMemoryForNothingEitherHoldsUpNobodyElse) {
  moments->next([](const moment::Moment*) { throw std::bad_alloc(); });
  EXPECT_THROW(fill(), std::bad_alloc);
  ask("b");
  ASSERT_NE(filled, nullptr);
  fill();

  EXPECT_THAT(got, ElementsAre("b"));
}

TEST_F(MomentCoalescerTest, AMomentThatThereWasNoMemoryForIsNone) {
  ask("a");
  asked_for->lacks_memory = true;
  fill();
  ask("b");
  asked_for->lacks_memory = false;
  fill();

  EXPECT_THAT(got, ElementsAre("a nothing", "b"));
}

TEST_F(MomentCoalescerTest, AQuestionThatThereIsNoMemoryForIsAskedAgainByTheNextOne) {
  has_memory = false;
  EXPECT_THROW(ask("a"), std::bad_alloc);
  has_memory = true;
  ask("b");
  fill();

  EXPECT_THAT(got, ElementsAre("a", "b"));
}

TEST_F(MomentCoalescerTest, TheNextOneAsksAgain) {
  ask("a");
  fill();
  ask("b");
  fill();

  EXPECT_THAT(got, ElementsAre("a", "b"));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(moments->number(), 2U);
}

TEST_F(MomentCoalescerTest, AWishThatTheMomentOnItsWayLacksWaitsForOneMoreWithAllOfThem) {
  ask("plain");
  ask("tea", {kTea});
  ask("coffee", {kCoffee});
  ask("tea too", {kTea});

  fill();
  EXPECT_THAT(got, ElementsAre("plain"));
  EXPECT_EQ(asked, 2);
  EXPECT_THAT(wished, ElementsAre(kTea, kCoffee));
  fill();

  EXPECT_THAT(got, ElementsAre("plain", "tea", "coffee", "tea too"));
  EXPECT_EQ(asked, 2);
}

TEST_F(MomentCoalescerTest, AWishThatIsOnItsWayIsShared) {
  ask("tea", {kTea});
  ask("tea too", {kTea});

  fill();

  EXPECT_THAT(got, ElementsAre("tea", "tea too"));
  EXPECT_EQ(asked, 1);
}

TEST_F(MomentCoalescerTest, WishesOfOneScopeAreOneListWithTheGreatestLimit) {
  ask("plain");
  ask("ten", {{{"tea", ""}, 10}});
  ask("twenty", {kTea});
  ask("five", {{{"tea", ""}, 5}});
  fill();
  EXPECT_THAT(wished, ElementsAre(kTea));
  ask("fifteen", {{{"tea", ""}, 15}});  // is on its way
  ask("all", {{{"tea", ""}, {}}});      // is not

  fill();
  EXPECT_THAT(got, ElementsAre("plain", "ten", "twenty", "five", "fifteen"));
  fill();

  EXPECT_EQ(got.back(), "all");
  EXPECT_EQ(asked, 3);
}

TEST_F(MomentCoalescerTest, WhoAsksTooSoonAfterTheLastQuestionWaitsForItsTime) {
  use(std::chrono::milliseconds{100});
  ask("a");
  fill();
  ask("b");
  ask("c");
  EXPECT_EQ(asked, 1);

  pauses[0]();
  EXPECT_EQ(asked, 2);
  fill();

  EXPECT_THAT(got, ElementsAre("a", "b", "c"));
  pauses[1]();
  EXPECT_EQ(asked, 2) << "for nobody";
  ask("d");
  EXPECT_EQ(asked, 3);
}

TEST_F(MomentCoalescerTest, AnAnswerThatTakesLongIsNotFollowedByAPause) {
  use(std::chrono::milliseconds{100});
  ask("a");
  ask("tea", {kTea});
  pauses[0]();
  EXPECT_EQ(asked, 1);

  fill();

  EXPECT_EQ(asked, 2);
}

TEST_F(MomentCoalescerTest, WhoAsksWhileAMomentIsUsedWaitsForTheNext) {
  moments->next([this](const moment::Moment*) {
    got.emplace_back("first");
    ask("again");
    EXPECT_EQ(asked, 1);  // the others still read this one
  });
  ask("second");

  fill();

  EXPECT_THAT(got, ElementsAre("first", "second"));
  EXPECT_EQ(asked, 2);
  fill();
  EXPECT_THAT(got, ElementsAre("first", "second", "again"));
}

TEST_F(MomentCoalescerTest, WhoGetsNoneInTimeIsToldSoOnceAndTheOthersGoOnWaiting) {
  ask("a");
  ask("b");

  deadlines[0]();
  EXPECT_THAT(got, ElementsAre("a nothing"));
  fill();
  deadlines[1]();

  EXPECT_THAT(got, ElementsAre("a nothing", "b"));
}

TEST_F(MomentCoalescerTest, AnAnswerAfterTheEndDoesNothing) {
  ask("a");
  moments.reset();

  fill();

  EXPECT_THAT(got, IsEmpty());
}

}  // namespace
}  // namespace deskpulse::serve
