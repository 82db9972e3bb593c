#include "daemon/store/journal_writer.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace deskpulse::store {

/// Batches on their way to the thread that writes them.
class JournalWriter::Queue {
 public:
  Queue(JournalWriter& writer, std::size_t most_bytes)
      : writer_(writer), most_bytes_(most_bytes), thread_([this] { run(); }) {}
  ~Queue() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// False where it is full.
  bool push(Batch&& batch) {
    {
      const std::lock_guard lock(mutex_);
      if (bytes_ > 0 && bytes_ + batch.text.size() > most_bytes_) return false;
      bytes_ += batch.text.size();
      waiting_.push_back(std::move(batch));
    }
    changed_.notify_all();
    return true;
  }

  bool drain(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [this] { return waiting_.empty() && !writing_; });
  }

 private:
  /// Ends when it is told to and everything is written.
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const Batch batch = std::move(waiting_.front());
      waiting_.pop_front();
      writing_ = true;
      lock.unlock();
      writer_.write(batch);
      lock.lock();
      writing_ = false;
      bytes_ -= batch.text.size();
      changed_.notify_all();
    }
  }

  JournalWriter& writer_;
  const std::size_t most_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  std::size_t bytes_ = 0;  ///< of those and of the one being written
  bool writing_ = false;
  bool ending_ = false;
  std::thread thread_;  ///< last: it uses the others
};

JournalWriter::JournalWriter(Disk& disk, const KeyFingerprint& key, std::uint64_t next,
                             const JournalSettings& settings, Work work)
    : key_(key),
      settings_(settings),
      next_(next),
      segments_(disk, settings.bounds),
      needed_behind_(next - 1) {
  bytes_ = segments_.bytes();
  if (work == Work::beside) queue_ = std::make_unique<Queue>(*this, settings.max_queued_bytes);
}

JournalWriter::~JournalWriter() = default;

std::string& JournalWriter::line() {
  if (batch_.text.empty()) append_batch_begin(batch_.text, next_, key_);
  return batch_.text;
}

void JournalWriter::accepted(const proto::Event& event, const proto::CustomerKey& id) {
  append_accepted(line(), event, id);
  ++batch_.events;
}

void JournalWriter::advanced(proto::Instant watermark) {
  append_advanced(line(), watermark, settings_.reorder_window);
}

void JournalWriter::heard(proto::Instant ts) { append_heard(line(), ts); }

void JournalWriter::in_doubt() { append_doubt(line()); }

void JournalWriter::gap(std::string_view kind) { append_gap(line(), kind); }

void JournalWriter::missed_until(proto::Instant until) { append_missed(line(), until); }

bool JournalWriter::is_due(std::chrono::steady_clock::time_point now) const {
  return !batch_.text.empty() &&
         (now - closed_at_ >= settings_.flush_every || batch_.text.size() >= settings_.flush_bytes);
}

void JournalWriter::tick(std::chrono::steady_clock::time_point now, const JournalMark& mark) {
  if (!is_due(now)) return;
  closed_at_ = now;
  close(mark);
}

std::uint64_t JournalWriter::cut(const JournalMark& mark) {
  if (!batch_.text.empty()) close(mark);
  return next_ - 1;
}

void JournalWriter::close(const JournalMark& mark) {
  append_mark(batch_.text, mark);
  Batch batch = std::exchange(batch_, {});
  batch.number = next_++;
  batch_.text.reserve(batch.text.size());
  const bool fits = batch.text.size() <= settings_.max_batch_bytes;
  if (fits && !queue_) {
    write(batch);
  } else if (!fits || !queue_->push(std::move(batch))) {
    ++dropped_batches_;
  }
}

bool JournalWriter::drain(std::chrono::milliseconds patience) {
  return !queue_ || queue_->drain(patience);
}

void JournalWriter::write(const Batch& batch) {
  if (begins_anew_.exchange(false)) segments_.begin_anew();
  const AppendResult result = segments_.append(batch.number, batch.text);
  for (const JournalStage stage : result.failures) ++failures_[static_cast<std::size_t>(stage)];
  if (!result.failures.empty()) last_error_ = result.error;
  if (result.safe) {
    ++batches_;
    events_ += batch.events;
  } else {
    ++dropped_batches_;
  }
  bytes_ = segments_.bytes();
  if (result.removed_up_to > needed_behind_) ++removed_early_;
}

JournalCounters JournalWriter::counters() const {
  JournalCounters counters;
  counters.events = events_;
  counters.bytes = bytes_;
  counters.batches = batches_;
  counters.dropped_batches = dropped_batches_;
  counters.removed_early = removed_early_;
  for (std::size_t i = 0; i < kJournalStages; ++i) counters.failures[i] = failures_[i];
  counters.last_error = last_error_;
  return counters;
}

}  // namespace deskpulse::store
