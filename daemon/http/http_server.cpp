#include "daemon/http/http_server.hpp"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/http/access.hpp"
#include "daemon/http/connection.hpp"
#include "daemon/http/connection_table.hpp"
#include "daemon/http/file_limit.hpp"
#include "daemon/http/network.hpp"
#include "daemon/http/tls_context.hpp"
#include "daemon/http/transport.hpp"

namespace deskpulse::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

/// Between two attempts to accept when that fails, as when the process is out of file descriptors;
/// and between two looks whether there is room for who stands at the door.
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kDoorPause{5};
/// Until somebody may have given some back.
constexpr std::chrono::milliseconds kMemoryPause{10};

/// Errors that end with a connection less.
bool is_want_of_room(const error_code& error) {
  namespace errc = boost::system::errc;
  return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
         error == errc::no_buffer_space || error == errc::not_enough_memory;
}

std::string endpoint_text(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? '[' + address + ']' : address) + ':' + std::to_string(port);
}

[[noreturn]] void cannot_listen(const HttpSettings& settings, const error_code& error) {
  std::string advice = "choose another address or port for HTTP";
  if (error == asio::error::address_in_use) {
    advice = "stop the program that has this port, or choose another one for HTTP";
  } else if (error == asio::error::access_denied) {
    advice = "ports below 1024 need a privilege: choose a higher one for HTTP";
  } else if (error == boost::system::errc::address_not_available) {
    advice = "this machine has no such address: choose one it has, such as 127.0.0.1";
  }
  throw std::runtime_error("cannot listen on " + endpoint_text(settings.address, settings.port) +
                           ": " + error.message() + "; " + advice);
}

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(HttpSettings settings, Routes routes, OnFailure on_failure)
      : table_{.settings = std::move(settings),
               .routes = std::move(routes),
               .max_connections = 1,
               .access = nullptr,
               .counts = {},
               .open = {},
               .held = {},
               .passwords = PasswordChecks(
                   [this](std::function<void()> work) { asio::post(context, std::move(work)); })},
        on_failure_(std::move(on_failure)),
        acceptor_(context) {}

  ~Impl() { table_.passwords.wait(); }  // it posts to the context
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::uint16_t start();
  void stop();
  void use(std::shared_ptr<Access> access);
  const HttpCounts& counts();
  void after(std::chrono::milliseconds delay, std::function<void()> work);

 private:
  void run();
  /// Waits for somebody at the door, and then lets him in.
  void accept();
  /// A step on the way from one newcomer to the next. Where it finds no memory run() goes on.
  template <class Step>
  void towards_next(const Step& step);
  void on_accept(const error_code& error, tcp::socket socket);
  /// One newcomer at a time waits for room; those behind it wait in the kernel.
  void let_in(tcp::socket socket, Connection::Clock::time_point came);
  std::unique_ptr<Transport> transport_over(tcp::socket socket);

  ConnectionTable table_;
  const OnFailure on_failure_;
  std::uint64_t failures_before_ = 0;  ///< of certificates, before the last reload: a counter

 public:
  // Destroyed before what stands above, since that destroys the connections that wait in it.
  asio::io_context context{1};

 private:
  tcp::acceptor acceptor_;
  bool is_accepting_ = false;  ///< somebody waits at the door, or is waited for
  std::thread thread_;
};

std::uint16_t HttpServer::Impl::start() {
  const HttpSettings& settings = table_.settings;
  table_.access = read_access(settings.access);
  error_code error;
  const auto address = asio::ip::make_address(settings.address, error);
  if (error) {
    throw std::runtime_error("cannot listen on " + endpoint_text(settings.address, settings.port) +
                             ": not an IP address; use one such as 127.0.0.1, 0.0.0.0 or ::1");
  }
  const tcp::endpoint endpoint(address, settings.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  // Accepting never waits: neither when whoever knocked has gone, nor when he has hung up.
  if (!error) acceptor_.non_blocking(true, error);
  if (!error) acceptor_.set_option(tcp::acceptor::enable_connection_aborted(true), error);
  if (error) {
    error_code ignored;
    acceptor_.close(ignored);
    cannot_listen(settings, error);
  }
  const std::uint16_t port = acceptor_.local_endpoint().port();
  table_.max_connections = connections_within(spare_file_descriptors(), settings.max_connections);
  accept();
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& failure) {
    throw std::runtime_error("cannot make a thread for HTTP: " + failure.code().message() +
                             "; raise the limit of tasks (TasksMax=, ulimit -u) or of address "
                             "space (LimitAS=, ulimit -v)");
  }
  return port;
}

void HttpServer::Impl::run() {
  pthread_setname_np(pthread_self(), "http");
  const auto work = asio::make_work_guard(context);
  for (;;) {
    try {
      if (!is_accepting_) accept();
      return static_cast<void>(context.run());
    } catch (const std::bad_alloc&) {
      // What was under way has ended by it, with its connection if it was of one.
      ++table_.counts.closed_by(CloseReason::no_memory);
      std::this_thread::sleep_for(kMemoryPause);
    } catch (...) {
      if (!on_failure_) throw;
      return on_failure_(std::current_exception());
    }
  }
}

