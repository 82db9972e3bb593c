#include "daemon/http/transport.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "daemon/http/tls_context.hpp"

namespace deskpulse::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

/// Two events of a small wall, or a part of a large one.
constexpr int kUnsent = 64 * 1024;

/// What both have in common.
class OverSocket : public Transport {
 public:
  explicit OverSocket(tcp::socket socket)
      : socket_(std::move(socket)), handle_(socket_.native_handle()) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    // The kernel keeps little that is not on the wire yet, where it could be megabytes for each
    // peer. So what is written next is what the peer reads next, not what was new when it was slow,
    // and that something can be written says that the peer reads.
    setsockopt(handle_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsent, sizeof kUnsent);
  }

  void read_some_raw(asio::mutable_buffer to, Done done) final {
    socket_.async_read_some(to, std::move(done));
  }
  void write_raw(asio::const_buffer text, Done done) final {
    asio::async_write(socket_, text, std::move(done));
  }
  void end_writing_raw() final {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  std::size_t unsent() const final {
    int size = 0;
    // Without the end of the stream itself, which counts as a byte.
    const bool is_known = socket_.is_open() && ioctl(handle_, SIOCOUTQ, &size) == 0;
    return is_known && size > 1 ? static_cast<std::size_t>(size) : 0;
  }
  void close() final {
    error_code ignored;
    if (unsent() != 0) socket_.set_option(tcp::socket::linger(true, 0), ignored);
    socket_.close(ignored);
  }

 protected:
  tcp::socket socket_;

 private:
  const int handle_;
};

class Plain final : public OverSocket {
 public:
  using OverSocket::OverSocket;

  void open(Done done) override { done({}, 0); }
  void read_some(asio::mutable_buffer to, Done done) override {
    socket_.async_read_some(to, std::move(done));
  }
  void write(asio::const_buffer first, asio::const_buffer second, Done done) override {
    asio::async_write(socket_, std::array<asio::const_buffer, 2>{first, second}, std::move(done));
  }
  void end_writing(Done done) override {
    end_writing_raw();
    done({}, 0);
  }
};

class Tls final : public OverSocket {
 public:
  Tls(tcp::socket socket, std::shared_ptr<TlsContext> context)
      : OverSocket(std::move(socket)),
        context_(std::move(context)),
        stream_(socket_, context_->context) {}

  void open(Done done) override {
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [done = std::move(done)](const error_code& error) { done(error, 0); });
  }
  void read_some(asio::mutable_buffer to, Done done) override {
    stream_.async_read_some(to, std::move(done));
  }
  void write(asio::const_buffer first, asio::const_buffer second, Done done) override {
    asio::async_write(stream_, std::array<asio::const_buffer, 2>{first, second}, std::move(done));
  }
  void end_writing(Done done) override {
    stream_.async_shutdown([this, done = std::move(done)](const error_code& error) {
      end_writing_raw();
      done(error, 0);
    });
  }

 private:
  std::shared_ptr<TlsContext> context_;
  asio::ssl::stream<tcp::socket&> stream_;
};

}  // namespace

std::unique_ptr<Transport> plain_transport(tcp::socket socket) {
  return std::make_unique<Plain>(std::move(socket));
}

std::unique_ptr<Transport> tls_transport(tcp::socket socket, std::shared_ptr<TlsContext> context) {
  return std::make_unique<Tls>(std::move(socket), std::move(context));
}

bool is_plain_http(const error_code& error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

}  // namespace deskpulse::http
