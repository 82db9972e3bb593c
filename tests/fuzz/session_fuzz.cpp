// A server's words to the daemon: a script, a line each, of what it sends and what happens beside.
//
//   plain floor history resume customers   first line: how the daemon is set, any of these words
//   <{"op":"ready",…}   the server sends this message; in it `@`, `@+500`, `@-500` stand for the
//                       wall clock's milliseconds, and `$` for the position that comes next
//   +250                so many milliseconds pass
//   ~-5000              the wall clock is set by so many milliseconds
//   !3                  the connection ends, for the reason of that number
//   ?                   the server answers a ping
//   s                   the daemon is saved, and goes on as another process
//   r                   somebody looks at the numbers
//   p                   … and at the pages that are made of them
//
// From the session's frames to the numbers on the pages: the daemon's own classes. Time does not go
// back, neither does the position within an epoch but where the server says that it began anew,
// every event is counted once under one outcome, and a look or a restart changes nothing.
#include <algorithm>
#include <cassert>
#include <charconv>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/feed/stream_session.hpp"
#include "daemon/monitor/monitor.hpp"
#include "daemon/store/snapshot_file.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/image_bytes.hpp"
#include "tests/fuzz/moment_checks.hpp"

namespace {

using namespace deskpulse;
using proto::Instant;
using proto::Millis;

constexpr Instant kBegin{Millis{1'763'712'000'000}};
/// Scripts that go beyond are cut off: they would say nothing new, slowly.
constexpr int kMostLooks = 4;
constexpr int kMostRestarts = 4;
constexpr int kMostLines = 400;

/// Notes what the session told before the monitor hears it.
class Counting final : public intake::FeedListener {
 public:
  explicit Counting(intake::FeedListener* to) : to_(to) {}
  void pass_to(intake::FeedListener& to) { to_ = &to; }

  void connected(Millis heartbeat, Instant wall) override {
    assert(!is_connected_);
    is_connected_ = true;
    to_->connected(heartbeat, wall);
  }
  void event(const proto::Event& event, Instant wall) override {
    assert(is_connected_);
    ++events;
    to_->event(event, wall);
  }
  void rejected(const proto::Rejection& rejection) override {
    ++rejections;
    to_->rejected(rejection);
  }
  void heartbeat(std::optional<Instant> ts, Instant wall) override {
    assert(is_connected_);
    to_->heartbeat(ts, wall);
  }
  void answered(Instant wall) override {
    assert(is_connected_);
    to_->answered(wall);
  }
  void gap(intake::GapKind kind) override {
    began_anew = true;
    if (intake::is_lost_at_source(kind)) before_loss();
    to_->gap(kind);
  }
  void missed_until(std::optional<Instant> ts, Instant wall) override {
    to_->missed_until(ts, wall);
  }
  void caught_up() override { to_->caught_up(); }
  void disconnected(intake::Disconnect reason) override {
    is_connected_ = false;
    to_->disconnected(reason);
  }

  std::uint64_t events = 0;
  std::uint64_t rejections = 0;
  bool began_anew = false;            ///< the position may go anywhere
  std::function<void()> before_loss;  ///< what is counted of accepted events is about to begin anew

