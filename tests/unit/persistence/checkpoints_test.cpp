#include "daemon/persistence/checkpoints.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "daemon/store/id_key.hpp"
#include "tests/unit/store/memory_disk.hpp"

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using Steady = Checkpoints::Steady;

/// Does what it is given when the test says so.
class HeldRunner final : public SnapshotRunner {
 public:
  void run(Save save, Done done) override {
    ++runs;
    save_ = std::move(save);
    done_ = std::move(done);
  }
  void kill() override { ++killed; }
  void abandon() override {
    ++abandoned;
    done_ = nullptr;
  }

  bool is_busy() const { return done_ != nullptr; }
  void end() {
    SnapshotTaken taken;
    taken.saved = save_();
    std::exchange(done_, nullptr)(taken);
  }
  void fail(const SnapshotTaken& taken) { std::exchange(done_, nullptr)(taken); }
  int runs = 0;
  int killed = 0;
  int abandoned = 0;

 private:
  Save save_;
  Done done_;
};

class CheckpointsTest : public testing::Test {
 protected:
  CheckpointsTest() {
    store_.load([](image::Reader&, const store::SnapshotInfo&) { return false; });
  }

  /// Time passes, and a snapshot that has begun comes to its end.
  void next_snapshot() {
    now_ += 5s;
    checkpoints_.tick(now_, wall_);
    ASSERT_TRUE(runner_.is_busy());
    runner_.end();
  }
  moment::StoreStatus status() const {
    moment::StoreStatus status;
    checkpoints_.fill(status);
    return status;
  }
  std::uint64_t failures(const std::string& stage) const {
    for (const moment::LabelCount& each : status().failures)
      if (each.label == stage) return each.count;
    ADD_FAILURE() << "no stage " << stage;
    return 0;
  }

  store::MemoryDisk disk_;
  store::SnapshotStore store_{disk_, {}};
  HeldRunner runner_;
  std::optional<feed::Cursor> cursor_{{"e1", 0}};
  std::vector<std::uint64_t> acknowledged_;
  Checkpoints checkpoints_{
      {.interval = 5s, .give_up_after = 60s},
      {.store = store_,
       .runner = runner_,
       .save_state =
           [](image::Writer& writer, const std::optional<feed::Cursor>& cursor) {
             writer.flag(cursor.has_value());
             if (cursor) writer.number(cursor->seq);
           },
       .cursor = [this] { return cursor_; },
       .acknowledge = [this](std::uint64_t seq) { acknowledged_.push_back(seq); },
       .ended = {}}};
  Steady::time_point now_{1h};
  proto::Instant wall_{1'700'000'000'000ms};
};

TEST_F(CheckpointsTest, TakesASnapshotEveryInterval) {
  checkpoints_.tick(now_, wall_);
  EXPECT_FALSE(runner_.is_busy());
  checkpoints_.tick(now_ + 4999ms, wall_);
  EXPECT_FALSE(runner_.is_busy());
  checkpoints_.tick(now_ + 5000ms, wall_);
  EXPECT_TRUE(runner_.is_busy());
}

TEST_F(CheckpointsTest, AcknowledgesWhatTheOlderOfTwoGoodSnapshotsCovers) {
  checkpoints_.tick(now_, wall_);
  cursor_->seq = 10;
  next_snapshot();
  EXPECT_TRUE(acknowledged_.empty());
  cursor_->seq = 20;
  next_snapshot();
  EXPECT_EQ(acknowledged_, std::vector<std::uint64_t>{10});
  cursor_->seq = 30;
  next_snapshot();
  EXPECT_EQ(acknowledged_, (std::vector<std::uint64_t>{10, 20}));
  EXPECT_EQ(status().acknowledged_seq, 20U);
}

TEST_F(CheckpointsTest, SavesThePositionOfTheInstantAtWhichItBegan) {
  checkpoints_.tick(now_, wall_);
  now_ += 5s;
  cursor_->seq = 10;
  checkpoints_.tick(now_, wall_);
  cursor_->seq = 11;  // goes on while the snapshot is written
  runner_.end();
  next_snapshot();

  EXPECT_EQ(acknowledged_, std::vector<std::uint64_t>{10});
}

TEST_F(CheckpointsTest, AcknowledgesNoPositionOfAnotherSource) {
  checkpoints_.tick(now_, wall_);
  cursor_ = feed::Cursor{"e1", 100, {.address = {1, 1}, .name = {}}};
  next_snapshot();
  cursor_ = feed::Cursor{"e1", 3, {.address = {2, 2}, .name = {}}};
  next_snapshot();
  EXPECT_TRUE(acknowledged_.empty());
  next_snapshot();

  EXPECT_EQ(acknowledged_, std::vector<std::uint64_t>{3});
}

TEST_F(CheckpointsTest,
       InADirectoryThatWasMadeAnewTwoSnapshotsAreWrittenBeforeAnythingIsAcknowledged) {
  checkpoints_.tick(now_, wall_);
  cursor_->seq = 10;
  next_snapshot();
  checkpoints_.begin_anew();
  cursor_->seq = 20;
  checkpoints_.tick(now_, wall_);
  ASSERT_TRUE(runner_.is_busy()) << "at once";
  runner_.end();
  EXPECT_TRUE(acknowledged_.empty());
  next_snapshot();

  EXPECT_EQ(acknowledged_, std::vector<std::uint64_t>{20});
}

