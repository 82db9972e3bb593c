// Holds events back until the watermark reaches them, and gives them out in the order of time.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "proto/event.hpp"

namespace deskpulse::intake {

/// The reorder buffer: out in the order (ts, arrival), exactly. Every event in it lies in
/// (watermark, watermark + window], so a ring with one queue a millisecond holds them all; a bitmap
/// of the queues that are not empty finds the next one.
///
/// Events are packed: what later stages need is copied behind the event into one block (the ids of
/// customer and order are not, for which the keys stand, nor the event's own, which has been
/// judged). Blocks come in powers of two and are used again, so a warm buffer allocates nothing;
/// what long names have made it take is never given back, and so it has a bound.
/// push() is O(1); release() is O(events released + milliseconds passed / 64). Not thread-safe.
class OrderBuffer {
 public:
  /// 0 <= window <= 60 s. The events take at most `most_bytes`; those that may be, rounded down to
  /// 64 KiB.
  explicit OrderBuffer(proto::Millis window,
                       std::size_t most_bytes = std::numeric_limits<std::size_t>::max());
  OrderBuffer(const OrderBuffer&) = delete;
  OrderBuffer& operator=(const OrderBuffer&) = delete;

  /// watermark() < event.ts <= watermark() + window. False, and nothing is kept, where the memory
  /// that it may take has no room for the event; a release() may make some.
  [[nodiscard]] bool push(const proto::Event& event);

  /// While on, it takes no more memory than it has.
  void hold_growth(bool on) { holds_growth_ = on; }

  /// Moves the watermark to `to` and calls `take(const proto::Event&)` for every event up to and
  /// with it. `take` must not push. An earlier `to` does nothing.
  /// `announce(const proto::Event&)` is called before, for most events once, some milliseconds of
  /// event time ahead of their taking: time for whoever takes them to fetch what it will need.
  template <class Take, class Announce>
  void release(proto::Instant to, Take&& take, Announce&& announce) {
    if (to <= watermark_) return;
    fetch_until(to + 2 * kAhead);
    announce_until(to + kAhead, announce);
    proto::Instant at = watermark_;
    while (size_ > 0) {
      const std::size_t index = next_queue(at, to);
      if (index == kNone) break;
      Block* block = queues_[index].head;
      at = block->event.ts;
      while (block != nullptr) {
        take(static_cast<const proto::Event&>(block->event));
        Block* const next = block->next;
        bytes_of_events_ -= size_of(block);
        recycle(block);
        --size_;
        block = next;
      }
      queues_[index] = {};
      occupied_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
    }
    watermark_ = to;
  }

  template <class Take>
  void release(proto::Instant to, Take&& take) {
    release(to, take, [](const proto::Event&) {});
  }

  /// What push() and release() have made of it. Allocates nothing.
  void save(image::Writer& writer) const;
  /// Into a buffer that is new: sets the watermark and gives the events, in their order and all
  /// behind it, to `place`, which is to push() them; the window may have been a longer one when
  /// they were saved, and then there is no room for all. False: this is no image of a buffer, and
  /// what is in it now means nothing.
  bool load(image::Reader& reader, const std::function<void(const proto::Event&)>& place);

  proto::Instant watermark() const { return watermark_; }
  /// The `ts` of the event that comes next. Not of an empty buffer.
  proto::Instant oldest() const;
  std::size_t size() const { return size_; }
  /// What the events in it take, of the `most_bytes()` that they may.
  std::size_t bytes_of_events() const { return bytes_of_events_; }
  std::size_t most_bytes() const { return most_bytes_; }
  /// All that it has taken from the system.
  std::size_t bytes_used() const;

 private:
  struct Block {
    Block* next;
    std::uint8_t size_class;
    proto::Event event;
    // the characters follow
  };
  struct Queue {
    Block* head = nullptr;
    Block* tail = nullptr;
  };
  static constexpr std::size_t kNone = ~std::size_t{0};
  static constexpr proto::Millis kAhead{16};  ///< a few events to a few hundred
  static constexpr std::size_t kSmallest = 256;
  static constexpr std::size_t kClasses = 8;  ///< 256 bytes to 32 KiB
  static constexpr std::size_t kChunk = 64 * 1024;
  static constexpr std::size_t kLine = 64;
  /// So that a block begins with a line of the caches.
  struct alignas(kLine) Chunk {
    std::byte bytes[kChunk];
  };

  /// The first occupied queue in (after, to], or kNone; watermark_ <= after.
  std::size_t next_queue(proto::Instant after, proto::Instant to) const;
  template <class Announce>
  void announce_until(proto::Instant end, Announce&& announce) {
    if (announced_ < watermark_) announced_ = watermark_;
    const proto::Instant last = std::min(end, watermark_ + window_);
    while (announced_ < last) {
      const std::size_t index = next_queue(announced_, last);
      if (index == kNone) break;
      const Block* block = queues_[index].head;
      announced_ = block->event.ts;
      for (; block != nullptr; block = block->next)
        announce(static_cast<const proto::Event&>(block->event));
    }
    announced_ = std::max(announced_, last);
  }
  /// A second after it was pushed an event has left the nearest caches: asks for it back, before
  /// it is announced.
  void fetch_until(proto::Instant end);
  /// Null where there is no room.
  Block* take_block(std::size_t bytes);
  /// The half of a larger block that is free, or a part of that; null where there is none.
  Block* split_block(std::size_t size_class);
  Block* make_block(std::byte* at, std::size_t size_class);
  void recycle(Block* block);
  static std::size_t size_of(const Block* block) { return kSmallest << block->size_class; }

  proto::Millis window_;
  std::size_t most_bytes_;
  bool holds_growth_ = false;
  proto::Instant watermark_{};
  proto::Instant announced_{};  ///< what is in the buffer up to here has been announced
  proto::Instant fetched_{};    ///< the same for fetch_until()
  std::size_t size_ = 0;
  std::size_t bytes_of_events_ = 0;
  std::vector<Queue> queues_;  ///< a power of two; by ts modulo its size
  std::vector<std::uint64_t> occupied_;
  Block* free_[kClasses] = {};
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::size_t chunk_left_ = 0;
};

}  // namespace deskpulse::intake
