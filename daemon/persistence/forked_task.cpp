#include "daemon/persistence/forked_task.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

namespace deskpulse {
namespace {

namespace asio = boost::asio;

constexpr int kNicer = 5;

/// glibc 2.36 declares its own for C only.
int pidfd_open(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

/// Closes all but these and the first three, without a look at which there are.
void close_all_but(std::vector<int>& sorted) {
  unsigned from = STDERR_FILENO + 1;
  for (const int keep : sorted) {
    const auto one = static_cast<unsigned>(keep);
    if (one < from) continue;
    if (one > from) ::close_range(from, one - 1, 0);
    from = one + 1;
  }
  ::close_range(from, ~0U, 0);
}

/// From here on the child is alone: nothing that allocates.
[[noreturn]] void be_the_child(pid_t parent, int pipe, std::vector<int>& keep_open,
                               const ForkedTask::Work& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it died before that was asked for
  // The handlers write to a pipe that is the parent's too.
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) std::signal(signal, SIG_IGN);
  ::setpriority(PRIO_PROCESS, 0, kNicer);
  close_all_but(keep_open);
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);

  ForkedTask::Result result{};
  work(result);
  // One write of less than PIPE_BUF bytes: all or nothing.
  const bool told = ::write(pipe, result.data(), result.size()) > 0;
  ::_exit(told ? 0 : 1);
}

}  // namespace

struct ForkedTask::Child {
  explicit Child(asio::io_context& io) : ended(io) {}

  std::chrono::steady_clock::time_point began;
  pid_t pid = -1;
  int pipe = -1;  ///< the reading end
  asio::posix::stream_descriptor ended;
  Outcome outcome;
  Done done;

  /// Has `ended` see its end. An errno where that cannot be, as when the kernel has no memory for
  /// it.
  int watch() {
    const int handle = pidfd_open(pid);
    if (handle < 0) return errno;
    boost::system::error_code unwatched;
    ended.assign(handle, unwatched);
    if (unwatched) ::close(handle);
    return unwatched.value();
  }

  /// Takes what the child has said and how it ended. True when it has.
  bool reap(int options) {
    int status = 0;
    pid_t reaped = -1;
    do {
      reaped = ::waitpid(pid, &status, options);
    } while (reaped < 0 && errno == EINTR);
    if (reaped == 0) return false;
    if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
    const auto got = ::read(pipe, outcome.result.data(), outcome.result.size());
    outcome.finished = got == static_cast<ssize_t>(outcome.result.size());
    ::close(pipe);
    pid = -1;
    outcome.duration = std::chrono::steady_clock::now() - began;
    return true;
  }
};

ForkedTask::ForkedTask(asio::io_context& io, std::vector<int> keep_open)
    : io_(io), keep_open_(std::move(keep_open)) {}

ForkedTask::~ForkedTask() { abandon(); }

void ForkedTask::start(const Work& work, Done done) {
  const auto began = std::chrono::steady_clock::now();
  const auto child = std::make_shared<Child>(io_);
  child->began = began;
  child->done = std::move(done);
  child_ = child;
  const auto failed = [&](int error) {
    child->outcome.error = error;
    asio::post(io_, [this, child] {
      if (child_ != child) return;
      child_.reset();
      child->done(child->outcome);
    });
  };

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed(errno);
  std::vector<int> keep_open = keep_open_;
  keep_open.push_back(ends[1]);
  std::sort(keep_open.begin(), keep_open.end());

  // No handler runs in the child before it has put them away.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) be_the_child(parent, ends[1], keep_open, work);
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  ::close(ends[1]);
  child->outcome.hold = std::chrono::steady_clock::now() - began;
  if (pid < 0) {
    ::close(ends[0]);
    return failed(fork_error);
  }
  child->pid = pid;
  child->pipe = ends[0];
  if (const int error = child->watch(); error != 0) {
    ::kill(pid, SIGKILL);
    child->reap(0);
    return failed(error);
  }
  child->ended.async_wait(asio::posix::descriptor_base::wait_read,
                          [this, child](boost::system::error_code error) {
                            if (error || child->pid < 0) return;
                            if (!child->reap(WNOHANG)) return;
                            child_.reset();
                            child->done(child->outcome);
                          });
}

bool ForkedTask::is_running() const { return child_ != nullptr; }

void ForkedTask::kill() {
  if (child_ && child_->pid > 0) ::kill(child_->pid, SIGKILL);
}

void ForkedTask::let_go() {
  if (child_ && child_->pid > 0) child_->ended.cancel();
}

void ForkedTask::abandon() {
  const std::shared_ptr<Child> child = std::exchange(child_, nullptr);
  if (!child || child->pid < 0) return;
  ::kill(child->pid, SIGKILL);
  child->reap(0);
  child->ended.close();
}

}  // namespace deskpulse
