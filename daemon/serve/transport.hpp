// The bytes of one connection, with or without TLS. Private to the HTTP server: it shows Asio.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <functional>
#include <memory>

namespace deskpulse::serve {

struct TlsContext;

/// What a connection does with its socket. Virtual and not a template, since what stands above it
/// is large and would be compiled twice. One read and one write at a time; a handler keeps what it
/// needs alive, the transport too.
class Transport {
 public:
  using Done = std::function<void(const boost::system::error_code&, std::size_t)>;

  explicit Transport(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Makes it ready for the rest; `size` says nothing. A peer that speaks HTTP to a TLS listener
  /// gives is_plain_http().
  virtual void open(Done done) = 0;
  virtual void read_some(boost::asio::mutable_buffer to, Done done) = 0;
  /// All of both.
  virtual void write(boost::asio::const_buffer first, boost::asio::const_buffer second,
                     Done done) = 0;
  /// Says that nothing more will be written.
  virtual void end_writing(Done done) = 0;

  /// Beneath TLS, for the bytes of a peer that has no part in it any more.
  void read_some_raw(boost::asio::mutable_buffer to, Done done);
  void write_raw(boost::asio::const_buffer text, Done done);
  void end_writing_raw();

  /// Has the kernel keep little that is not on the wire yet, so that what is written next is what
  /// the peer reads next, and not what was new when it was slow.
  void keep_little_unsent();
  /// Ends what is under way with an error.
  void close();

 protected:
  boost::asio::ip::tcp::socket socket_;
};

std::unique_ptr<Transport> plain_transport(boost::asio::ip::tcp::socket socket);
std::unique_ptr<Transport> tls_transport(boost::asio::ip::tcp::socket socket,
                                         std::shared_ptr<TlsContext> context);

/// Whether a handshake failed because the peer sent a plain HTTP request.
bool is_plain_http(const boost::system::error_code& error);

}  // namespace deskpulse::serve
