// What a service manager is told (sd_notify(3)), and what it asks for.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace deskpulse {

/// The manager that started us, named by the environment; without one, every call does nothing.
/// One call is one datagram, without libsystemd: the protocol is that small, and stable.
/// Not thread-safe.
class ServiceManager {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  /// Reads NOTIFY_SOCKET, a path or `@` and an abstract name, and WATCHDOG_USEC and WATCHDOG_PID.
  explicit ServiceManager(const Environment& environment);
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  /// How often alive() is to be called at least: half of what the manager waits. Absent when it
  /// does not watch this process.
  std::optional<std::chrono::microseconds> watchdog_interval() const { return watchdog_interval_; }

  void ready() { send("READY=1", true); }
  /// A reload begins; it ends with ready().
  void reloading();
  void stopping() { send("STOPPING=1", true); }
  /// One line for `systemctl status`: no customer, no secret.
  void status(std::string_view line);
  /// To be called by what proves that the work goes on.
  void alive() { send("WATCHDOG=1", false); }

 private:
  /// `matters`: waits for room in the manager's queue. The others come again anyway.
  void send(std::string_view message, bool matters) const;

  int socket_ = -1;
  std::string address_;  ///< as in sockaddr_un::sun_path; empty = no manager
  std::optional<std::chrono::microseconds> watchdog_interval_;
};

}  // namespace deskpulse