TEST_F(CheckpointsTest, AcknowledgesNoPositionOfAnotherEpoch) {
  checkpoints_.tick(now_, wall_);
  cursor_->seq = 10;
  next_snapshot();
  cursor_ = feed::Cursor{"e2", 3};
  next_snapshot();
  EXPECT_TRUE(acknowledged_.empty());
  next_snapshot();
  EXPECT_EQ(acknowledged_, std::vector<std::uint64_t>{3});
}

TEST_F(CheckpointsTest, AcknowledgesNothingForASnapshotThatFailed) {
  checkpoints_.tick(now_, wall_);
  cursor_->seq = 10;
  next_snapshot();
  now_ += 5s;
  cursor_->seq = 20;
  checkpoints_.tick(now_, wall_);
  SnapshotTaken full;
  full.saved = {.stage = store::SaveStage::write, .error = ENOSPC, .bytes = 0};
  runner_.fail(full);

  EXPECT_TRUE(acknowledged_.empty());
  EXPECT_EQ(failures("write"), 1U);
  EXPECT_EQ(status().snapshots, 1U);
  cursor_->seq = 30;
  next_snapshot();
  EXPECT_EQ(acknowledged_, std::vector<std::uint64_t>{10});
}

TEST_F(CheckpointsTest, CountsEachWayToFailByItself) {
  checkpoints_.tick(now_, wall_);
  SnapshotTaken no_fork;
  no_fork.fork_error = EAGAIN;
  SnapshotTaken dead;
  dead.died = true;

  for (const SnapshotTaken& taken : {no_fork, dead, dead}) {
    now_ += 5s;
    checkpoints_.tick(now_, wall_);
    runner_.fail(taken);
  }

  EXPECT_EQ(failures("fork"), 1U);
  EXPECT_EQ(failures("died"), 2U);
}

TEST_F(CheckpointsTest, KillsOneThatDoesNotEndAndBeginsAnotherWhenItIsGone) {
  checkpoints_.tick(now_, wall_);
  checkpoints_.tick(now_ + 5s, wall_);
  checkpoints_.tick(now_ + 64s, wall_);
  EXPECT_EQ(runner_.killed, 0);
  checkpoints_.tick(now_ + 65s, wall_);
  checkpoints_.tick(now_ + 66s, wall_);
  EXPECT_EQ(runner_.killed, 1);
  EXPECT_EQ(failures("died"), 1U);

  SnapshotTaken dead;
  dead.died = true;
  runner_.fail(dead);
  EXPECT_EQ(failures("died"), 1U);
  EXPECT_FALSE(runner_.is_busy());
  checkpoints_.tick(now_ + 67s, wall_);
  EXPECT_TRUE(runner_.is_busy());
}

TEST_F(CheckpointsTest, NeverWaitsForOneThatCannotBeKilledNorBeginsAnotherBesideIt) {
  checkpoints_.tick(now_, wall_);
  checkpoints_.tick(now_ + 5s, wall_);
  for (int minutes = 1; minutes <= 10; ++minutes)
    checkpoints_.tick(now_ + 5s + std::chrono::minutes{minutes}, wall_);

  EXPECT_EQ(failures("died"), 10U);
  EXPECT_EQ(runner_.abandoned, 0);
  EXPECT_EQ(runner_.runs, 1);
}

TEST_F(CheckpointsTest, TakesOneThatEndedBeforeItCouldBeKilled) {
  checkpoints_.tick(now_, wall_);
  checkpoints_.tick(now_ + 5s, wall_);
  checkpoints_.tick(now_ + 65s, wall_);
  runner_.end();

  EXPECT_EQ(status().snapshots, 1U);
}

TEST_F(CheckpointsTest, GoesOnFromARestoredSnapshotAsTheOlderOne) {
  checkpoints_.restored({.generation = 7, .written_at = wall_}, feed::Cursor{"e1", 5});
  EXPECT_TRUE(status().restored);
  checkpoints_.tick(now_, wall_);
  cursor_->seq = 10;
  next_snapshot();

  EXPECT_EQ(acknowledged_, std::vector<std::uint64_t>{5});
}

TEST_F(CheckpointsTest, SavesTheLastStateAtOnceWhateverIsUnderWay) {
  checkpoints_.tick(now_, wall_);
  checkpoints_.tick(now_ + 5s, wall_);
  cursor_->seq = 42;
  const SnapshotTaken taken = checkpoints_.finish(wall_);

  EXPECT_TRUE(taken.ok());
  EXPECT_EQ(runner_.abandoned, 1);
  std::uint64_t seq = 0;
  store::SnapshotStore again(disk_, {});
  again.load([&](image::Reader& reader, const store::SnapshotInfo&) {
    EXPECT_EQ(reader.number(), 0U);  // no journal
    if (reader.flag()) seq = reader.number();
    return reader.is_at_end();
  });
  EXPECT_EQ(seq, 42U);
}

}  // namespace
}  // namespace deskpulse
