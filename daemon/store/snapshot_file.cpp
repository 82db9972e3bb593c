#include "daemon/store/snapshot_file.hpp"

#include <sodium.h>
#include <zlib.h>

#include <array>
#include <cassert>
#include <cstring>
#include <optional>
#include <span>

#include "daemon/store/byte_order.hpp"

namespace deskpulse::store {
namespace {

// Not text, and not what a transfer as text would leave whole.
constexpr std::array<unsigned char, 8> kMagic{0x89, 'D', 'P', 'S', '\r', '\n', 0x1a, '\n'};
constexpr std::size_t kSaid = 48;  ///< bytes of the header before its check
constexpr std::size_t kHeader = kSaid + 16;
constexpr std::size_t kFrameHead = 8;
constexpr std::size_t kLongestFrame = 64 * 1024;
constexpr std::size_t kEndHash = 32;
constexpr std::size_t kEnd = 4 + 8 + kEndHash;

using Header = std::array<std::byte, kHeader>;

unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

/// The hash of everything so far.
class FileHash {
 public:
  FileHash() { crypto_generichash_init(&state_, nullptr, 0, kEndHash); }
  void add(std::span<const std::byte> bytes) {
    crypto_generichash_update(&state_, raw(bytes.data()), bytes.size());
  }
  std::array<std::byte, kEndHash> end() {
    std::array<std::byte, kEndHash> out;
    crypto_generichash_final(&state_, raw(out.data()), out.size());
    return out;
  }

 private:
  crypto_generichash_state state_;
};

std::array<std::byte, 16> check_of(const Header& header) {
  std::array<std::byte, 16> out;
  crypto_generichash(raw(out.data()), out.size(), raw(header.data()), kSaid, nullptr, 0);
  return out;
}

Header encode(const SnapshotInfo& header) {
  Header bytes{};
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  put(&bytes[8], header.format);
  put(&bytes[16], header.generation);
  put(&bytes[24], header.written_at.time_since_epoch().count());
  std::memcpy(&bytes[32], header.key.data(), header.key.size());
  const auto check = check_of(bytes);
  std::memcpy(&bytes[kSaid], check.data(), check.size());
  return bytes;
}

/// Of the length, as it stands in the frame, and the bytes.
std::uint32_t crc_of(const std::byte* length, std::span<const std::byte> bytes) {
  const uLong crc = crc32(0, raw(length), 4);
  return static_cast<std::uint32_t>(crc32(crc, raw(bytes.data()), static_cast<uInt>(bytes.size())));
}

ReadResult refused(Refusal why, std::error_code error = {}) { return {why, error}; }

/// Reads one file from its beginning to its end, and says what is wrong with it.
class FileReader {
 public:
  explicit FileReader(Disk& disk) : disk_(disk) {}
  ~FileReader() { close(); }
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  /// Also from the beginning again.
  ReadResult open(const char* name) {
    close();
    offset_ = 0;
    const std::error_code error = disk_.open(name, file_);
    is_open_ = !error;
    if (!error) return {};
    if (error == std::errc::no_such_file_or_directory) return refused(Refusal::missing);
    if (error == std::errc::operation_not_permitted) return refused(Refusal::not_private);
    return refused(Refusal::unreadable, error);
  }

  /// Fills `to`.
  ReadResult read(std::span<std::byte> to) {
    while (!to.empty()) {
      std::size_t got = 0;
      if (const std::error_code error = disk_.read(file_, to, got))
        return refused(Refusal::unreadable, error);
      if (got == 0) return refused(Refusal::truncated);
      to = to.subspan(got);
      offset_ += got;
    }
    return {};
  }

  ReadResult read_header(SnapshotInfo& header, Header& bytes) {
    if (const ReadResult result = read(bytes); !result.ok()) return result;
    if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
      return refused(Refusal::not_snapshot);
    const auto check = check_of(bytes);
    if (std::memcmp(&bytes[kSaid], check.data(), check.size()) != 0)
      return refused(Refusal::checksum);
    header.format = get<std::uint32_t>(&bytes[8]);
    header.generation = get<std::uint64_t>(&bytes[16]);
    header.written_at = proto::Instant{proto::Millis{get<std::int64_t>(&bytes[24])}};
    std::memcpy(header.key.data(), &bytes[32], header.key.size());
    const std::error_code error = disk_.size(file_, header.bytes);
    return error ? refused(Refusal::unreadable, error) : ReadResult{};
  }

