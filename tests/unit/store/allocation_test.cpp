// A snapshot is written in a process forked from one with several threads, where another thread may
// have held the allocator's lock for ever: so nothing on the way may allocate. An executable of its
// own, since it counts every allocation of the process.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "daemon/store/posix_disk.hpp"
#include "daemon/store/snapshot_store.hpp"
#include "tests/unit/store/temporary_directory.hpp"
#include "tests/unit/store/text_content.hpp"

namespace {
std::size_t allocations = 0;

void* allocated(std::size_t size) {
  ++allocations;
  return std::malloc(size);
}

void* counted(std::size_t size) {
  if (void* memory = allocated(size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocated(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocated(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace deskpulse::store {
namespace {

TEST(SnapshotAllocation, ASaveNeedsNoMemory) {
  const TemporaryDirectory directory;
  PosixDisk disk(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  SnapshotStore store(disk, kTestKey);
  std::string text;
  store.load(load_text(text));
  const TextContent content(std::string(500'000, 'x'));
  const std::size_t before = allocations;

  const SaveResult first = store.save(1, proto::Instant{}, content);
  const SaveResult second = store.save(2, proto::Instant{}, content);
  const std::size_t after = allocations;

  EXPECT_EQ(after, before);
  EXPECT_TRUE(first.ok());
  EXPECT_TRUE(second.ok());
}

TEST(SnapshotAllocation, AFailedSaveNeedsNoMemoryEither) {
  const TemporaryDirectory directory;
  PosixDisk disk(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::string text;
  SnapshotStore store(disk, kTestKey);
  store.load(load_text(text));
  const TextContent content(std::string(1'000, 'x'));
  std::filesystem::create_directories(directory.path() / "snapshot.tmp" / "in the way");
  const std::size_t before = allocations;

  const SaveResult result = store.save(1, proto::Instant{}, content);
  const std::size_t after = allocations;

  EXPECT_EQ(after, before);
  EXPECT_EQ(result.stage, SaveStage::create);
  EXPECT_NE(result.error, 0);
}

}  // namespace
}  // namespace deskpulse::store
