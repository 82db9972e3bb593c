// Snapshots beside the daemon: each is written by a forked process.
#pragma once

#include <vector>

#include "daemon/persistence/checkpoints.hpp"
#include "daemon/persistence/forked_task.hpp"

namespace deskpulse {

/// All calls and callbacks are on the io_context's thread.
class ForkedSnapshots final : public SnapshotRunner {
 public:
  /// `keep_open`: the directory, and its lock: nobody may take the directory over while a snapshot
  /// is being written to it.
  ForkedSnapshots(boost::asio::io_context& io, std::vector<int> keep_open)
      : task_(io, std::move(keep_open)) {}

  void run(Save save, Done done) override;
  void kill() override { task_.kill(); }
  /// The io_context is to run out of work; see ForkedTask::let_go().
  void let_go() { task_.let_go(); }
  void abandon() override { task_.abandon(); }

 private:
  ForkedTask task_;
};

}  // namespace deskpulse
