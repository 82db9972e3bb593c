#include "daemon/store/journal_segments.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <new>
#include <optional>

namespace deskpulse::store {
namespace {

constexpr std::string_view kBeginning = "journal-";
constexpr std::string_view kEnding = ".ndjson.gz";
constexpr std::size_t kDigits = 16;
constexpr int kGzip = 15 + 16;  ///< window bits: the largest window, with a header and a CRC
/// A third of the largest level's time, a tenth larger.
constexpr int kLevel = 4;

std::optional<std::uint64_t> first_batch_of(std::string_view name) {
  if (name.size() != kBeginning.size() + kDigits + kEnding.size()) return std::nullopt;
  if (!name.starts_with(kBeginning) || !name.ends_with(kEnding)) return std::nullopt;
  std::uint64_t number = 0;
  const char* const begin = name.data() + kBeginning.size();
  const auto result = std::from_chars(begin, begin + kDigits, number);
  if (result.ec != std::errc{} || result.ptr != begin + kDigits) return std::nullopt;
  return number;
}

}  // namespace

std::string_view journal_stage_name(JournalStage stage) {
  constexpr std::array<std::string_view, kJournalStages> kNames{"list", "create",         "write",
                                                                "sync", "sync_directory", "remove"};
  return kNames[static_cast<std::size_t>(stage)];
}

std::string segment_name(std::uint64_t first_batch) {
  std::string digits = std::to_string(first_batch);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return std::string(kBeginning) + digits + std::string(kEnding);
}

std::error_code list_segments(Disk& disk, std::vector<std::uint64_t>& first_batches) {
  first_batches.clear();
  std::vector<std::string> names;
  if (const std::error_code error = disk.list(names)) return error;
  for (const std::string& name : names)
    if (const auto first = first_batch_of(name)) first_batches.push_back(*first);
  std::sort(first_batches.begin(), first_batches.end());
  return {};
}

/// Texts to gzip members, each for itself.
class JournalSegments::Deflate {
 public:
  Deflate() {
    if (::deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Deflate() { ::deflateEnd(&stream_); }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;

  void member(std::string_view text, std::vector<std::byte>& out) {
    ::deflateReset(&stream_);
    out.resize(::deflateBound(&stream_, text.size()));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    [[maybe_unused]] const int result = ::deflate(&stream_, Z_FINISH);
    assert(result == Z_STREAM_END);
    out.resize(stream_.total_out);
  }

 private:
  z_stream stream_{};
};

JournalSegments::JournalSegments(Disk& disk, const JournalBounds& bounds)
    : disk_(disk), bounds_(bounds), deflate_(std::make_unique<Deflate>()) {
  AppendResult told_when_it_matters;
  look(told_when_it_matters);
}

JournalSegments::~JournalSegments() { end_segment(); }

AppendResult JournalSegments::append(std::uint64_t number, std::string_view text) {
  AppendResult result;
  if (!looked_) look(result);
  deflate_->member(text, member_);
  // After a failure it is not known what of the file is there: what follows goes to a new one.
  for (int attempt = 0; attempt < 2 && !result.safe; ++attempt) {
    result.safe = write(number, result);
    if (!result.safe) give_up_segment(number);
  }
  if (result.safe && segments_.back().bytes >= bounds_.segment_bytes) end_segment();
  remove_oldest(result);
  return result;
}

void JournalSegments::begin_anew() {
  end_segment();
  looked_ = false;
}

/// Finds what earlier runs have left, for the bound.
void JournalSegments::look(AppendResult& result) {
  std::vector<std::uint64_t> first_batches;
  if (const std::error_code error = list_segments(disk_, first_batches)) {
    result.failures.push_back(JournalStage::list);
    result.error = error.value();
    return;
  }
  looked_ = true;
  // What was written before the directory could be listed is among them.
  segments_.clear();
  bytes_ = 0;
  for (const std::uint64_t first : first_batches) {
    // One that cannot be opened takes no room that is known of; its turn to be removed comes.
    Segment segment{first, 0};
    Disk::File file = -1;
    if (!disk_.open(segment_name(first).c_str(), file)) {
      disk_.size(file, segment.bytes);
      disk_.close(file);
    }
    bytes_ += segment.bytes;
    segments_.push_back(segment);
  }
}

bool JournalSegments::write(std::uint64_t number, AppendResult& result) {
  const auto failed = [&](JournalStage stage, const std::error_code& error) {
    if (!error) return false;
    result.failures.push_back(stage);
    result.error = error.value();
    return true;
  };
  const bool is_new = !is_open_;
  if (is_new) {
    if (failed(JournalStage::create, disk_.create(segment_name(number).c_str(), file_)))
      return false;
    is_open_ = true;
    // One of this name was torn in its first member, by a crash or just now; it is replaced.
    if (!segments_.empty() && segments_.back().first == number) {
      bytes_ -= segments_.back().bytes;
      segments_.pop_back();
    }
    segments_.push_back({number, 0});
  }
  // Also what is written in part takes room.
  segments_.back().bytes += member_.size();
  bytes_ += member_.size();
  if (failed(JournalStage::write, disk_.write(file_, member_))) return false;
  if (failed(JournalStage::sync, disk_.sync(file_))) return false;
  return !is_new || !failed(JournalStage::sync_directory, disk_.sync_directory());
}

void JournalSegments::end_segment() {
  // All of it is synced, or given up; what close() says changes nothing.
  if (is_open_) disk_.close(file_);
  is_open_ = false;
}

void JournalSegments::give_up_segment(std::uint64_t failed_batch) {
  if (!is_open_) return;
  end_segment();
  // One without a whole batch is of no use, and on a full disk the next attempt needs its room.
  const Segment& newest = segments_.back();
  if (newest.first != failed_batch || disk_.remove(segment_name(newest.first).c_str())) return;
  bytes_ -= newest.bytes;
  segments_.pop_back();
}

void JournalSegments::remove_oldest(AppendResult& result) {
  while (bytes_ > bounds_.max_bytes && segments_.size() > 1) {
    const Segment oldest = segments_.front();
    const std::error_code error = disk_.remove(segment_name(oldest.first).c_str());
    if (error && error != std::errc::no_such_file_or_directory) {
      result.failures.push_back(JournalStage::remove);
      result.error = error.value();
      return;
    }
    bytes_ -= oldest.bytes;
    segments_.pop_front();
    result.removed_up_to = segments_.front().first - 1;
  }
}

}  // namespace deskpulse::store
