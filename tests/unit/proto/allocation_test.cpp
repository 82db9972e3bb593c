// The decoder allocates only while its buffers grow, and a text for which it cannot is rejected. An
// executable of its own, since it counts every allocation of the process.
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <new>
#include <string>

#include "proto/decoder.hpp"

namespace {
std::size_t allocations = 0;
std::size_t longest = std::numeric_limits<std::size_t>::max();  ///< that is not refused

void* allocated(std::size_t size) {
  ++allocations;
  return size > longest ? nullptr : std::malloc(size);
}

void* counted(std::size_t size) {
  if (void* memory = allocated(size)) return memory;
  throw std::bad_alloc();
}

class WithoutMemoryBeyond {
 public:
  explicit WithoutMemoryBeyond(std::size_t bytes) { longest = bytes; }
  ~WithoutMemoryBeyond() { longest = std::numeric_limits<std::size_t>::max(); }
};
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocated(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocated(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace deskpulse::proto {
namespace {

std::string message(std::size_t text_size) {
  return R"({"type":"message","id":"m","ts":1,"shop":"s","customer":"c","from":"bot","text":")" +
         std::string(text_size, 'x') + R"("})";
}

std::string array_of(int count) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    text += message(100);
  }
  return text + "]";
}

TEST(DecoderAllocation, ALongerTextThanBeforeNeedsNoMemoryWhileItFits) {
  const std::string longer = message(5'000);
  Decoder decoder;
  std::string buffer = message(10) + std::string(Decoder::kPadding, ' ');
  ASSERT_TRUE(decoder.event({buffer.data(), buffer.size() - Decoder::kPadding}, Tail::padded));
  buffer = longer + std::string(Decoder::kPadding, ' ');
  const std::size_t before = allocations;

  const bool read = decoder.event({buffer.data(), longer.size()}, Tail::padded).has_value();

  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(read);
}

TEST(DecoderAllocation, AWarmDecoderNeedsNoMemory) {
  const std::string batch = array_of(500);
  const std::string single = message(300);
  const std::string bad = R"({"type":"message","ts":0})";
  Decoder decoder;
  std::size_t read = decoder.plain_frame(batch)->size();
  const std::size_t before = allocations;

  read += decoder.plain_frame(batch)->size();
  read += decoder.event(single).has_value() ? 1 : 0;
  read += decoder.event(bad).has_value() ? 1 : 0;
  const std::size_t after = allocations;

  EXPECT_EQ(after, before);
  EXPECT_EQ(read, 1001u);
}

TEST(DecoderAllocation, ATextThatThereIsNoMemoryForIsRejectedAndTheNextOneIsRead) {
  const std::string small = message(100);
  std::string padded = message(4 << 20);
  const std::size_t size = padded.size();
  padded.append(Decoder::kPadding, ' ');
  // More than the smallest of the buffers that are needed, and then more than each greater one.
  for (const std::size_t most : {1 << 20, 5 << 20, 20 << 20}) {
    SCOPED_TRACE(most);
    Decoder decoder({.max_bytes = 16 << 20});
    for (const Tail tail : {Tail::padded, Tail::unknown}) {
      ASSERT_TRUE(decoder.event(small));
      {
        const WithoutMemoryBeyond bytes(most);
        const auto read = decoder.event({padded.data(), size}, tail);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error(), (Rejection{Reject::no_memory, ""}));
        EXPECT_TRUE(decoder.event(small));
        EXPECT_EQ(decoder.plain_frame(small)->size(), 1u);
      }
      EXPECT_TRUE(decoder.event(small));
    }
    EXPECT_TRUE(decoder.event({padded.data(), size}, Tail::padded));
  }
}

TEST(DecoderAllocation, AFrameOfMoreEventsThanThereIsMemoryForIsRejected) {
  const std::string batch = array_of(2'000);
  Decoder decoder;
  ASSERT_TRUE(decoder.event(message(batch.size())));  // what parsing needs is there
  {
    const WithoutMemoryBeyond bytes(2'000);
    const auto read = decoder.plain_frame(batch);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().reason, Reject::no_memory);
  }
  EXPECT_EQ(decoder.plain_frame(batch)->size(), 2'000u);
}

}  // namespace
}  // namespace deskpulse::proto
