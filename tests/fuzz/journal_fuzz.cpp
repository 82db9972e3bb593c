// The journal's segments. Where the bytes begin with "#batch" they are the text of batches, each of
// which becomes a gzip member, and a line "%%" ends a segment; else they are a segment as it
// stands.
//
// Whatever it says, the reader ends, and what it tells is a state like any other.
#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>

#include "daemon/persistence/recovery.hpp"
#include "daemon/store/journal_segments.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/restored_state.hpp"
#include "tests/unit/store/memory_disk.hpp"

namespace {

using namespace deskpulse;

constexpr std::string_view kBatch = "#batch ";
constexpr std::string_view kNextSegment = "%%\n";
constexpr store::KeyFingerprint kKey{std::byte{7}};

/// One gzip member, stored: a checksum that is right, and little work.
std::string member(std::string_view text) {
  z_stream stream{};
  [[maybe_unused]] int result = ::deflateInit2(&stream, 0, Z_DEFLATED, 15 + 16, 1, Z_FIXED);
  assert(result == Z_OK);
  std::string out(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  result = ::deflate(&stream, Z_FINISH);
  assert(result == Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

void put_segments(std::string_view text, store::MemoryDisk& disk) {
  for (std::uint64_t number = 1; !text.empty(); number += 3) {
    std::size_t end = text.starts_with(kNextSegment) ? 0 : text.find("\n%%\n");
    end = end == std::string_view::npos ? text.size() : end + (end == 0 ? 0 : 1);
    std::string_view segment = text.substr(0, end);
    text.remove_prefix(std::min(end + kNextSegment.size(), text.size()));
    std::string members;
    while (!segment.empty()) {
      const std::size_t next = segment.find("\n#batch ");
      const std::size_t size = next == std::string_view::npos ? segment.size() : next + 1;
      members += member(segment.substr(0, size));
      segment.remove_prefix(size);
    }
    disk.put(store::segment_name(number), members);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  store::MemoryDisk disk;
  if (text.starts_with(kBatch)) {
    put_segments(text, disk);
  } else {
    disk.put(store::segment_name(1), text);
  }
  for (const bool has_positions : {false, true}) {
    fuzz::RestoredState state(fuzz::Rules::as_saved);
    Recovered recovered;
    recovered.monitor = state.new_monitor();
    const store::JournalReadResult result =
        recover_journal(disk, kKey, {.has_positions = has_positions, .source = {}}, recovered);
    assert(disk.open_files == 0);
    assert(result.next > 0);
    assert(result.must_not_start <= !result.refused.empty());
    if (result.batches > 0) state.put_to_work(std::move(recovered.monitor), recovered.cursor);
  }
  return 0;
}
