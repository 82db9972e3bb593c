// The bytes of a WebSocket connection, read from the network in large pieces.
//
// Beast reads 1,536 bytes at a time and takes about a microsecond a frame. Almost every frame of a
// busy stream has the same plain shape, though: one whole, unmasked, uncompressed text message.
// This layer lies between the socket and Beast, reads up to 256 KiB at once, and shows such a frame
// to its owner in place; the owner takes it and Beast never knows that it was there. Everything
// else (control frames, fragments, compressed or huge messages, and all that breaks a rule) is left
// to Beast, which then reads through this layer. That is sound because Beast is never given a byte
// beyond the end of the frame it is in, so between two messages its own buffer is empty and its
// state that of a connection on which nothing has happened.
#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/role.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

namespace deskpulse::feed {

/// What the owner of a stream is told while bytes are read, by Beast or by itself.
class ReadObserver {
 public:
  virtual ~ReadObserver() = default;
  /// The network is about to be waited for. `incomplete`: part of a message, of any kind, has come;
  /// `unit` is the number of those that came whole before it.
  virtual void waiting(bool incomplete, std::uint64_t unit) = 0;
  /// The WebSocket is done; the end of the connection is about to be waited for.
  virtual void tearing_down() = 0;
};

/// An AsyncStream of Beast over TCP, or TLS where a context is given. Not thread-safe; one read at
/// a time, whoever asks for it.
class ReadAheadStream {
 public:
  using Tcp = boost::asio::ip::tcp;
  using Tls = boost::asio::ssl::stream<Tcp::socket&>;
  using error_code = boost::system::error_code;
  using executor_type = Tcp::socket::executor_type;

  static constexpr std::size_t kCapacity = 256 * 1024;
  /// Readable bytes behind the buffer, for a decoder that wants them.
  static constexpr std::size_t kPadding = 64;

  ReadAheadStream(const boost::asio::any_io_executor& executor, boost::asio::ssl::context* context,
                  ReadObserver& observer)
      : socket_(executor),
        observer_(observer),
        buffer_(std::make_unique<char[]>(kCapacity + kPadding)) {
    if (context != nullptr) tls_.emplace(socket_, *context);
  }

  executor_type get_executor() { return socket_.get_executor(); }
  Tcp::socket& socket() { return socket_; }
  /// Null without TLS.
  Tls* tls() { return tls_ ? &*tls_ : nullptr; }

  /// Of the answer to the upgrade, from its first line on; 0 before, and when that is no such line.
  unsigned http_status() const {
    const std::string_view line(status_line_, status_line_size_);
    unsigned status = 0;
    if (line.size() < sizeof(status_line_) || !line.starts_with("HTTP/1.")) return 0;
    for (const char c : line.substr(9)) {
      if (c < '0' || c > '9') return 0;
      status = 10 * status + static_cast<unsigned>(c - '0');
    }
    return status;
  }

  enum class Next {
    text,   ///< a whole plain text message
    more,   ///< nothing, or the beginning of what may become one: read_next()
    other,  ///< something for Beast
  };
  struct Frame {
    Next next = Next::more;
    std::string_view payload;  ///< kPadding more bytes can be read behind it
    std::size_t size = 0;      ///< of the frame
  };
  /// What comes next. Only between two messages.
  Frame next_frame(std::size_t max_payload) const {
    const auto byte = [&](std::size_t i) {
      return static_cast<unsigned char>(buffer_[begin_ + i]);
    };
    const std::size_t have = end_ - begin_;
    if (have == 0) return {};
    if (byte(0) != 0x81) return {Next::other, {}, 0};
    if (have == 1) return {};
    std::size_t header = 2;
    std::uint64_t length = byte(1);
    if (length >= 126) {
      if (length > 127) return {Next::other, {}, 0};  // masked: not for a server to do
      const std::size_t digits = length == 126 ? 2 : 8;
      const std::uint64_t least = length == 126 ? 126 : 65'536;
      header += digits;
      if (have < header) return {};
      length = 0;
      for (std::size_t i = 0; i < digits; ++i) length = length << 8 | byte(2 + i);
      if (length < least) return {Next::other, {}, 0};
    }
    if (length > max_payload || length > kCapacity - header) return {Next::other, {}, 0};
    const auto size = header + static_cast<std::size_t>(length);
    if (have < size) return {};
    return {Next::text, {buffer_.get() + begin_ + header, static_cast<std::size_t>(length)}, size};
  }
  void take(const Frame& frame) {
    begin_ += frame.size;
    ++units_;
  }

  /// Reads what the network has; give the number of bytes to commit().
  template <class Token>
  auto read_next(Token&& token) {
    observer_.waiting(begin_ != end_ || frame_left_ > 0 || fragmented_, units_);
    if (begin_ == end_) {
      begin_ = end_ = 0;
    } else if (begin_ > 0 && kCapacity - end_ < kCapacity / 4) {
      std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    const auto space = boost::asio::buffer(buffer_.get() + end_, kCapacity - end_);
    if (tls_) return tls_->async_read_some(space, std::forward<Token>(token));
    return socket_.async_read_some(space, std::forward<Token>(token));
  }
  void commit(std::size_t bytes) { end_ += bytes; }

  // The AsyncStream that Beast sees.
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_compose<Token, void(error_code, std::size_t)>(
        ReadOperation<Buffers>{*this, buffers}, token, socket_);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }

  /// Says goodbye, waits for the other side to do the same, closes. Never fails: whoever asks for
  /// it wants to report why the connection ends, not how. The owner bounds the wait by closing
  /// socket().
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, ReadAheadStream& stream, Handler&& handler) {
    stream.observer_.tearing_down();
    boost::asio::async_compose<Handler, void(error_code)>(TeardownOperation{stream}, handler,
                                                          stream.socket_);
  }
  friend void beast_close_socket(ReadAheadStream& stream) {
    error_code ignored;
    stream.socket_.close(ignored);
  }

