#include "daemon/intake/order_buffer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "daemon/intake/event_image.hpp"

namespace deskpulse::intake {

namespace {

/// What later stages read of an event; see the class comment.
constexpr std::array kKept{&proto::Event::shop,  &proto::Event::agent, &proto::Event::from_agent,
                           &proto::Event::topic, &proto::Event::name,  &proto::Event::group};

std::size_t millis(proto::Instant at) {
  return static_cast<std::size_t>(at.time_since_epoch().count());
}

}  // namespace

OrderBuffer::OrderBuffer(proto::Millis window, std::size_t most_bytes)
    : window_(window), most_bytes_(most_bytes / kChunk * kChunk) {
  assert(window.count() >= 0 && window <= proto::Millis{60'000});
  const std::size_t size =
      std::max<std::size_t>(64, std::bit_ceil(static_cast<std::size_t>(window.count()) + 1));
  queues_.resize(size);
  occupied_.resize(size / 64);
}

bool OrderBuffer::push(const proto::Event& event) {
  assert(event.ts > watermark_ && event.ts <= watermark_ + window_);
  std::size_t characters = 0;
  for (const auto field : kKept) characters += (event.*field).size();

  Block* const block = take_block(sizeof(Block) + characters);
  if (block == nullptr) return false;
  block->next = nullptr;
  block->event = event;
  block->event.id = {};
  block->event.customer = {};
  block->event.order = {};
  char* at = reinterpret_cast<char*>(block + 1);
  for (const auto field : kKept) {
    std::string_view& text = block->event.*field;
    if (text.empty()) continue;
    std::memcpy(at, text.data(), text.size());
    text = {at, text.size()};
    at += text.size();
  }

  const std::size_t index = millis(event.ts) & (queues_.size() - 1);
  Queue& queue = queues_[index];
  if (queue.tail != nullptr) {
    queue.tail->next = block;
  } else {
    queue.head = block;
    occupied_[index / 64] |= std::uint64_t{1} << (index % 64);
  }
  queue.tail = block;
  ++size_;
  bytes_of_events_ += size_of(block);
  return true;
}

std::size_t OrderBuffer::next_queue(proto::Instant after, proto::Instant to) const {
  // All events are within one round of the ring from the watermark, and no more is to be searched.
  const std::size_t mask = queues_.size() - 1;
  const std::size_t first = millis(after) + 1;
  const std::size_t round_end = millis(watermark_) + queues_.size();
  std::size_t left = std::min(millis(to), round_end) - millis(after);
  std::size_t index = first & mask;
  while (left > 0) {
    const std::size_t in_word = std::min(left, 64 - index % 64);
    std::uint64_t bits = occupied_[index / 64] >> (index % 64);
    if (in_word < 64) bits &= (std::uint64_t{1} << in_word) - 1;
    if (bits != 0) return index + static_cast<std::size_t>(std::countr_zero(bits));
    left -= in_word;
    index = (index + in_word) & mask;
  }
  return kNone;
}

proto::Instant OrderBuffer::oldest() const {
  assert(size_ > 0);
  return queues_[next_queue(watermark_, watermark_ + window_)].head->event.ts;
}

void OrderBuffer::fetch_until(proto::Instant end) {
  fetched_ = std::max(fetched_, watermark_);
  const proto::Instant last = std::min(end, watermark_ + window_);
  while (fetched_ < last) {
    const std::size_t index = next_queue(fetched_, last);
    if (index == kNone) break;
    // The two ends of a queue are all of it, nearly always.
    for (const Block* block : {queues_[index].head, queues_[index].tail}) {
      const auto* bytes = reinterpret_cast<const std::byte*>(block);
      // What of an event is read by nearly all, and its shop and agent, which stand behind it.
      __builtin_prefetch(bytes);
      __builtin_prefetch(bytes + kLine);
      __builtin_prefetch(bytes + sizeof(Block));
    }
    const std::size_t steps = (index - millis(fetched_)) & (queues_.size() - 1);
    fetched_ += proto::Millis{static_cast<std::int64_t>(steps)};
  }
  fetched_ = std::max(fetched_, last);
}

OrderBuffer::Block* OrderBuffer::take_block(std::size_t bytes) {
  const std::size_t size = std::max(kSmallest, std::bit_ceil(bytes));
  const auto size_class = static_cast<std::size_t>(std::countr_zero(size / kSmallest));
  assert(size_class < kClasses);  // six strings that the decoder bounds at 2 KiB and less
  if (Block* const block = free_[size_class]; block != nullptr) {
    free_[size_class] = block->next;
    return block;
  }
  if (chunk_left_ < size) {
    const bool may_grow = !holds_growth_ && chunks_.size() * kChunk < most_bytes_;
    if (!may_grow) return split_block(size_class);
    // What is left of the last chunk is lost: once per 64 KiB and less than one block.
    chunks_.push_back(std::make_unique_for_overwrite<Chunk>());
    chunk_left_ = kChunk;
  }
  std::byte* const at = chunks_.back()->bytes + (kChunk - chunk_left_);
  chunk_left_ -= size;
  return make_block(at, size_class);
}

// Without it what a flood of long names has left would be of no use to the events after it.
OrderBuffer::Block* OrderBuffer::split_block(std::size_t size_class) {
  std::size_t larger = size_class + 1;
  while (larger < kClasses && free_[larger] == nullptr) ++larger;
  if (larger >= kClasses) return nullptr;
  Block* const whole = free_[larger];
  free_[larger] = whole->next;
  auto* const at = reinterpret_cast<std::byte*>(whole);
  while (larger > size_class) {
    --larger;
    recycle(make_block(at + (kSmallest << larger), larger));
  }
  return make_block(at, size_class);
}

OrderBuffer::Block* OrderBuffer::make_block(std::byte* at, std::size_t size_class) {
  Block* const block = new (at) Block;
  block->size_class = static_cast<std::uint8_t>(size_class);
  return block;
}

void OrderBuffer::recycle(Block* block) {
  block->next = free_[block->size_class];
  free_[block->size_class] = block;
}

void OrderBuffer::save(image::Writer& writer) const {
  writer.instant(watermark_);
  writer.number(size_);
  const proto::Instant end = watermark_ + window_;
  for (proto::Instant at = watermark_; at < end;) {
    const std::size_t index = next_queue(at, end);
    if (index == kNone) break;
    for (const Block* block = queues_[index].head; block != nullptr; block = block->next) {
      at = block->event.ts;
      intake::save(writer, block->event);
    }
  }
}

bool OrderBuffer::load(image::Reader& reader,
                       const std::function<void(const proto::Event&)>& place) {
  assert(size_ == 0 && watermark_ == proto::Instant{});
  watermark_ = reader.instant();
  const std::uint64_t count = reader.number();
  proto::Instant oldest = watermark_ + proto::Millis{1};
  EventReader events;
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const proto::Event& event = events.read(reader);
    if (event.ts < oldest) reader.fail();
    if (!reader.ok()) break;
    oldest = event.ts;
    place(event);
  }
  return reader.ok();
}

std::size_t OrderBuffer::bytes_used() const {
  return chunks_.size() * kChunk + queues_.size() * sizeof(Queue) +
         occupied_.size() * sizeof(std::uint64_t);
}

}  // namespace deskpulse::intake
