#include "daemon/log/rejection_log.hpp"

#include <gmock/gmock.h>

#include <utility>
#include <vector>

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using proto::Reject;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class RejectionLogTest : public testing::Test {
 protected:
  std::vector<std::pair<Reject, std::uint64_t>> look() {
    said_.clear();
    log_.look(counters_, now_);
    return said_;
  }
  std::uint64_t& count(Reject reason) {
    return counters_.rejected[static_cast<std::size_t>(reason)];
  }

  std::vector<std::pair<Reject, std::uint64_t>> said_;
  RejectionLog log_{10s, [this](const proto::Rejection& newest, std::uint64_t n) {
                      said_.push_back({newest.reason, n});
                      field_ = newest.field;
                    }};
  std::string_view field_;  // of the newest line
  intake::IntakeCounters counters_;
  RejectionLog::Clock::time_point now_{1h};
};

TEST_F(RejectionLogTest, SaysTheFirstOfAReasonAtOnce) {
  EXPECT_THAT(look(), IsEmpty());
  count(Reject::malformed) = 1;

  EXPECT_THAT(look(), ElementsAre(Pair(Reject::malformed, 1)));
  EXPECT_THAT(look(), IsEmpty());
}

TEST_F(RejectionLogTest, CountsWhatComesDuringThePauseAndSaysItAfter) {
  count(Reject::malformed) = 1;
  look();
  count(Reject::malformed) = 500;
  now_ += 9'999ms;
  EXPECT_THAT(look(), IsEmpty());
  now_ += 1ms;

  EXPECT_THAT(look(), ElementsAre(Pair(Reject::malformed, 499)));
}

TEST_F(RejectionLogTest, NamesTheFieldThatWasWrong) {
  count(Reject::bad_value) = 1;
  counters_.rejected_field[static_cast<std::size_t>(Reject::bad_value)] = "score";

  look();

  EXPECT_EQ(field_, "score");
}

TEST(RejectionLogOfALaterRun, SaysNothingOfWhatAnEarlierRunHasCounted) {
  intake::IntakeCounters counters;
  counters.rejected[static_cast<std::size_t>(Reject::future)] = 7;
  std::uint64_t said = 0;
  RejectionLog log(
      10s, [&](const proto::Rejection&, std::uint64_t count) { said += count; }, counters);

  log.look(counters, RejectionLog::Clock::time_point{1h});
  EXPECT_EQ(said, 0U);
  counters.rejected[static_cast<std::size_t>(Reject::future)] = 9;
  log.look(counters, RejectionLog::Clock::time_point{2h});
  EXPECT_EQ(said, 2U);
}

TEST_F(RejectionLogTest, GivesEachReasonAPauseOfItsOwn) {
  count(Reject::malformed) = 1;
  look();
  count(Reject::future) = 2;

  EXPECT_THAT(look(), ElementsAre(Pair(Reject::future, 2)));
}

}  // namespace
}  // namespace deskpulse
