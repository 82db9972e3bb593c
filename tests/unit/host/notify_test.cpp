#include "daemon/host/notify.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <filesystem>

namespace deskpulse {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::StartsWith;

/// A manager's end, at a path or an abstract name.
class Manager {
 public:
  explicit Manager(const std::string& address) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, address.data(), address.size());
    if (address[0] == '@') at.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&at), size), 0);
  }
  ~Manager() { ::close(socket_); }

  /// The next datagram; empty when there is none. On one machine it is there once it was sent.
  std::string heard() {
    char text[4'096];
    const ssize_t size = ::recv(socket_, text, sizeof text, MSG_DONTWAIT);
    return size < 0 ? std::string() : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  const int socket_ = ::socket(AF_UNIX, SOCK_DGRAM, 0);
};

std::string free_path() {
  return (std::filesystem::temp_directory_path() /
          ("notify-" + std::to_string(::getpid()) + ".socket"))
      .string();
}

TEST(ServiceManager, IsToldInOneDatagramEach) {
  const std::string path = free_path();
  Manager manager(path);
  ServiceManager told({{"NOTIFY_SOCKET", path}});

  told.ready();
  EXPECT_EQ(manager.heard(), "READY=1");
  told.status("Feed live, 3 customers waiting.");
  EXPECT_EQ(manager.heard(), "STATUS=Feed live, 3 customers waiting.");
  told.alive();
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
  told.reloading();
  EXPECT_THAT(manager.heard(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  told.stopping();
  EXPECT_EQ(manager.heard(), "STOPPING=1");
  EXPECT_THAT(manager.heard(), IsEmpty());
  std::filesystem::remove(path);
}

TEST(ServiceManager, MayHaveAnAbstractAddress) {
  const std::string name = "@deskpulse-notify-" + std::to_string(::getpid());
  Manager manager(name);

  ServiceManager({{"NOTIFY_SOCKET", name}}).ready();

  EXPECT_EQ(manager.heard(), "READY=1");
}

TEST(ServiceManager, ThatIsNoneOrHasGoneIsNoError) {
  for (const std::string& address :
       {std::string(), std::string("/nowhere/notify"), std::string("relative"), std::string("/"),
        "/" + std::string(200, 'x')}) {
    ServiceManager manager({{"NOTIFY_SOCKET", address}, {"WATCHDOG_USEC", ""}});
    manager.ready();
    manager.alive();
    EXPECT_EQ(manager.watchdog_interval(), std::nullopt);
  }
  ServiceManager({}).stopping();
}

TEST(ServiceManager, IsToldTwiceWithinItsPatience) {
  const auto interval = [](const std::string& usec, const std::string& pid) {
    return ServiceManager({{"NOTIFY_SOCKET", "/n"}, {"WATCHDOG_USEC", usec}, {"WATCHDOG_PID", pid}})
        .watchdog_interval();
  };
  EXPECT_EQ(interval("30000000", ""), 15s);
  EXPECT_EQ(interval("30000000", std::to_string(::getpid())), 15s);
  EXPECT_EQ(interval("30000000", std::to_string(::getpid() + 1)), std::nullopt);
  for (const char* none : {"", "0", "1", "-5", "soon", "3s", "99999999999999999999"})
    EXPECT_EQ(interval(none, ""), std::nullopt) << none;
}

}  // namespace
}  // namespace deskpulse
