#include "daemon/persistence/deadline.hpp"

#include <future>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace deskpulse {

bool ends_within(std::chrono::milliseconds patience, std::function<void()> work) {
  // Shared, because the thread may outlive the call.
  const auto task = std::make_shared<std::packaged_task<void()>>(std::move(work));
  std::future<void> end = task->get_future();
  try {
    std::thread([task] { (*task)(); }).detach();
  } catch (const std::system_error&) {
    (*task)();
  }
  if (end.wait_for(patience) != std::future_status::ready) return false;
  end.get();
  return true;
}

}  // namespace deskpulse
