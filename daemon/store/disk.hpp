// The disk, as the store sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace deskpulse::store {

/// The files of one directory, by plain names without a slash: a seam, so that a simulation can
/// tear writes, lose what was not synced, and fail any call. Errors are values. What the calls
/// promise is POSIX and no more: what was written is safe after sync(), a name after
/// sync_directory().
///
/// The calls that writing a snapshot needs (create to sync_directory) allocate nothing, so that
/// they work in a process that has just been forked from one with several threads; therefore files
/// are small numbers, and names end in a null.
class Disk {
 public:
  using File = int;  ///< open file; the disk's own number

  virtual ~Disk() = default;

  /// A new empty file that only we may read (0600), open for writing. What had the name is
  /// replaced.
  virtual std::error_code create(const char* name, File& file) = 0;
  /// Writes all of it at the end, or says why not; an unknown part may have been written then.
  virtual std::error_code write(File file, std::span<const std::byte> bytes) = 0;
  /// Makes the file's bytes safe. After a failure they are to be written anew, to another file.
  virtual std::error_code sync(File file) = 0;
  /// Always closes; what it says of a failed write behind is said.
  virtual std::error_code close(File file) = 0;
  /// `to` is replaced in one step.
  virtual std::error_code rename(const char* from, const char* to) = 0;
  virtual std::error_code remove(const char* name) = 0;
  /// Makes creations, renames and removals safe.
  virtual std::error_code sync_directory() = 0;

  /// Opens for reading. Only a plain file of our own user that nobody else may write:
  /// operation_not_permitted for anything else, a symbolic link included.
  virtual std::error_code open(const char* name, File& file) = 0;
  /// Reads up to `to.size()` bytes on from where the last read ended; 0 in `got` at the end.
  virtual std::error_code read(File file, std::span<std::byte> to, std::size_t& got) = 0;
  /// Bytes in the file.
  virtual std::error_code size(File file, std::uint64_t& bytes) = 0;
  /// The names that are there, in no order.
  virtual std::error_code list(std::vector<std::string>& names) = 0;
};

}  // namespace deskpulse::store
