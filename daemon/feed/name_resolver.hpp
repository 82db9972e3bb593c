// The addresses of a host, from a system's resolver that nobody can stop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace deskpulse::feed {

/// getaddrinfo() takes as long as it likes while the name servers are away, half a minute by
/// default, and Asio's own resolver waits for it at the end of the io_context: a daemon that is to
/// stop would not. Here a lookup has a thread of its own, which is left to itself when nobody waits
/// any more. At most one is under way: whoever asks meanwhile waits for it, and takes its answer if
/// the question was the same.
///
/// Runs on the given io_context; all is to be called on its thread. It may be destroyed at any time
/// before the io_context is.
class NameResolver {
 public:
  struct Name {
    std::string host;
    std::string port;  ///< a number
    friend bool operator==(const Name&, const Name&) = default;
  };
  struct Addresses {
    std::vector<boost::asio::ip::tcp::endpoint> endpoints;
    std::string error;  ///< why there are none
  };
  /// Called on a thread of its own. It may take for ever, and outlive whoever gave it.
  using Lookup = std::function<Addresses(const Name&)>;

  explicit NameResolver(boost::asio::io_context& io, Lookup lookup = look_up_in_the_system);
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  /// Absent at the deadline, and after give_up(). One caller at a time.
  boost::asio::awaitable<std::optional<Addresses>> resolve(
      Name name, std::chrono::steady_clock::time_point deadline);
  /// Who waits in resolve() need not wait any longer.
  void give_up();

  static Addresses look_up_in_the_system(const Name& name);

 private:
  struct Answer;
  void start(const Name& name);

  boost::asio::io_context& io_;
  Lookup lookup_;
  boost::asio::steady_timer wake_;
  std::optional<Name> under_way_;   ///< what the thread is asked
  std::optional<Addresses> found_;  ///< what it has answered
  std::shared_ptr<Answer> answer_;
};

}  // namespace deskpulse::feed
