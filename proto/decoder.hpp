// From the bytes of one frame or line to events, or to the reason why not.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "proto/event.hpp"
#include "proto/rejection.hpp"
#include "proto/session.hpp"

namespace deskpulse::proto {

struct DecoderLimits {
  std::size_t max_bytes = 1 << 20;  ///< of one text; at most 4 GB
  std::size_t max_depth = 32;  ///< nested arrays and objects of one text, the outermost included
  /// In one frame. Decoded they are many times larger than the shortest of texts, so `max_bytes`
  /// alone would not bound what a frame makes us hold.
  std::size_t max_events = 100'000;
};

/// What lies behind the last byte of a text that is handed in.
enum class Tail {
  unknown,  ///< the text is copied first
  padded,   ///< at least Decoder::kPadding more bytes can be read, whatever they are: no copy
};

/// Strict, whole texts only: what is not JSON by RFC 8259 is rejected as it stands (text behind the
/// end, bad UTF-8, lone surrogates, a byte order mark ...), and so is a whole number beyond 64 bits
/// or another one beyond a double, wherever it stands. Fields that the protocol does not name are
/// ignored; of a repeated key the first counts. Where several fields are wrong the reason is that
/// of the first in the order type, ts, shop, id, then as in PROTOCOL.md's table.
///
/// A text for which there is no memory is rejected as `no_memory`; shorter ones may fit.
///
/// Everything returned, views and spans included, lives in the decoder and is good until its next
/// call. Allocates only while its buffers grow. About 250 ns for an event of 220 bytes, less in a
/// batch. One thread at a time.
class Decoder {
 public:
  static constexpr std::size_t kPadding = 64;

  explicit Decoder(const DecoderLimits& limits = {});
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  /// One event: a line of a file.
  Decoded<Event> event(std::string_view text, Tail tail = Tail::unknown);

  /// A frame of a `plain` feed: one event or an array of events. A bad event inside an array is
  /// rejected alone, in its place; a frame that is no such thing is one rejection.
  Decoded<std::span<const Decoded<Event>>> plain_frame(std::string_view text,
                                                       Tail tail = Tail::unknown);

  /// A frame of a `deskpulse.v1` server, as its client sees it; a bad event as above.
  Decoded<ServerFrame> server_frame(std::string_view text, Tail tail = Tail::unknown);

  /// A frame of a `deskpulse.v1` client, as its server sees it.
  Decoded<ClientFrame> client_frame(std::string_view text, Tail tail = Tail::unknown);

 private:
  class Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace deskpulse::proto
