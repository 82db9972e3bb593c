// The text of journals, for a reader of events that knows nothing of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace deskpulse::store {

/// Unpacks a directory's journal, or one file that is gzip, beside whoever reads the text. Batches
/// come in their order, each once and only when it is whole; any other gzip file as it is. Belongs
/// to a backtest: whose the files are is not asked, and what cannot be read is passed over and
/// told.
class JournalStream {
 public:
  /// A directory, or a name that ends in .gz.
  static bool is_journal(const std::string& path);

  /// Throws std::system_error where there is nothing to be read, or a directory without a journal.
  explicit JournalStream(const std::string& path);
  ~JournalStream();
  JournalStream(const JournalStream&) = delete;
  JournalStream& operator=(const JournalStream&) = delete;

  /// To be read to its end, with read().
  int descriptor() const { return descriptor_; }
  /// Of all files, compressed.
  std::uint64_t bytes() const { return bytes_; }
  /// After the end: a sentence for each file that was not read to its end.
  const std::vector<std::string>& complaints();

 private:
  class Unpacking;

  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
  std::vector<std::string> complaints_;
  std::thread thread_;
};

}  // namespace deskpulse::store
