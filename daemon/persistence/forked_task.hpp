// Work on the state of one instant, done beside the daemon: in a copy of the process.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace deskpulse {

/// Forks: the child sees everything as it is at that instant, while the parent goes on changing it;
/// the kernel copies only what changes meanwhile. So a state of any size is written down
/// consistently, and whoever owns it is held up only for as long as fork() takes: about 2 ms for
/// 100 MB of it, measured by Outcome::hold.
///
/// The child has one thread, whatever the others were doing: its work must not allocate, log or
/// lock. It holds no descriptor but those it is told to keep (so no connection lives on in it),
/// heeds no SIGTERM, SIGINT or SIGHUP, runs at a lower priority, and dies with its parent.
/// One at a time. All calls and callbacks are on the io_context's thread.
class ForkedTask {
 public:
  /// What the work hands back, as bytes: a trivially copyable value of the caller's.
  using Result = std::array<std::byte, 64>;
  using Work = std::function<void(Result&)>;

  struct Outcome {
    /// Of fork() or what it needs, as errno; 0 when there was a child.
    int error = 0;
    /// The work came to its end; otherwise the child died before, of `signal` where it is not 0.
    bool finished = false;
    int signal = 0;
    Result result{};
    std::chrono::steady_clock::duration hold{};      ///< how long start() held its caller
    std::chrono::steady_clock::duration duration{};  ///< from start() to the child's end
  };
  using Done = std::function<void(const Outcome&)>;

  /// `keep_open`: the descriptors that the work needs.
  ForkedTask(boost::asio::io_context& io, std::vector<int> keep_open);
  /// Kills a child that is still at work, and waits for its end; nothing is called any more.
  ~ForkedTask();
  ForkedTask(const ForkedTask&) = delete;
  ForkedTask& operator=(const ForkedTask&) = delete;

  /// `done` is called once, never from inside start().
  void start(const Work& work, Done done);
  bool is_running() const;
  /// Ends the child; `done` is still called, by and by: where the child waits for a disk that
  /// hangs, when that answers.
  void kill();
  /// Waits for the child's end no longer, so that the io_context can run out of work though a disk
  /// hangs: `done` is not called any more. To be followed by abandon().
  void let_go();
  /// Ends the child and waits until it is gone, some milliseconds or as long as a disk hangs;
  /// `done` is not called.
  void abandon();

 private:
  struct Child;
  boost::asio::io_context& io_;
  std::vector<int> keep_open_;
  std::shared_ptr<Child> child_;
};

}  // namespace deskpulse
