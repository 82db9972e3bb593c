// Memory for large tables that are read at random places.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace deskpulse::memory {

/// For a std::vector that may become a table of many megabytes: from 2 MiB on it begins at a
/// multiple of 2 MiB and asks the kernel for pages of that size, so that a place in it costs one
/// miss of the memory and not another one of the page table. A kernel that says no changes nothing
/// but the speed. Below that it is the ordinary allocator.
template <class T>
struct HugePageAllocator {
  using value_type = T;
  static constexpr std::size_t kPage = std::size_t{2} << 20;
  static constexpr std::size_t kFrom = kPage;

  HugePageAllocator() = default;
  template <class U>
  explicit(false) HugePageAllocator(const HugePageAllocator<U>&) {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < kFrom) return static_cast<T*>(::operator new (bytes, std::align_val_t{alignof(T)}));
    void* const memory = ::operator new (bytes, std::align_val_t{kPage});
    // Best effort: an old kernel, or one told never to, keeps its small pages.
    static_cast<void>(::madvise(memory, bytes, MADV_HUGEPAGE));
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) {
    if (count * sizeof(T) < kFrom) {
      ::operator delete (memory, std::align_val_t{alignof(T)});
    } else {
      ::operator delete (memory, std::align_val_t{kPage});
    }
  }

  friend bool operator==(const HugePageAllocator&, const HugePageAllocator&) { return true; }
};

}  // namespace deskpulse::memory
