// The text of the journal: what happened to the daemon, one thing a line.
//
// What another reader of events needs is an event of PROTOCOL.md, or time (watermark_line.hpp); the
// rest are comments, which `deskpulsed replay` passes over:
//
//   {"type":"message","id":"…","ts":…,"shop":"…","customer":"…",…}   accepted; ids are 32
//                                          hexadecimal digits of their keyed hash, and there is no
//                                          text
//   {"type":"watermark","ts":…,"shop":"deskpulse","watermark":…}   time moved without an event
//   #doubt                                 the next event is late, and the clocks say that it is
//                                          not as late as time has come: what it makes overdue
//                                          waits
//   #heard 1763712000000                   the source said what its clock says
//   #gap disconnect                        events are missing from here on
//   #missed 1763712000000                  and they may be as new as this
//   #batch 17 2 0123456789abcdef…          the first line of a batch: its number, the format, the
//                                          fingerprint of the key
//   #position 12345 0123… 0000… k3         where the stream goes on behind the batch: seq, hashes
//                                          of its source's address and name, epoch
//   #counters duplicates=3 connects=1      what was counted until then and no line tells, by its
//                                          label; 0 where it is not there
//
// Of format 1, which is read: `#cursor 12345 k3` without a source, and `#counters 0 3 1` without
// labels.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/id_key.hpp"
#include "proto/decoder.hpp"
#include "proto/event.hpp"

namespace deskpulse::store {

/// What this daemon writes, and the newest that it reads.
inline constexpr std::uint32_t kJournalFormat = 2;

/// Where the daemon was at the end of a batch.
struct JournalMark {
  struct Cursor {
    std::uint64_t seq = 0;
    std::string epoch;
    /// As of feed::Source; nobody's where format 1 does not say them.
    proto::CustomerKey source_address{};
    proto::CustomerKey source_name{};
    friend bool operator==(const Cursor&, const Cursor&) = default;
  };
  struct Counter {
    /// Without a space or an equals sign; of those who write and read the journal. Empty in format
    /// 1, where their order says which they are.
    std::string label;
    std::uint64_t count = 0;
    friend bool operator==(const Counter&, const Counter&) = default;
  };
  std::optional<Cursor> cursor;  ///< none on a stream without positions
  std::vector<Counter> counters;
  friend bool operator==(const JournalMark&, const JournalMark&) = default;
};

/// Takes what was written, in its order. The calls are those of intake::IntakeJournal, which says
/// what they mean; a kind of gap is a word here.
class JournalRecords {
 public:
  virtual ~JournalRecords() = default;
  virtual void accepted(const proto::Event& event, const proto::CustomerKey& id) = 0;
  virtual void in_doubt() = 0;
  virtual void advanced(proto::Instant watermark) = 0;
  virtual void heard(proto::Instant ts) = 0;
  virtual void gap(std::string_view kind) = 0;
  virtual void missed_until(proto::Instant until) = 0;
  /// A batch has been told to its end.
  virtual void ended(const JournalMark& mark) = 0;
  /// The batches `from` … `to` - 1 are not there. False: nothing behind them is wanted.
  virtual bool missing(std::uint64_t from, std::uint64_t to) = 0;
};

/// Append one line each. The event is a prepared one: its keys stand for its ids.
void append_accepted(std::string& out, const proto::Event& event, const proto::CustomerKey& id);
void append_doubt(std::string& out);
void append_advanced(std::string& out, proto::Instant watermark, proto::Millis reorder_window);
void append_heard(std::string& out, proto::Instant ts);
void append_gap(std::string& out, std::string_view kind);
void append_missed(std::string& out, proto::Instant until);
void append_batch_begin(std::string& out, std::uint64_t number, const KeyFingerprint& key);
void append_mark(std::string& out, const JournalMark& mark);

/// The first line of a batch; none where it is no such thing.
struct BatchBegin {
  std::uint64_t number = 0;
  std::uint32_t format = 0;
  std::string_view key;  ///< hexadecimal digits
};
std::optional<BatchBegin> parse_batch_begin(std::string_view line);
std::string key_text(const KeyFingerprint& key);

/// Tells the lines of batches.
class LineParser {
 public:
  /// One line without its end. False: it says nothing that this daemon understands. `ended` is not
  /// called; the mark's lines change `mark`.
  bool tell(std::string_view line, JournalRecords& records, JournalMark& mark);

 private:
  proto::Decoder decoder_;
};

}  // namespace deskpulse::store