  /// The next frame, head and bytes, good until the next call; at the end of the image it is four
  /// bytes of 0.
  ReadResult read_frame(std::span<const std::byte>& frame) {
    if (const ReadResult result = read(std::span(buffer_).first(4)); !result.ok()) return result;
    const auto length = get<std::uint32_t>(buffer_.data());
    frame = std::span(buffer_).first(4);
    if (length == 0) return {};
    if (length > kLongestFrame) return refused(Refusal::checksum);
    const auto rest = std::span(buffer_).subspan(4, kFrameHead - 4 + length);
    if (const ReadResult result = read(rest); !result.ok()) return result;
    frame = std::span(buffer_).first(kFrameHead + length);
    if (crc_of(buffer_.data(), frame.subspan(kFrameHead)) != get<std::uint32_t>(&buffer_[4]))
      return refused(Refusal::checksum);
    return {};
  }

  /// What stands behind the four bytes of 0, and nothing behind that.
  ReadResult read_end(FileHash& hash) {
    std::array<std::byte, kEnd - 4> end;
    if (const ReadResult result = read(end); !result.ok()) return result;
    hash.add(std::span(end).first(8));
    const auto expected = hash.end();
    if (get<std::uint64_t>(end.data()) != offset_ ||
        std::memcmp(&end[8], expected.data(), expected.size()) != 0)
      return refused(Refusal::checksum);
    std::byte more;
    const ReadResult behind = read({&more, 1});
    if (behind.ok()) return refused(Refusal::checksum);
    return behind.refusal == Refusal::truncated ? ReadResult{} : behind;
  }

 private:
  void close() {
    if (is_open_) disk_.close(file_);
    is_open_ = false;
  }

  Disk& disk_;
  Disk::File file_ = -1;
  bool is_open_ = false;
  std::uint64_t offset_ = 0;
  std::array<std::byte, kFrameHead + kLongestFrame> buffer_;
};

/// Reads a whole file and trusts nothing.
ReadResult verify(FileReader& file, const char* name, const KeyFingerprint& key,
                  SnapshotInfo& header) {
  if (const ReadResult result = file.open(name); !result.ok()) return result;
  Header bytes;
  if (const ReadResult result = file.read_header(header, bytes); !result.ok()) return result;
  // Of a newer format nothing more is known than its header.
  if (header.format > kSnapshotFormat) return refused(Refusal::newer_format);
  if (header.format == 0) return refused(Refusal::content);
  FileHash hash;
  hash.add(bytes);
  for (std::span<const std::byte> frame; frame.size() != 4;) {
    if (const ReadResult result = file.read_frame(frame); !result.ok()) return result;
    hash.add(frame);
  }
  if (const ReadResult result = file.read_end(hash); !result.ok()) return result;
  // Last, because the other key of a damaged file would be no finding.
  if (header.key != key) return refused(Refusal::other_key);
  return {};
}

/// The image of a verified file.
class Frames final : public image::Source {
 public:
  explicit Frames(FileReader& file) : file_(file) {}
  std::span<const std::byte> next() override {
    if (!result_.ok() || ended_) return {};
    std::span<const std::byte> frame;
    result_ = file_.read_frame(frame);
    ended_ = frame.size() == 4;
    return !result_.ok() || ended_ ? std::span<const std::byte>{} : frame.subspan(kFrameHead);
  }
  const ReadResult& result() const { return result_; }

