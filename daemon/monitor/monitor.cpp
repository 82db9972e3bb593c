#include "daemon/monitor/monitor.hpp"

#include <algorithm>
#include <utility>

#include "daemon/monitor/event_counts.hpp"

namespace deskpulse {
namespace {

// Two looks for every newcomer keep the ids of those who wait no more in proportion to the traffic;
// those of a tick see to it that a quiet hour forgets them too.
constexpr std::size_t kLooksPerEvent = 2;
constexpr std::size_t kLooksPerTick = 1'000;
/// R5: for so long without an event time goes on by events.
constexpr proto::Millis kQuietBeforeClock = intake::LiveClockSettings{}.silent_after;

/// Between two ticks, of which there are four a second.
constexpr proto::Millis kStall{1'000};
/// After it, for what is in the socket. Much more takes longer, but then events flow, and time
/// follows them anyway.
constexpr proto::Millis kReadingTime{500};

/// For a clock that was wrong to come right, where less lateness is allowed.
constexpr proto::Millis kShortPatience{600'000};

/// An id, PROTOCOL.md.
constexpr std::size_t kLongestEpoch = 256;

/// The first format of snapshots that says whose position it is.
constexpr std::uint32_t kFormatWithSource = 2;

void set_limit(moment::LimitUse& use, std::string_view limit, std::uint64_t used,
               std::uint64_t most, std::uint64_t exceeded) {
  if (use.limit != limit) use.limit = limit;
  use.used = used;
  use.most = most;
  use.exceeded = exceeded;
}

}  // namespace

Monitor::Monitor(const engine::Settings& engine, const intake::IntakeSettings& intake,
                 const proto::IdHasher& hasher, WallClock wall)
    : windows_(engine.windows),
      calendar_(engine.calendar),
      hasher_(hasher),
      max_clock_skew_(intake.max_clock_skew),
      oldest_live_(intake.live_lag + intake.reorder_window + kQuietBeforeClock),
      longest_ahead_(std::max(intake.allowed_lateness, kShortPatience)),
      wall_(std::move(wall)),
      engine_(engine, hasher),
      sink_(engine_),
      intake_(intake, hasher, sink_),
      names_([this](const proto::CustomerKey& customer) { return engine_.is_waiting(customer); }) {}

void Monitor::show_customers(bool show) {
  show_customers_ = show;
  if (!show) names_.clear();
}

void Monitor::tick() {
  const proto::Instant wall = wall_();
  let_time_pass(wall);
  last_tick_ = wall;
  names_.sweep(engine_.now(), kLooksPerTick);
}

void Monitor::fill(moment::Moment& moment) {
  const proto::Instant wall = wall_();
  let_time_pass(wall);
  moment.at = wall;
  engine_.report(moment.report);
  if (hidden_until_ && intake_.watermark() >= *hidden_until_) hides_counters_ = false;
  moment.report.hides_counters = hides_counters_;
  moment.spans.clear();
  for (const engine::Window& window : windows_) moment.spans.push_back(window.span);
  moment.spans.emplace_back(0);  // today
  fill_waiting(moment);
  fill_status(moment.status, moment.report, wall);
}

void Monitor::let_time_pass(proto::Instant wall) {
  if (last_tick_ && wall - *last_tick_ > kStall) {
    ++stalls_;
    last_tick_ = wall;
    follow_from_ = wall + kReadingTime;
  }
  if (wall >= follow_from_) intake_.tick(wall);
}

void Monitor::clock_stepped(proto::Millis delta, proto::Instant wall) {
  ++clock_steps_;
  intake_.clock_stepped(delta, wall);
  if (last_tick_) *last_tick_ += delta;
  // It may have been a suspension.
  follow_from_ = wall + kReadingTime;
}

Monitor::Glance Monitor::glance() {
  moment::Status status;
  fill_feed_state(status, wall_());
  engine::WaitingList list;
  engine_.waiting({}, 0, list);
  return {moment::feed_state(status), list.waiting_customers};
}

void Monitor::save(image::Writer& writer, const std::optional<feed::Cursor>& cursor) const {
  engine_.save(writer);
  intake_.save(writer);
  writer.flag(cursor.has_value());
  if (!cursor) return;
  writer.text(cursor->epoch);
  writer.number(cursor->seq);
  writer.key(cursor->source.address);
  writer.key(cursor->source.name);
}

Monitor::Restored Monitor::load(image::Reader& reader) {
  // Where the clocks had been set back there are deadlines that wait for time to go on.
  const engine::Loaded loaded = engine_.load(reader, engine::Overdue::waits);
  if (!loaded.ok || !intake_.load(reader)) return {};
  // One time for both; a shorter reorder window has moved them together.
  if (engine_.now() != intake_.watermark()) return {};
  Restored restored{.ok = true,
                    .cursor = std::nullopt,
                    .windows_anew = loaded.windows_anew,
                    .today_anew = loaded.today_anew};
  if (reader.flag()) {
    restored.cursor.emplace();
    restored.cursor->epoch = reader.text(kLongestEpoch);
    restored.cursor->seq = reader.number();
    if (reader.version() >= kFormatWithSource)
      restored.cursor->source = {.address = reader.key(), .name = reader.key()};
  }
  if (!reader.ok()) return {};
  if (loaded.windows_anew) intake_.windows_began_anew();
  if (loaded.today_anew) intake_.calendar_began_anew();
  return restored;
}

void Monitor::go_on(bool has_positions) {
  hides_counters_ = has_positions && intake_.clock().newest().has_value();
  if (!has_positions) intake_.begin_counters_anew();
  moment::Moment moment;
  engine_.report(moment.report);
  fill_limits(moment.status, moment.report);
  before_.disconnects = intake_.counters().disconnects;
  before_.rejected = intake_.counters().rejected;
  before_.connects = intake_.counters().connects;
  before_.gaps = intake_.gaps().count();
  for (const moment::LimitUse& use : moment.status.limits) before_.limits.push_back(use.exceeded);
}

void Monitor::fill_limits(moment::Status& status, const engine::Report& report) const {
  const intake::Intake::Limits intake = intake_.limits();
  status.limits.resize(report.limits.size() + intake.size());
  auto use = status.limits.begin();
  for (const auto& of : report.limits) set_limit(*use++, of.name, of.used, of.limit, of.exceeded);
  for (const auto& of : intake) set_limit(*use++, of.limit, of.used, of.most, of.exceeded);
  for (std::size_t i = 0; i < before_.limits.size(); ++i)
    status.limits[i].exceeded -= before_.limits[i];
}

void Monitor::fill_waiting(moment::Moment& moment) {
  for (moment::WaitingPage& page : moment.waiting) {
    engine_.waiting(page.wish.scope, page.wish.limit, page.list);
    page.customers.clear();
    if (!show_customers_) continue;
    for (const engine::WaitingRow& row : page.list.rows)
      page.customers.emplace_back(names_.find(row.customer));
  }
}

// Only what can open a turn: a customer's message, and a handoff.
void Monitor::remember(const proto::Event& event, proto::Instant wall) {
  const bool asks = event.type == proto::Type::message && event.from == proto::From::customer &&
                    !proto::is_silent(event.kind);
  if (event.customer.empty() || (!asks && event.type != proto::Type::assign)) return;
  names_.sweep(engine_.now(), kLooksPerEvent);  // first: a late one is applied only after this
  // One from the future beyond the allowed skew is rejected and never applied.
  names_.remember(hasher_.hash(event.shop, event.customer), event.customer,
                  std::min(event.ts, wall + max_clock_skew_));
}

void Monitor::Listener::connected(proto::Millis heartbeat, proto::Instant wall) {
  monitor_.intake_.connected(heartbeat, wall);
}

void Monitor::Listener::event(const proto::Event& event, proto::Instant wall) {
  if (monitor_.show_customers_) monitor_.remember(event, wall);
  monitor_.intake_.event(event, wall);
}

void Monitor::Listener::rejected(const proto::Rejection& rejection) {
  monitor_.intake_.rejected(rejection);
}

void Monitor::Listener::heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) {
  monitor_.intake_.heartbeat(ts, wall);
}

void Monitor::Listener::answered(proto::Instant wall) { monitor_.intake_.answered(wall); }

void Monitor::Listener::gap(intake::GapKind kind) {
  monitor_.intake_.gap(kind);
  // A stream without positions takes the place of the one that was to send again.
  const bool is_plain = kind == intake::GapKind::disconnect;
  if (monitor_.hides_counters_ && is_plain) monitor_.intake_.begin_counters_anew();
  if (is_plain || intake::is_lost_at_source(kind)) monitor_.hides_counters_ = false;
}

void Monitor::Listener::missed_until(std::optional<proto::Instant> ts, proto::Instant wall) {
  monitor_.intake_.missed_until(ts, wall);
}

void Monitor::Listener::disconnected(intake::Disconnect reason) {
  monitor_.intake_.disconnected(reason);
}

// What came last waits for others that may be earlier; it had been counted, maybe.
void Monitor::Listener::caught_up() {
  monitor_.hidden_until_ = monitor_.intake_.clock().newest_event().value_or(proto::Instant{});
}

void Monitor::fill_status(moment::Status& status, const engine::Report& report,
                          proto::Instant wall) {
  const intake::GapLedger& gaps = intake_.gaps();
  intake::IntakeCounters counters = intake_.counters();
  counters.connects -= before_.connects;
  for (std::size_t i = 0; i < counters.disconnects.size(); ++i)
    counters.disconnects[i] -= before_.disconnects[i];
  for (std::size_t i = 0; i < counters.rejected.size(); ++i)
    counters.rejected[i] -= before_.rejected[i];
  fill_event_counts(status, counters);
  fill_feed_state(status, wall);
  status.lag = intake_.clock().lag(wall);
  status.gaps = gaps.count() - before_.gaps;
  status.allowed_lateness = intake_.allowed_lateness();
  status.clock_steps = clock_steps_;
  status.stalls = stalls_;
  fill_limits(status, report);
  status.windows.resize(windows_.size() + 1);
  const proto::Instant now = report.watermark;
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    const proto::Millis span = windows_[i].span;
    status.windows[i] = {
        windows_[i].label,
        gaps.incomplete(span, now) || intake::window_start(span, now) <= report.incomplete_until};
  }
  const proto::Instant today = calendar_.day_of(now).start;
  status.windows.back() = {"today",
                           gaps.incomplete_since(today, now) || today <= report.incomplete_until};
}

void Monitor::fill_feed_state(moment::Status& status, proto::Instant wall) const {
  const intake::LiveClock& clock = intake_.clock();
  status.ever_connected = clock.was_ever_connected();
  status.connected = clock.is_connected();
  status.silent = clock.is_silent(wall);
  // Behind a backlog the source says that there is no more before time goes on by the clock (R5).
  const bool is_behind = clock.newest() && *clock.newest() - intake_.watermark() > oldest_live_;
  const proto::Millis ahead = intake_.ahead(wall);
  status.ahead = ahead;
  status.is_ahead = ahead > clock.tolerance();
  status.stale = clock.is_stale(wall) || is_behind || status.is_ahead;
}

}  // namespace deskpulse