 private:
  intake::FeedListener* to_;
  bool is_connected_ = false;
};

bool has_word(std::string_view line, std::string_view word) {
  return line.find(word) != std::string_view::npos;
}

feed::StreamSettings stream_settings(std::string_view line) {
  feed::StreamSettings settings;
  if (has_word(line, "plain")) settings.protocol = feed::Protocol::plain;
  if (has_word(line, "floor")) settings.start_at = feed::StartAt::floor;
  if (has_word(line, "history")) settings.has_history = true;
  if (has_word(line, "resume")) settings.resume_from = feed::Cursor{"k3", 10};
  settings.limits = {.max_bytes = 1 << 16, .max_depth = 32, .max_events = 1'000};
  return settings;
}

engine::Settings engine_settings() {
  engine::Settings settings;
  // Few and small, so that the ways beyond a limit are taken, too.
  settings.limits = {.conversations = 40, .agents = 12, .shops = 4};
  settings.windows = {{"1m", Millis{60'000}}, {"1h", Millis{3'600'000}}};
  return settings;
}

intake::IntakeSettings intake_settings() {
  intake::IntakeSettings settings;
  settings.remembered_ids = 64;
  settings.buffered_events = 32;
  settings.buffered_bytes = 64 * 1024;
  return settings;
}

std::optional<std::int64_t> number_in(std::string_view text, std::int64_t least,
                                      std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::clamp(number, least, most);
}

class Run {
 public:
  explicit Run(std::string_view settings)
      : shows_customers_(has_word(settings, "customers")),
        stream_(stream_settings(settings)),
        monitor_(new_monitor()),
        session_(std::make_unique<feed::StreamSession>(stream_)),
        counting_(&monitor_->listener()) {
    session_->listen(&counting_);
    counting_.before_loss = [this] { forgotten_ += accepted(); };
  }
  ~Run() {
    look();
    session_->listen(nullptr);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void line(std::string_view line) {
    if (line.empty()) return;
    const std::string_view rest = line.substr(1);
    switch (line[0]) {
      case '<':
        message(filled_in(rest));
        break;
      case '+':
        if (const auto millis = number_in(rest, 0, 100'000'000)) pass(Millis{*millis});
        break;
      case '~':
        if (const auto millis = number_in(rest, -100'000'000, 100'000'000)) step(Millis{*millis});
        break;
      case '!':
        if (const auto reason = number_in(rest, 0, intake::kDisconnectCount - 1))
          disconnect(static_cast<intake::Disconnect>(*reason));
        break;
      case '?':
        if (is_open_) session_->pong(wall_);
        break;
      case 's':
        if (restarts_++ < kMostRestarts) restart();
        break;
      case 'r':
        if (looks_++ < kMostLooks) look();
        break;
      case 'p':
        if (!std::exchange(has_seen_pages_, true)) fuzz::check_pages(look());
        break;
      default:
        return;
    }
    check();
  }

 private:
  std::unique_ptr<Monitor> new_monitor() {
    auto monitor = std::make_unique<Monitor>(engine_settings(), intake_settings(),
                                             proto::IdHasher{}, [this] { return wall_; });
    monitor->show_customers(shows_customers_);
    return monitor;
  }

  std::string filled_in(std::string_view text) const {
    std::string all;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '$') {
        const auto cursor = session_->cursor();
        all += std::to_string(cursor ? cursor->seq + 1 : 1);
      } else if (text[i] == '@') {
        std::size_t end = i + 1;
        if (end < text.size() && (text[end] == '+' || text[end] == '-')) ++end;
        while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
        std::string_view offset = text.substr(i + 1, end - i - 1);
        if (offset.starts_with('+')) offset.remove_prefix(1);
        const auto millis = number_in(offset, -10'000'000'000, 10'000'000'000).value_or(0);
        all += std::to_string(wall_.time_since_epoch().count() + millis);
        i = end - 1;
      } else {
        all += text[i];
      }
    }
    return all;
  }

  void message(const std::string& text) {
    if (!is_open_) {
      const std::string hello = session_->opened(wall_);
      assert(hello.empty() == (stream_.protocol == feed::Protocol::plain));
      is_open_ = true;
    }
    switch (session_->message(text, proto::Tail::unknown, wall_)) {
      case feed::StreamSession::Verdict::go_on:
        break;
      case feed::StreamSession::Verdict::not_json:
        session_->not_json();
        break;
      case feed::StreamSession::Verdict::end:
        disconnect(session_->ending().end.reason);
        break;
    }
  }

  void disconnect(intake::Disconnect reason) {
    is_open_ = false;
    session_->disconnected(reason);
  }

  void pass(Millis span) {
    wall_ = std::min(wall_ + span, proto::kLastInstant);
    monitor_->tick();
  }

  void step(Millis delta) {
    const Instant to = std::clamp(wall_ + delta, Instant{Millis{1}}, proto::kLastInstant);
    monitor_->clock_stepped(to - wall_, to);
    wall_ = to;
  }

  /// As a process that is stopped, and another one that goes on.
  void restart() {
    if (is_open_) disconnect(intake::Disconnect::stopped);
    const auto cursor = session_->cursor();
    const auto save = [&](const Monitor& monitor) {
      return fuzz::image_of([&](image::Writer& writer) { monitor.save(writer, cursor); });
    };
    const std::string image = save(*monitor_);

    auto next = new_monitor();
    fuzz::TextSource source(image, 1'000);
    image::Reader reader(source, store::kSnapshotFormat);
    const Monitor::Restored restored = next->load(reader);
    assert(restored.ok && reader.is_at_end());
    assert(!restored.windows_anew && !restored.today_anew);
    assert(restored.cursor == cursor);
    assert(save(*next) == image);
    assert(next->intake().watermark() == monitor_->intake().watermark());

    stream_.resume_from = cursor;
    stream_.has_history = true;
    monitor_ = std::move(next);
    session_ = std::make_unique<feed::StreamSession>(stream_);
    counting_.pass_to(monitor_->listener());
    session_->listen(&counting_);
  }

  const moment::Moment& look() {
    moment::Moment& moment = moment_;
    moment.waiting.resize(1);
    monitor_->fill(moment);
    fuzz::check_levels(moment);
    fuzz::check_scopes(moment);
    std::uint64_t waiting = 0;
    for (const auto& row : moment.report.shops) waiting += row.levels.waiting_customers;
    assert(moment.waiting[0].list.waiting_customers == waiting);
    assert(moment.waiting[0].list.rows.size() == waiting);
    assert(monitor_->glance().waiting_customers == waiting);
    return moment;
  }

  /// What is counted of events that were accepted, or had been.
  std::uint64_t accepted() const {
    const intake::IntakeCounters& counted = monitor_->intake().counters();
    return std::accumulate(counted.events.begin(), counted.events.end(), counted.duplicates);
  }

  void check() {
    const Instant watermark = monitor_->intake().watermark();
    assert(watermark >= watermark_);
    watermark_ = watermark;

    const auto cursor = session_->cursor();
    const bool may_jump = std::exchange(counting_.began_anew, false);
    assert(may_jump || !cursor_ || !cursor || cursor->epoch != cursor_->epoch ||
           cursor->seq >= cursor_->seq);
    cursor_ = cursor;

    const intake::IntakeCounters& counted = monitor_->intake().counters();
    const std::uint64_t all =
        std::accumulate(counted.rejected.begin(), counted.rejected.end(), accepted());
    assert(all + forgotten_ == counting_.events + counting_.rejections);
    assert(monitor_->intake().buffered() <= 32);
  }

  const bool shows_customers_;
  Instant wall_ = kBegin;
  feed::StreamSettings stream_;
  std::unique_ptr<Monitor> monitor_;
  std::unique_ptr<feed::StreamSession> session_;
  Counting counting_;
  std::uint64_t forgotten_ = 0;  ///< of accepted(), when counters began anew
  bool is_open_ = false;
  moment::Moment moment_;
  int looks_ = 0;
  bool has_seen_pages_ = false;
  int restarts_ = 0;
  Instant watermark_{};
  std::optional<feed::Cursor> cursor_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto next_line = [&text] {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
  };
  Run run(next_line());
  for (int lines = 0; !text.empty() && lines < kMostLines; ++lines) run.line(next_line());
  return 0;
}
