// The decoder allocates only while its buffers grow. An executable of its own, since it counts
// every allocation of the process.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "proto/decoder.hpp"

namespace {
std::size_t allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
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

}  // namespace
}  // namespace deskpulse::proto
