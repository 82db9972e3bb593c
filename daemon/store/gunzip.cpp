#include "daemon/store/gunzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace deskpulse::store {

struct Gunzip::Stream {
  Stream() {
    constexpr int kGzip = 15 + 16;
    if (::inflateInit2(&z, kGzip) != Z_OK) throw std::bad_alloc();
  }
  ~Stream() { ::inflateEnd(&z); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  z_stream z{};
  bool in_member = false;
  bool at_end = false;  ///< of the file
  std::array<std::byte, 64 * 1024> input;
};

Gunzip::Gunzip(ReadFile read_file)
    : read_file_(std::move(read_file)), stream_(std::make_unique<Stream>()) {}

Gunzip::~Gunzip() = default;

/// False where the file cannot be read.
bool Gunzip::fill() {
  Stream& s = *stream_;
  if (s.z.avail_in > 0 || s.at_end) return true;
  std::size_t got = 0;
  error_ = read_file_(s.input, got);
  if (error_) return false;
  s.at_end = got == 0;
  s.z.next_in = reinterpret_cast<Bytef*>(s.input.data());
  s.z.avail_in = static_cast<uInt>(got);
  return true;
}

Gunzip::State Gunzip::read(std::span<std::byte> to, std::size_t& got) {
  Stream& s = *stream_;
  got = 0;
  if (!fill()) return State::unreadable;
  if (!s.in_member) {
    if (s.at_end) return State::end;
    // After a power cut a file can be longer than what was written of it.
    if (*s.z.next_in == 0) {
      for (;;) {
        const Bytef* const end = s.z.next_in + s.z.avail_in;
        if (std::any_of(s.z.next_in, s.z.next_in + s.z.avail_in,
                        [](Bytef byte) { return byte != 0; }))
          return State::damaged;
        s.z.next_in = const_cast<Bytef*>(end);
        s.z.avail_in = 0;
        if (!fill()) return State::unreadable;
        if (s.at_end) return State::torn;
      }
    }
    ::inflateReset(&s.z);
    s.in_member = true;
  }
  s.z.next_out = reinterpret_cast<Bytef*>(to.data());
  s.z.avail_out = static_cast<uInt>(to.size());
  while (s.z.avail_out > 0) {
    if (!fill()) return State::unreadable;
    const int result = ::inflate(&s.z, Z_NO_FLUSH);
    got = to.size() - s.z.avail_out;
    if (result == Z_STREAM_END) {
      s.in_member = false;
      return State::member;
    }
    if (result == Z_BUF_ERROR && s.at_end) return State::torn;
    if (result != Z_OK && result != Z_BUF_ERROR) return State::damaged;
  }
  return State::more;
}

}  // namespace deskpulse::store
