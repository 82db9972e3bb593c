#include "tests/bench/live_bytes.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> live{0};
}

namespace deskpulse::bench {
std::size_t live_bytes() { return live.load(std::memory_order_relaxed); }
}  // namespace deskpulse::bench

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* block = std::malloc(size);
  if (block != nullptr) live.fetch_add(malloc_usable_size(block), std::memory_order_relaxed);
  return block;
}
void* operator new(std::size_t size) {
  if (void* block = operator new(size, std::nothrow)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  live.fetch_sub(malloc_usable_size(block), std::memory_order_relaxed);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  const auto boundary = static_cast<std::size_t>(alignment);
  void* block = std::aligned_alloc(boundary, (size + boundary - 1) / boundary * boundary);
  if (block != nullptr) live.fetch_add(malloc_usable_size(block), std::memory_order_relaxed);
  return block;
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  if (void* block = operator new(size, alignment, std::nothrow)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block, std::align_val_t) noexcept { operator delete(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  operator delete(block);
}
