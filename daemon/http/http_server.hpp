// One HTTP/1.1 listener on a thread of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "daemon/http/access_settings.hpp"
#include "daemon/http/http_counts.hpp"
#include "daemon/http/routes.hpp"

namespace deskpulse::http {

/// Where no unit is said, bytes. Every wait for a peer has its end here: whatever it does or leaves
/// undone costs one connection for so long, and no more.
struct HttpSettings {
  std::string address = "127.0.0.1";  ///< an IPv4 or IPv6 address, without brackets
  std::uint16_t port = 9870;          ///< 0: any free one
  /// One more takes the place of one that can be spared: that asks nothing, is slow to ask, waits
  /// for its password to be checked, or does not take its response. Where all are being served as
  /// they should be it waits until one has been. Three quarters of them may be streams. Less when
  /// the process may not open as many files (RLIMIT_NOFILE, as it is when the server starts).
  std::size_t max_connections = 256;
  /// How long a new connection waits for another to be spared, before it is closed.
  std::chrono::milliseconds door_timeout{5'000};
  std::size_t max_header_bytes = 16 * 1024;
  /// For the whole header of a request: the first one from the connection on, TLS included, another
  /// one from its first byte on. Bytes that drip in between do not extend it.
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{60'000};  ///< silence between requests
  /// Within it a peer must take 64 kB of a response, or its rest; or one event.
  std::chrono::milliseconds write_timeout{10'000};
  std::chrono::milliseconds response_timeout{30'000};  ///< for the whole of a response
  /// Of bodies that are being sent, each counted once however many peers get it. When a new one
  /// exceeds it the oldest responses under way are cut off, whatever their peers take.
  std::size_t max_held_bytes = std::size_t{256} << 20U;
  std::chrono::milliseconds comment_interval{15'000};  ///< in a stream without events
  AccessSettings access;
};

struct Access;
/// The files and hashes that `settings` name, read and checked, for HttpServer::set_access(). From
/// any thread. Throws std::runtime_error with a sentence for the operator that names the setting:
/// `http.tls_server_config.cert_file: cannot read /etc/…: No such file or directory; …`.
std::shared_ptr<Access> read_access(const AccessSettings& settings);

/// Serves `routes`: GET and HEAD, keep-alive, gzip when asked, streams of events, one request at a
/// time per connection. Every handler runs on the server's thread. A peer that is slow or talks
/// nonsense costs one connection and no more. Whom it answers at all is said by AccessSettings; it
/// holds for every path.
class HttpServer {
 public:
  /// Called on the server's thread when something that it runs throws anything but std::bad_alloc;
  /// nothing is answered from then on. Without one the process ends, as with every thread. A
  /// request that there is no memory for is answered with 503, or ends its connection, and the
  /// others go on.
  using OnFailure = std::function<void(std::exception_ptr)>;

  HttpServer(HttpSettings settings, Routes routes, OnFailure on_failure = {});
  ~HttpServer();  ///< stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens, starts the thread and returns the port. Throws std::runtime_error with a sentence for
  /// the operator when it cannot: `cannot listen on 127.0.0.1:9870: Address already in use; …`, or
  /// what read_access() throws.
  std::uint16_t start();
  /// Closes the listener and every connection and joins the thread; returns at once when not
  /// running. Never from a handler.
  void stop();

  /// From now on holds `access`, made by read_access() and not used elsewhere. Once start() has
  /// returned, from any thread. Where its settings are other ones, what was let in by the old ones
  /// ends: streams and idle connections at once, the others with their response. Otherwise only
  /// the certificate is new. Who has proved a password need not do it again while its hash stays.
  void set_access(std::shared_ptr<Access> access);
  /// What the server counts about itself. Only on the server's thread, that is in a handler.
  const HttpCounts& counts() const;
  /// Runs `work` on the server's thread after `delay`, unless the server has stopped by then. Only
  /// on the server's thread.
  void after(std::chrono::milliseconds delay, std::function<void()> work);
  /// A function that runs work on the server's thread, soon. It may be called from any thread and
  /// outlive the server; once that has stopped it does nothing.
  std::function<void(std::function<void()>)> poster();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace deskpulse::http
