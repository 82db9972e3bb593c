#include "daemon/store/journal_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "daemon/store/gunzip.hpp"
#include "daemon/store/journal_segments.hpp"

namespace deskpulse::store {
namespace {

/// Twice what a writer makes.
constexpr std::size_t kLongestBatch = 128 << 20;

/// And more than there can be, where nothing of them is known.
constexpr std::uint64_t kMoreThanAJournal = std::uint64_t{1} << 40;

/// Counts what it passes on.
class CountingRecords final : public JournalRecords {
 public:
  CountingRecords(JournalRecords& to, std::uint64_t& events) : to_(to), events_(events) {}
  void accepted(const proto::Event& event, const proto::CustomerKey& id) override {
    ++events_;
    to_.accepted(event, id);
  }
  void in_doubt() override { to_.in_doubt(); }
  void advanced(proto::Instant watermark) override { to_.advanced(watermark); }
  void heard(proto::Instant ts) override { to_.heard(ts); }
  void gap(std::string_view kind) override { to_.gap(kind); }
  void missed_until(proto::Instant until) override { to_.missed_until(until); }
  void ended(const JournalMark& mark) override { to_.ended(mark); }
  bool missing(std::uint64_t from, std::uint64_t to) override { return to_.missing(from, to); }

 private:
  JournalRecords& to_;
  std::uint64_t& events_;
};

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

/// One reading of the whole journal.
class Reading {
 public:
  Reading(Disk& disk, const KeyFingerprint& key, std::uint64_t after, JournalRecords& records)
      : disk_(disk), key_(key_text(key)), last_(after), records_(records, result_.events) {}

  JournalReadResult run() {
    std::vector<std::uint64_t> segments;
    result_.error = list_segments(disk_, segments);
    for (std::size_t i = 0; i < segments.size() && goes_on(); ++i) {
      ended_by_damage_ = false;
      // What the next one begins with, or less, is behind us: nothing of this one is wanted.
      if (i + 1 < segments.size() && segments[i + 1] <= last_ + 1) continue;
      read_segment(segments[i]);
    }
    // Where the newest segment has no whole batch, its name is in use all the same: batches of
    // greater numbers in an older segment would be taken for those it ends before.
    const std::uint64_t named = segments.empty() ? 0 : segments.back();
    result_.next = std::max(last_ + 1, named);
    if (stopped_ || ended_by_damage_) {
      // The newest segment may hold so many; that many more are missing then.
      result_.next = std::max(last_, named) + 2 * kMoreThanASegment;
    }
    if (result_.error) result_.next = last_ + kMoreThanAJournal;
    return std::move(result_);
  }

 private:
  bool goes_on() const { return !result_.error && !result_.must_not_start && !stopped_; }

  void refuse(std::uint64_t segment, SegmentFault fault, const std::string& what) {
    result_.refused.push_back({fault, segment_name(segment) + " " + what});
    ended_by_damage_ = fault == SegmentFault::damaged || fault == SegmentFault::unreadable;
    result_.must_not_start = fault == SegmentFault::not_private ||
                             fault == SegmentFault::newer_format ||
                             fault == SegmentFault::other_key;
  }

  void read_segment(std::uint64_t segment) {
    Disk::File file = -1;
    const std::error_code error = disk_.open(segment_name(segment).c_str(), file);
    if (error == std::errc::operation_not_permitted) {
      return refuse(segment, SegmentFault::not_private,
                    "is a symbolic link, belongs to somebody else, or is open to others: give it "
                    "to the daemon's user and chmod 600 it, or move it away");
    }
    if (error) {
      return refuse(segment, SegmentFault::unreadable,
                    "cannot be opened: " + error.message() + "; it is left out");
    }
    Gunzip gunzip([this, file](std::span<std::byte> to, std::size_t& got) {
      return disk_.read(file, to, got);
    });
    read_batches(segment, gunzip);
    disk_.close(file);
  }

  void read_batches(std::uint64_t segment, Gunzip& gunzip) {
    std::uint64_t good = 0;
    const auto behind = [&good] {
      return good == 0 ? std::string(" from its beginning on")
                       : " behind batch " + std::to_string(good);
    };
    while (goes_on()) {
      switch (read_member(gunzip)) {
        case Gunzip::State::end:
          return;
        case Gunzip::State::torn:
          return refuse(segment, SegmentFault::torn,
                        "is torn" + behind() + ", as a crash leaves it");
        case Gunzip::State::unreadable:
          return refuse(segment, SegmentFault::unreadable,
                        "cannot be read" + behind() + ": " + gunzip.error().message());
        case Gunzip::State::more:
        case Gunzip::State::damaged:
          return refuse(segment, SegmentFault::damaged, "is damaged" + behind());
        case Gunzip::State::member:
          break;
      }
      const auto begin = parse_batch_begin(first_line(batch_));
      if (!begin) return refuse(segment, SegmentFault::damaged, "is damaged" + behind());
      if (begin->format > kJournalFormat) {
        return refuse(segment, SegmentFault::newer_format,
                      "was written by a newer deskpulse (format " + std::to_string(begin->format) +
                          ", this one reads up to " + std::to_string(kJournalFormat) +
                          "): install that one again, or move it away to go on without it");
      }
      if (begin->key != key_) {
        return refuse(segment, SegmentFault::other_key,
                      "was written with another id.key: put that one back, or move snapshot-* and "
                      "journal-* away to begin anew");
      }
      good = begin->number;
      tell(begin->number);
    }
  }

  /// The whole text of one member into `batch_`; `more`: longer than any batch.
  Gunzip::State read_member(Gunzip& gunzip) {
    batch_.clear();
    for (;;) {
      constexpr std::size_t kPart = 256 << 10;
      const std::size_t before = batch_.size();
      if (before >= kLongestBatch) return Gunzip::State::more;
      batch_.resize(before + kPart);
      std::size_t got = 0;
      const Gunzip::State state =
          gunzip.read(std::as_writable_bytes(std::span(batch_)).subspan(before), got);
      batch_.resize(before + got);
      if (state != Gunzip::State::more) return state;
    }
  }

  void tell(std::uint64_t number) {
    // The end of an older segment whose last batches were written again.
    if (number <= last_) return;
    if (number > last_ + 1 && !records_.missing(last_ + 1, number)) {
      stopped_ = true;
      return;
    }
    last_ = number;
    ++result_.batches;
    JournalMark mark;
    std::string_view rest = batch_;
    rest.remove_prefix(std::min(first_line(rest).size() + 1, rest.size()));
    while (!rest.empty()) {
      const std::string_view line = first_line(rest);
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      if (!lines_.tell(line, records_, mark)) ++result_.strange_lines;
    }
    records_.ended(mark);
  }

  Disk& disk_;
  const std::string key_;
  std::uint64_t last_;  ///< batch told, or not wanted
  JournalReadResult result_;
  CountingRecords records_;
  LineParser lines_;
  std::string batch_;
  bool ended_by_damage_ = false;  ///< the newest segment so far
  bool stopped_ = false;          ///< by whom the records are for
};

}  // namespace

std::string_view segment_fault_name(SegmentFault fault) {
  constexpr std::array<std::string_view, kSegmentFaults> kNames{
      "torn", "damaged", "unreadable", "not_private", "newer_format", "other_key"};
  return kNames[static_cast<std::size_t>(fault)];
}

JournalReadResult read_journal(Disk& disk, const KeyFingerprint& key, std::uint64_t after,
                               JournalRecords& records) {
  return Reading(disk, key, after, records).run();
}

}  // namespace deskpulse::store
