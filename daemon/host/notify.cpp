#include "daemon/host/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace deskpulse {
namespace {

std::string_view value_of(const ServiceManager::Environment& environment, std::string_view name) {
  for (const auto& [key, value] : environment)
    if (key == name) return value;
  return {};
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

/// Half of WATCHDOG_USEC, when it is meant for this process and not for one that started us.
std::optional<std::chrono::microseconds> half_of_the_watchdog(
    const ServiceManager::Environment& environment) {
  const auto timeout = number_in(value_of(environment, "WATCHDOG_USEC"));
  constexpr std::uint64_t kYear = 365ULL * 86'400 * 1'000'000;
  if (!timeout || *timeout < 2 || *timeout > kYear) return std::nullopt;
  const std::string_view whose = value_of(environment, "WATCHDOG_PID");
  if (!whose.empty() && number_in(whose) != static_cast<std::uint64_t>(::getpid()))
    return std::nullopt;
  return std::chrono::microseconds{*timeout / 2};
}

}  // namespace

ServiceManager::ServiceManager(const Environment& environment) {
  std::string address(value_of(environment, "NOTIFY_SOCKET"));
  const bool is_address = address.size() > 1 && (address[0] == '/' || address[0] == '@') &&
                          address.size() < sizeof(sockaddr_un::sun_path);
  if (!is_address) return;
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return;
  if (address[0] == '@') address[0] = '\0';
  address_ = std::move(address);
  watchdog_interval_ = half_of_the_watchdog(environment);
}

ServiceManager::~ServiceManager() {
  if (socket_ >= 0) ::close(socket_);
}

void ServiceManager::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t micros = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros), true);
}

void ServiceManager::status(std::string_view line) { send("STATUS=" + std::string(line), false); }

void ServiceManager::send(std::string_view message, bool matters) const {
  if (address_.empty()) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  // A manager that has gone cannot be told anything, also not that.
  while (::sendto(socket_, message.data(), message.size(),
                  MSG_NOSIGNAL | (matters ? 0 : MSG_DONTWAIT),
                  reinterpret_cast<const sockaddr*>(&to), size) < 0 &&
         errno == EINTR) {
  }
}

}  // namespace deskpulse
