#include "daemon/journal_recorder.hpp"

#include <array>

namespace deskpulse {
namespace {

constexpr std::array<std::string_view, feed::kGapKindCount> kGapKinds{"hole", "resume", "reset",
                                                                      "disconnect", "live_start"};

/// Each list behind its length, so that a daemon with more members in a set reads those of one with
/// fewer.
template <class Counts>
void append(std::vector<std::uint64_t>& to, const Counts& counts) {
  to.push_back(counts.size());
  to.insert(to.end(), counts.begin(), counts.end());
}

class Numbers {
 public:
  explicit Numbers(const std::vector<std::uint64_t>& all) : all_(all) {}
  std::uint64_t next() { return at_ < all_.size() ? all_[at_++] : 0; }
  template <class Counts>
  void take(Counts& counts) {
    const std::uint64_t length = next();
    for (std::uint64_t i = 0; i < length && at_ < all_.size(); ++i) {
      const std::uint64_t count = next();
      if (i < counts.size()) counts[i] = count;
    }
  }

 private:
  const std::vector<std::uint64_t>& all_;
  std::size_t at_ = 0;
};

}  // namespace

void JournalRecorder::gap(feed::GapKind kind) { writer_.gap(gap_kind_name(kind)); }

std::string_view gap_kind_name(feed::GapKind kind) {
  return kGapKinds[static_cast<std::size_t>(kind)];
}

std::optional<feed::GapKind> gap_kind_of(std::string_view name) {
  for (std::size_t i = 0; i < kGapKinds.size(); ++i)
    if (kGapKinds[i] == name) return static_cast<feed::GapKind>(i);
  return std::nullopt;
}

store::JournalMark journal_mark(const std::optional<feed::Cursor>& cursor,
                                const feed::IntakeCounters& counters) {
  store::JournalMark mark;
  if (cursor) mark.cursor = {.seq = cursor->seq, .epoch = cursor->epoch};
  mark.counters = {counters.duplicates, counters.connects};
  append(mark.counters, counters.rejected);
  append(mark.counters, counters.disconnects);
  return mark;
}

feed::IntakeCounters counters_of(const store::JournalMark& mark) {
  feed::IntakeCounters counters;
  Numbers numbers(mark.counters);
  counters.duplicates = numbers.next();
  counters.connects = numbers.next();
  numbers.take(counters.rejected);
  numbers.take(counters.disconnects);
  return counters;
}

}  // namespace deskpulse
