// The bytes of one connection, with or without TLS. Private to the HTTP server: it shows Asio.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <functional>
#include <memory>

namespace deskpulse::http {

struct TlsContext;

/// What a connection does with its socket. One read and one write at a time; a handler is called
/// later, never at once but by open() and end_writing(), and keeps what it needs alive, the
/// transport too.
class Transport {
 public:
  using Done = std::function<void(const boost::system::error_code&, std::size_t)>;

  Transport() = default;
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
  virtual void read_some_raw(boost::asio::mutable_buffer to, Done done) = 0;
  virtual void write_raw(boost::asio::const_buffer text, Done done) = 0;
  virtual void end_writing_raw() = 0;

  /// Bytes written that the peer has not taken yet.
  virtual std::size_t unsent() const = 0;
  /// Ends what is under way with an error. What is unsent is thrown away, so that a peer that takes
  /// nothing does not go on holding the kernel's memory.
  virtual void close() = 0;
};

std::unique_ptr<Transport> plain_transport(boost::asio::ip::tcp::socket socket);
std::unique_ptr<Transport> tls_transport(boost::asio::ip::tcp::socket socket,
                                         std::shared_ptr<TlsContext> context);

/// Whether a handshake failed because the peer sent a plain HTTP request.
bool is_plain_http(const boost::system::error_code& error);

}  // namespace deskpulse::http
