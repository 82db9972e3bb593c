#include "daemon/app/replay_command.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "daemon/app/settings.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/feed/replay.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/metrics/exposition.hpp"
#include "daemon/metrics/own_series.hpp"
#include "daemon/metrics/text_serializer.hpp"
#include "daemon/monitor/engine_sink.hpp"
#include "daemon/monitor/event_counts.hpp"
#include "daemon/store/journal_stream.hpp"
#include "proto/id_hash.hpp"
#include "proto/rejection.hpp"

namespace deskpulse {
namespace {

using std::chrono::steady_clock;

/// What is to be read: a file, standard input, or a journal. Throws std::system_error.
class Input {
 public:
  explicit Input(const std::string& path) {
    if (path == "-") {
      descriptor_ = STDIN_FILENO;
    } else if (store::JournalStream::is_journal(path)) {
      descriptor_ = journal_.emplace(path).descriptor();
    } else {
      descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (descriptor_ < 0) throw std::system_error(errno, std::generic_category());
    }
  }
  ~Input() {
    if (!journal_ && descriptor_ > STDIN_FILENO) ::close(descriptor_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  int descriptor() const { return descriptor_; }
  /// What a journal could not give; to be asked at the end.
  std::vector<std::string> complaints() {
    return journal_ ? journal_->complaints() : std::vector<std::string>{};
  }
  /// 0 when unknown, as of a pipe, or of what is unpacked on the way.
  std::uint64_t size() const {
    if (journal_) return 0;
    struct stat status {};
    const bool known = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
    return known ? static_cast<std::uint64_t>(status.st_size) : 0;
  }

 private:
  std::optional<store::JournalStream> journal_;
  int descriptor_ = -1;
};

/// One line that is written over itself, for people who wait longer than two seconds.
class ProgressLine {
 public:
  ProgressLine(std::ostream& err, std::uint64_t size)
      : err_(err), size_(size), wanted_(::isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() {
    if (shown_) err_ << "\r\033[K" << std::flush;
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::uint64_t bytes) {
    const auto now = steady_clock::now();
    if (!wanted_ || now < next_) return;
    next_ = now + std::chrono::milliseconds{200};
    shown_ = true;
    err_ << "\r\033[Kdeskpulsed: read " << (bytes >> 20) << " MiB";
    if (size_ > 0) err_ << " of " << (size_ >> 20);
    err_ << std::flush;
  }

 private:
  std::ostream& err_;
  std::uint64_t size_;
  bool wanted_;
  bool shown_ = false;
  steady_clock::time_point next_ = steady_clock::now() + std::chrono::seconds{2};
};

/// The first line that is no event, and why.
struct Unreadable {
  std::uint64_t line = 0;  ///< 0 = there is none
  proto::Rejection why;
};

/// "rejected 3 (malformed 1, future 2; the first unreadable line is 17: malformed ts), late 2,
/// duplicates 1", or nothing when there is nothing to say.
std::string summary_of(const intake::IntakeCounters& counters, const Unreadable& first) {
  std::uint64_t rejected = 0;
  std::string reasons;
  for (std::size_t i = 0; i < counters.rejected.size(); ++i) {
    if (counters.rejected[i] == 0) continue;
    rejected += counters.rejected[i];
    reasons += (reasons.empty() ? "" : ", ") +
               std::string(proto::reason_name(static_cast<proto::Reject>(i))) + " " +
               std::to_string(counters.rejected[i]);
  }
  std::string summary;
  const auto add = [&summary](const std::string& part) {
    summary += (summary.empty() ? "" : ", ") + part;
  };
  if (rejected > 0) {
    if (first.line > 0) {
      reasons += "; the first unreadable line is " + std::to_string(first.line) + ": " +
                 std::string(proto::reason_name(first.why.reason));
      if (!first.why.field.empty()) reasons += " " + std::string(first.why.field);
    }
    add("rejected " + std::to_string(rejected) + " (" + reasons + ")");
  }
  if (counters.late > 0) add("late " + std::to_string(counters.late));
  if (counters.duplicates > 0) add("duplicates " + std::to_string(counters.duplicates));
  return summary;
}

/// The daemon's own series that a file decides, by name; the others are about a connection.
bool is_of_the_file(const prometheus::MetricFamily& family) {
  for (const std::string_view name :
       {"deskpulse_events_total", "deskpulse_rejected_events_total", "deskpulse_late_events_total",
        "deskpulse_duplicate_events_total", "deskpulse_watermark_timestamp_seconds",
        "deskpulse_conversations"})
    if (family.name == name) return true;
  return false;
}

void write_own_series(std::ostream& out, const intake::Intake& intake,
                      const engine::Report& report) {
  moment::Status status;
  fill_event_counts(status, intake.counters());
  const moment::BuildInfo build;
  std::vector<prometheus::MetricFamily> families =
      metrics::StatusCollectable(build, status, report).Collect();
  std::erase_if(families, std::not_fn(is_of_the_file));
  metrics::TextSerializer().Serialize(out, families);
}

}  // namespace

ExitCode run_replay(const config::Config& config, const ReplayCommand& command, std::ostream& out,
                    std::ostream& err) {
  std::optional<Input> input;
  try {
    input.emplace(command.path);
  } catch (const std::system_error& unreadable) {
    std::error_code ignored;
    if (std::filesystem::is_directory(command.path, ignored)) {
      err << "deskpulsed: there is no journal in " << command.path << "\n";
    } else {
      err << "deskpulsed: cannot read " << command.path << ": " << unreadable.code().message()
          << "\n";
    }
    return kExitNoInput;
  }

  const proto::IdHasher hasher;  // its fixed key: the same file gives the same run
  engine::Engine engine(engine_settings(config), hasher);
  EngineSink sink(engine);
  intake::Intake intake(intake_settings(config), hasher, sink);
  const auto wall = [] {
    return proto::Instant{std::chrono::floor<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch())};
  };
  Unreadable first_unreadable;
  feed::ReplayResult result;
  {
    ProgressLine progress(err, input->size());
    result = feed::replay(
        input->descriptor(), intake, wall, {},
        [&first_unreadable](std::uint64_t line, const proto::Rejection& why) {
          if (first_unreadable.line == 0) first_unreadable = {line, why};
        },
        [&progress](std::uint64_t bytes) { progress.show(bytes); });
  }
  if (result.error) {
    err << "deskpulsed: reading " << command.path << " failed: " << result.error.message() << "\n";
    return kExitIoError;
  }

  std::optional<proto::Instant> until = result.watermark;
  if (command.until_ms)
    until = std::max(until.value_or(proto::Instant{}),
                     proto::Instant{proto::Millis{*command.until_ms}});
  intake.finish(until);
  engine::Report report;
  engine.report(report);
  write_own_series(out, intake, report);
  out << metrics::replay_text(report, command.agents) << std::flush;

  if (const std::string summary = summary_of(intake.counters(), first_unreadable); !summary.empty())
    err << "deskpulsed: " << summary << "\n";
  for (const std::string& complaint : input->complaints())
    err << "deskpulsed: " << complaint << "\n";
  if (!out) {
    err << "deskpulsed: writing the numbers failed: " << std::strerror(errno) << "\n";
    return kExitIoError;
  }
  return kExitOk;
}

}  // namespace deskpulse
