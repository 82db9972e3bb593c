#include "daemon/serve/transport.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "daemon/serve/tls_context.hpp"

namespace deskpulse::serve {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

/// Two events of a small wall, or a part of a large one.
constexpr int kUnsent = 64 * 1024;

class Plain final : public Transport {
 public:
  using Transport::Transport;

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

class Tls final : public Transport {
 public:
  Tls(tcp::socket socket, std::shared_ptr<TlsContext> context)
      : Transport(std::move(socket)),
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

void Transport::read_some_raw(asio::mutable_buffer to, Done done) {
  socket_.async_read_some(to, std::move(done));
}

void Transport::write_raw(asio::const_buffer text, Done done) {
  asio::async_write(socket_, text, std::move(done));
}

void Transport::end_writing_raw() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Transport::keep_little_unsent() {
  // Where it fails, a slow reader only gets older events first.
  setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsent, sizeof kUnsent);
}

void Transport::close() {
  error_code ignored;
  socket_.close(ignored);
}

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

}  // namespace deskpulse::serve
