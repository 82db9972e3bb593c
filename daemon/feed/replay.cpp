#include "daemon/feed/replay.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "proto/decoder.hpp"
#include "proto/watermark_line.hpp"

namespace deskpulse::feed {

namespace {

constexpr std::size_t kChunk = 1 << 20;  ///< between two calls of Progress
/// Small, so that what the kernel has copied is still in the nearest cache when it is decoded.
constexpr std::size_t kRead = 64 << 10;
/// Lines decoded before the first of them is accepted: the time in which the memory answers the
/// prefetches of prepare(). Each has a decoder of its own, because its event lives in there.
constexpr std::size_t kAhead = 4;

/// One run over one descriptor: cuts it into lines, which are decoded where they lie.
class LineReader {
 public:
  LineReader(intake::Intake& intake, const WallClock& wall, const ReplaySettings& settings,
             const RefusedLine& refused)
      : intake_(intake),
        clock_(wall),
        settings_(settings),
        refused_(refused),
        capacity_(settings.max_line_bytes + kChunk),
        // Zeros behind the end, because the decoder may read past a line's last byte.
        buffer_(std::make_unique<char[]>(capacity_ + proto::Decoder::kPadding)) {
    coming_.reserve(kAhead);
    for (std::size_t i = 0; i < kAhead; ++i) {
      coming_.emplace_back(proto::DecoderLimits{.max_bytes = settings.max_line_bytes,
                                                .max_depth = settings.max_depth});
    }
  }

  ReplayResult read(int descriptor, const Progress& progress) {
    for (;;) {
      const ssize_t got =
          ::read(descriptor, buffer_.get() + size_, std::min(kRead, capacity_ - size_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) result_.error = std::error_code(errno, std::generic_category());
      if (got <= 0) break;
      wall_ = clock_();
      size_ += static_cast<std::size_t>(got);
      result_.bytes += static_cast<std::uint64_t>(got);
      take_lines();
      if (progress && result_.bytes / kChunk != reported_) {
        reported_ = result_.bytes / kChunk;
        progress(result_.bytes);
      }
    }
    if (!result_.error && (size_ > 0 || skipping_)) take_line({buffer_.get(), size_});
    accept_all();
    return result_;
  }

 private:
  /// An event between its decoding and its acceptance.
  struct Coming {
    explicit Coming(const proto::DecoderLimits& limits) : decoder(limits) {}
    proto::Decoder decoder;
    proto::Event event;
    proto::CustomerKey id;
    bool waits = false;
  };

  void take_lines() {
    const char* at = buffer_.get();
    const char* const end = at + size_;
    while (const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
      const char* const newline = static_cast<const char*>(found);
      take_line({at, static_cast<std::size_t>(newline - at)});
      at = newline + 1;
    }
    size_ = static_cast<std::size_t>(end - at);
    if (size_ > settings_.max_line_bytes + 1) {  // one more for a CR
      skipping_ = true;
      size_ = 0;
    }
    if (size_ > 0) std::memmove(buffer_.get(), at, size_);
  }

  void take_line(std::string_view line) {
    ++line_;
    if (skipping_) {
      skipping_ = false;
      ++result_.lines;
      refuse({proto::Reject::too_large, {}});
      return;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('#') || line.find_first_not_of(" \t") == std::string_view::npos) return;
    if (proto::may_be_watermark_line(line) && take_watermark(line)) return;
    ++result_.lines;
    Coming& coming = coming_[next_];
    accept(coming);
    const auto event = coming.decoder.event(line, proto::Tail::padded);
    if (!event) {
      refuse(event.error());
      return;
    }
    coming.event = *event;
    coming.id = intake_.prepare(coming.event);
    coming.waits = true;
    next_ = (next_ + 1) % kAhead;
  }

  /// False: it only looks like one.
  bool take_watermark(std::string_view line) {
    const auto read = proto::parse_watermark_line(line);
    if (!read) return false;
    accept_all();
    if (intake_.pass(read->ts, wall_)) result_.watermark = read->watermark;
    return true;
  }

  /// Those that wait, in their order.
  void accept_all() {
    for (std::size_t i = 0; i < kAhead; ++i) {
      accept(coming_[next_]);
      next_ = (next_ + 1) % kAhead;
    }
  }

  void accept(Coming& coming) {
    if (coming.waits) intake_.accept_prepared(coming.event, coming.id, wall_);
    coming.waits = false;
  }

  void refuse(const proto::Rejection& rejection) {
    intake_.rejected(rejection);
    if (refused_) refused_(line_, rejection);
  }

  intake::Intake& intake_;
  const WallClock& clock_;
  proto::Instant wall_{};
  const ReplaySettings& settings_;
  const RefusedLine& refused_;
  std::vector<Coming> coming_;  ///< a ring
  std::size_t next_ = 0;        ///< the oldest of them, if it waits
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  std::size_t size_ = 0;
  bool skipping_ = false;  ///< inside a line that is too long
  std::uint64_t line_ = 0;
  std::uint64_t reported_ = 0;
  ReplayResult result_;
};

}  // namespace

ReplayResult replay(int descriptor, intake::Intake& intake, const WallClock& wall,
                    const ReplaySettings& settings, const RefusedLine& refused,
                    const Progress& progress) {
  return LineReader(intake, wall, settings, refused).read(descriptor, progress);
}

}  // namespace deskpulse::feed