 private:
  template <class Buffers>
  struct ReadOperation {
    ReadAheadStream& stream;
    Buffers buffers;
    enum { kStart, kPosted, kRead } state = kStart;

    template <class Self>
    void operator()(Self& self, error_code error = {}, std::size_t bytes = 0) {
      switch (state) {
        case kStart:
          if (stream.declined_ || stream.can_deliver()) {
            state = kPosted;
            boost::asio::post(stream.socket_.get_executor(), std::move(self));
          } else {
            state = kRead;
            stream.read_next(std::move(self));
          }
          return;
        case kRead:
          if (error) {
            self.complete(error, 0);
            return;
          }
          stream.commit(bytes);
          if (!stream.can_deliver()) {
            stream.read_next(std::move(self));
            return;
          }
          [[fallthrough]];
        case kPosted:
          if (stream.declined_) {
            self.complete(boost::asio::error::eof, 0);
            return;
          }
          self.complete({}, stream.deliver(buffers));
      }
    }
  };

  struct TeardownOperation {
    ReadAheadStream& stream;
    enum { kStart, kShutDown, kDrain } state = kStart;

    template <class Self>
    void operator()(Self& self, error_code error = {}, std::size_t = 0) {
      switch (state) {
        case kStart:
          state = kShutDown;
          if (stream.tls_) {
            stream.tls_->async_shutdown(std::move(self));
            return;
          }
          [[fallthrough]];
        case kShutDown: {
          error_code ignored;
          stream.socket_.shutdown(Tcp::socket::shutdown_send, ignored);
          state = kDrain;
          error = {};
          break;
        }
        case kDrain:
          break;
      }
      if (error) {
        beast_close_socket(stream);
        self.complete({});
        return;
      }
      stream.socket_.async_read_some(boost::asio::buffer(stream.buffer_.get(), kCapacity),
                                     std::move(self));
    }
  };

  /// A frame is shown to Beast from the moment its header is there whole.
  bool can_deliver() const {
    const std::size_t have = end_ - begin_;
    if (http_ || frame_left_ > 0) return have > 0;
    return have >= 2 && have >= header_size();
  }
  std::size_t header_size() const {
    const auto second = static_cast<unsigned char>(buffer_[begin_ + 1]);
    const std::size_t length = second & 0x7f;
    return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + ((second & 0x80) != 0 ? 4 : 0);
  }

  template <class Buffers>
  std::size_t deliver(const Buffers& buffers) {
    if (http_) return deliver_http(buffers);
    if (frame_left_ == 0) begin_frame();
    const auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(frame_left_, static_cast<std::uint64_t>(end_ - begin_)));
    const std::size_t copied =
        boost::asio::buffer_copy(buffers, boost::asio::buffer(buffer_.get() + begin_, size));
    begin_ += copied;
    frame_left_ -= copied;
    if (frame_left_ == 0 && !fragmented_) ++units_;
    return copied;
  }

  void begin_frame() {
    const auto first = static_cast<unsigned char>(buffer_[begin_]);
    const std::size_t header = header_size();
    const auto second = static_cast<unsigned char>(buffer_[begin_ + 1]);
    std::uint64_t length = second & 0x7f;
    if (length >= 126) {
      const std::size_t digits = length == 126 ? 2 : 8;
      length = 0;
      for (std::size_t i = 0; i < digits; ++i) {
        length = length << 8 | static_cast<unsigned char>(buffer_[begin_ + 2 + i]);
      }
    }
    // A length that would run over is one that Beast refuses when it sees the header.
    frame_left_ = header + std::min(length, ~std::uint64_t{0} - header);
    const bool is_control = (first & 0x08) != 0;
    if (!is_control) fragmented_ = (first & 0x80) == 0;
  }

  /// Up to the empty line that ends the answer to the upgrade: what lies behind it are frames. Of
  /// an answer other than 101 Beast must not see the body: nobody wants it, it may take for ever,
  /// and an assertion of Beast 1.81 fails when the end of a chunked one comes in pieces.
  template <class Buffers>
  std::size_t deliver_http(const Buffers& buffers) {
    const std::size_t copied = boost::asio::buffer_copy(
        buffers, boost::asio::buffer(buffer_.get() + begin_, end_ - begin_));
    for (std::size_t i = 0; i < copied; ++i) {
      const char c = buffer_[begin_ + i];
      if (status_line_size_ < sizeof(status_line_)) status_line_[status_line_size_++] = c;
      constexpr std::string_view kEnd = "\r\n\r\n";
      matched_ = c == kEnd[matched_] ? matched_ + 1 : (c == '\r' ? 1 : 0);
      if (matched_ < kEnd.size()) continue;
      if (std::string_view(status_line_, status_line_size_).ends_with(" 101")) {
        http_ = false;
      } else {
        declined_ = true;
      }
      begin_ += i + 1;
      return i + 1;
    }
    begin_ += copied;
    return copied;
  }

  Tcp::socket socket_;
  std::optional<Tls> tls_;
  ReadObserver& observer_;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool http_ = true;       ///< before the first frame
  bool declined_ = false;  ///< the answer to the upgrade was another one, and has been read
  char status_line_[12] = {};
  std::size_t status_line_size_ = 0;
  std::size_t matched_ = 0;
  std::uint64_t frame_left_ = 0;  ///< of the frame that Beast is in
  bool fragmented_ = false;       ///< Beast is between the fragments of a message
  std::uint64_t units_ = 0;       ///< messages and control frames outside of any that came whole
};

}  // namespace deskpulse::feed