 private:
  FileReader& file_;
  ReadResult result_;
  bool ended_ = false;
};

}  // namespace

std::string_view save_stage_name(SaveStage stage) {
  constexpr std::array<std::string_view, kSaveStages + 1> kNames{
      "create", "write", "sync", "close", "rename", "sync_directory", "none"};
  return kNames[static_cast<std::size_t>(stage)];
}

std::string_view refusal_name(Refusal refusal) {
  constexpr std::array<std::string_view, kRefusals> kNames{
      "none",     "missing",      "unreadable", "not_private", "not_snapshot", "truncated",
      "checksum", "newer_format", "other_key",  "content",     "future"};
  return kNames[static_cast<std::size_t>(refusal)];
}

/// The image's writer writes into `frame`; whole frames go to the disk.
struct SnapshotWriter::Buffers final : image::Sink {
  bool take(std::span<const std::byte> bytes) override {
    assert(!bytes.empty() && bytes.size() <= kLongestFrame);
    put(frame.data(), static_cast<std::uint32_t>(bytes.size()));
    put(&frame[4], crc_of(frame.data(), bytes));
    std::memcpy(&frame[kFrameHead], bytes.data(), bytes.size());
    return write(std::span(frame).first(kFrameHead + bytes.size()));
  }

  /// Hashed, too.
  bool write(std::span<const std::byte> bytes) {
    hash.add(bytes);
    return write_plain(bytes);
  }

  bool write_plain(std::span<const std::byte> bytes) {
    if (!error) error = disk->write(file, bytes);
    written += bytes.size();
    return !error;
  }

  void write_end() {
    std::array<std::byte, kEnd - kEndHash> end{};
    put(&end[4], written + kEnd);
    write(end);
    write_plain(hash.end());
  }

  /// Some disks say that they have taken what they have not.
  void check_size() {
    std::uint64_t size = 0;
    if (!error) error = disk->size(file, size);
    if (!error && size != written) error = std::make_error_code(std::errc::io_error);
  }

  Disk* disk = nullptr;
  Disk::File file = -1;
  std::uint64_t written = 0;
  std::error_code error;
  FileHash hash;
  std::optional<image::Writer> image;  ///< anew for each file, without allocating
  std::array<std::byte, kFrameHead + kLongestFrame> frame;
};

SnapshotWriter::SnapshotWriter() : buffers_(std::make_unique<Buffers>()) {
  // Not later: it looks at the processor, which is not for a forked process.
  [[maybe_unused]] const int ready = sodium_init();
  assert(ready >= 0);
}

SnapshotWriter::~SnapshotWriter() = default;

SaveResult SnapshotWriter::write(Disk& disk, const char* name, const SnapshotInfo& header,
                                 const Content& content) {
  Buffers& out = *buffers_;
  out.disk = &disk;
  out.written = 0;
  out.error = {};
  out.hash = FileHash();
  if (const std::error_code error = disk.create(name, out.file))
    return {SaveStage::create, error.value(), 0};

  SaveResult result{SaveStage::write, 0, 0};
  out.write(encode(header));
  image::Writer& image = out.image.emplace(out);
  content.write(image);
  image.flush();
  out.write_end();
  out.check_size();
  if (!out.error) {
    result.stage = SaveStage::sync;
    out.error = disk.sync(out.file);
  }
  const std::error_code closed = disk.close(out.file);
  if (!out.error) {
    result.stage = SaveStage::close;
    out.error = closed;
  }
  if (out.error) {
    result.error = out.error.value();
    disk.remove(name);
    return result;
  }
  return {SaveStage::none, 0, out.written};
}

ReadResult read_header(Disk& disk, const char* name, SnapshotInfo& header) {
  const auto file = std::make_unique<FileReader>(disk);
  if (const ReadResult result = file->open(name); !result.ok()) return result;
  Header bytes;
  return file->read_header(header, bytes);
}

ReadResult read_snapshot(Disk& disk, const char* name, const KeyFingerprint& key,
                         const SnapshotLoader& load) {
  // Too large for the stack.
  const auto file = std::make_unique<FileReader>(disk);
  SnapshotInfo header;
  if (const ReadResult result = verify(*file, name, key, header); !result.ok()) return result;

  if (const ReadResult result = file->open(name); !result.ok()) return result;
  SnapshotInfo again;
  Header bytes;
  if (const ReadResult result = file->read_header(again, bytes); !result.ok()) return result;
  Frames frames(*file);
  image::Reader reader(frames, header.format);
  const bool taken = load(reader, header);
  if (!frames.result().ok()) return frames.result();
  return taken && reader.is_at_end() ? ReadResult{} : refused(Refusal::content);
}

}  // namespace deskpulse::store