void HttpServer::Impl::stop() {
  if (!thread_.joinable()) return;
  context.stop();
  thread_.join();
  // On this thread, since the other one may have ended before, by a failure.
  error_code ignored;
  acceptor_.close(ignored);
  for (Connection* const connection : std::vector(table_.open.begin(), table_.open.end())) {
    connection->close();
  }
}

void HttpServer::Impl::accept() {
  // Accepting fails for want of file descriptors also when there is nobody to accept, and then
  // somebody would have to go for nobody.
  acceptor_.async_wait(tcp::acceptor::wait_read, [this](error_code error) {
    if (!acceptor_.is_open()) return;
    towards_next([&] {
      tcp::socket socket(context);
      if (!error) acceptor_.accept(socket, error);
      on_accept(error, std::move(socket));
    });
  });
  is_accepting_ = true;
}

template <class Step>
void HttpServer::Impl::towards_next(const Step& step) {
  is_accepting_ = true;
  try {
    step();
  } catch (...) {
    is_accepting_ = false;
    throw;
  }
}

void HttpServer::Impl::on_accept(const error_code& error, tcp::socket socket) {
  // He has gone again.
  if (error == asio::error::would_block || error == asio::error::connection_aborted) {
    return accept();
  }
  const auto now = Connection::Clock::now();
  if (!error) return let_in(std::move(socket), now);
  ++table_.counts.accept_failures;
  if (is_want_of_room(error)) table_.make_room(now);
  after(kAcceptPause, [this] {
    if (acceptor_.is_open()) towards_next([this] { accept(); });
  });
}

void HttpServer::Impl::let_in(tcp::socket socket, Connection::Clock::time_point came) {
  const auto now = Connection::Clock::now();
  const bool has_room = table_.open.size() < table_.max_connections || table_.make_room(now);
  if (has_room) {
    error_code error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    const Network network = error ? Network{} : network_of(peer.address());
    std::make_shared<Connection>(table_, context, transport_over(std::move(socket)), network)
        ->start();
  } else if (now - came < table_.settings.door_timeout) {
    auto at_the_door = std::make_shared<tcp::socket>(std::move(socket));
    return after(kDoorPause, [this, at_the_door, came] {
      towards_next([&] { let_in(std::move(*at_the_door), came); });
    });
  } else {
    ++table_.counts.closed_by(CloseReason::refused);
  }
  accept();
}

void HttpServer::Impl::after(std::chrono::milliseconds delay, std::function<void()> work) {
  auto timer = std::make_shared<asio::steady_timer>(context, delay);
  timer->async_wait([timer, work = std::move(work)](const error_code& error) {
    if (!error) work();
  });
}

std::unique_ptr<Transport> HttpServer::Impl::transport_over(tcp::socket socket) {
  TlsFiles* const tls = table_.access->tls.get();
  if (tls == nullptr) return plain_transport(std::move(socket));
  return tls_transport(std::move(socket), tls->newest(std::chrono::steady_clock::now()));
}

void HttpServer::Impl::use(std::shared_ptr<Access> access) {
  if (table_.access->tls != nullptr) failures_before_ += table_.access->tls->failures();
  if (access->settings == table_.access->settings) {
    // Nobody need connect or prove a password again because the files have been read again.
    table_.access->tls = std::move(access->tls);
    return;
  }
  // Nor because somebody else may come in, too.
  access->passwords->take_over(*table_.access->passwords);
  table_.access = std::move(access);
  for (Connection* const connection : std::vector(table_.open.begin(), table_.open.end())) {
    connection->end_by_new_access();
  }
}

const HttpCounts& HttpServer::Impl::counts() {
  table_.counts.connections_limit = table_.max_connections;
  table_.counts.held_bytes = table_.held.bytes();
  table_.counts.held_bytes_limit = table_.settings.max_held_bytes;
  if (TlsFiles* const tls = table_.access->tls.get()) {
    // Asked for, not remembered: scrapes over a connection that stays open see a renewal as well.
    const auto newest = tls->newest(std::chrono::steady_clock::now());
    table_.counts.certificate = {.expiry = newest->certificate_end,
                                 .failures = failures_before_ + tls->failures()};
  } else {
    table_.counts.certificate.reset();
  }
  return table_.counts;
}

HttpServer::HttpServer(HttpSettings settings, Routes routes, OnFailure on_failure)
    : impl_(std::make_shared<Impl>(std::move(settings), std::move(routes), std::move(on_failure))) {
}
HttpServer::~HttpServer() { stop(); }

std::uint16_t HttpServer::start() { return impl_->start(); }
void HttpServer::stop() { impl_->stop(); }
const HttpCounts& HttpServer::counts() const { return impl_->counts(); }

void HttpServer::set_access(std::shared_ptr<Access> access) {
  asio::post(impl_->context, [impl = impl_.get(), access = std::move(access)]() mutable {
    impl->use(std::move(access));
  });
}

void HttpServer::after(std::chrono::milliseconds delay, std::function<void()> work) {
  impl_->after(delay, std::move(work));
}

std::function<void(std::function<void()>)> HttpServer::poster() {
  return [weak = std::weak_ptr(impl_)](std::function<void()> work) {
    if (const auto impl = weak.lock()) asio::post(impl->context, std::move(work));
  };
}

}  // namespace deskpulse::http
