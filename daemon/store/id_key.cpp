#include "daemon/store/id_key.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace deskpulse::store {
namespace {

// One line of text: "deskpulse-key-1 ", the key and its check as hexadecimal digits, a line end.
constexpr std::string_view kWord = "deskpulse-key-1 ";
constexpr std::size_t kKeyBytes = std::tuple_size_v<proto::IdHasher::Key>;
constexpr std::size_t kDigits = 2 * kKeyBytes;
constexpr std::size_t kLine = kWord.size() + kDigits + 1 + kDigits + 1;
constexpr const char* kTemporary = "id.key.tmp";

/// BLAKE2b of the key; `purpose` is its key, so that the check in the file is not the fingerprint.
std::array<unsigned char, 16> digest(const proto::IdHasher::Key& key, std::string_view purpose) {
  std::array<unsigned char, 16> out;
  std::array<unsigned char, crypto_generichash_KEYBYTES_MIN> padded{};
  std::copy(purpose.begin(), purpose.end(), padded.begin());
  crypto_generichash(out.data(), out.size(), key.data(), key.size(), padded.data(), padded.size());
  return out;
}

std::string hex(std::span<const unsigned char> bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

std::string line_of(const proto::IdHasher::Key& key) {
  return std::string(kWord) + hex(key) + " " + hex(digest(key, "check")) + "\n";
}

std::optional<proto::IdHasher::Key> key_of(std::string_view line) {
  if (line.size() != kLine || !line.starts_with(kWord)) return std::nullopt;
  proto::IdHasher::Key key;
  if (sodium_hex2bin(key.data(), key.size(), line.data() + kWord.size(), kDigits, nullptr, nullptr,
                     nullptr) != 0)
    return std::nullopt;
  if (line_of(key) != line) return std::nullopt;
  return key;
}

std::string file_at(std::string_view path) { return std::string(path) + "/" + kKeyFile; }

/// Up to a byte more than a whole key file has. Throws StateError.
std::string read_file(Disk& disk, Disk::File file, std::string_view path) {
  std::string text(kLine + 1, '\0');
  std::size_t used = 0;
  std::error_code error;
  for (std::size_t got = 1; got > 0 && used < text.size() && !error; used += got)
    error = disk.read(file, std::as_writable_bytes(std::span(text)).subspan(used), got);
  disk.close(file);
  if (error) throw StateError("cannot read " + file_at(path) + ": " + error.message());
  text.resize(used);
  return text;
}

bool is_written_with_the_key(std::string_view name) {
  return name.starts_with("snapshot-") || name.starts_with("journal-");
}

void check_made(const std::error_code& error, std::string_view path) {
  if (error) throw StateError("cannot make " + file_at(path) + ": " + error.message());
}

/// Safe on disk when it returns.
void write(Disk& disk, std::string_view path, const proto::IdHasher::Key& key) {
  const std::string line = line_of(key);
  Disk::File file = -1;
  check_made(disk.create(kTemporary, file), path);
  std::error_code error = disk.write(file, std::as_bytes(std::span(line)));
  if (!error) error = disk.sync(file);
  const std::error_code closed = disk.close(file);
  if (!error) error = closed;
  if (!error) error = disk.rename(kTemporary, kKeyFile);
  if (!error) error = disk.sync_directory();
  if (error) disk.remove(kTemporary);
  check_made(error, path);
}

proto::IdHasher::Key make(Disk& disk, std::string_view path) {
  std::vector<std::string> names;
  check_made(disk.list(names), path);
  if (std::any_of(names.begin(), names.end(), is_written_with_the_key)) {
    throw StateError(file_at(path) +
                     " is missing, and the snapshots beside it can only be read with it: put it "
                     "back, or begin anew by moving snapshot-* and journal-* out of " +
                     std::string(path));
  }
  proto::IdHasher::Key key;
  randombytes_buf(key.data(), key.size());
  write(disk, path, key);
  return key;
}

/// The key in the file; none where there is no file.
std::optional<proto::IdHasher::Key> read(Disk& disk, std::string_view path) {
  Disk::File file = -1;
  const std::error_code error = disk.open(kKeyFile, file);
  if (error == std::errc::no_such_file_or_directory) return std::nullopt;
  if (error == std::errc::operation_not_permitted) {
    throw StateError(file_at(path) +
                     " must be a plain file that only the daemon's user can read: give it to that "
                     "user and chmod 600 it");
  }
  if (error) throw StateError("cannot open " + file_at(path) + ": " + error.message());
  if (const auto key = key_of(read_file(disk, file, path))) return key;
  throw StateError(file_at(path) +
                   " is damaged: put back a copy of it, or begin anew by moving it, snapshot-* and "
                   "journal-* out of " +
                   std::string(path));
}

}  // namespace

proto::IdHasher::Key read_or_make_key(Disk& disk, std::string_view path) {
  if (sodium_init() < 0) throw StateError("the system's random source cannot be used");
  if (const auto key = read(disk, path)) return *key;
  return make(disk, path);
}

void put_key(Disk& disk, std::string_view path, const proto::IdHasher::Key& key) {
  const auto there = read(disk, path);
  if (!there) return write(disk, path, key);
  if (*there == key) return;
  throw StateError(file_at(path) +
                   " is another key than the running daemon's: the directory holds another state");
}

KeyFingerprint fingerprint_of(const proto::IdHasher::Key& key) {
  KeyFingerprint fingerprint;
  const auto bytes = digest(key, "fingerprint");
  std::memcpy(fingerprint.data(), bytes.data(), bytes.size());
  return fingerprint;
}

}  // namespace deskpulse::store
