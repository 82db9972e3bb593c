#include "daemon/app/run_command.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/app/required_files.hpp"
#include "daemon/app/settings.hpp"
#include "daemon/app/version.hpp"
#include "daemon/feed/websocket_feed.hpp"
#include "daemon/host/memory_limit.hpp"
#include "daemon/host/wall_clock.hpp"
#include "daemon/log/feed_log.hpp"
#include "daemon/log/logging.hpp"
#include "daemon/log/rejection_log.hpp"
#include "daemon/monitor/monitor.hpp"
#include "daemon/persistence/persistence.hpp"
#include "daemon/serve/daemon_server.hpp"

namespace deskpulse {
namespace {

namespace asio = boost::asio;
using config::LogLevel;

const std::string kProgram = "deskpulsed: ";  ///< who speaks, outside of the log

/// How often time passes without events and scrapes: a deadline is noticed this much late at most,
/// and the journal is flushed as often.
constexpr std::chrono::milliseconds kTick{200};
constexpr std::chrono::seconds kRejectionPause{10};
constexpr std::chrono::seconds kStatusPause{5};
constexpr std::chrono::seconds kMemoryPause{1};
constexpr std::chrono::seconds kStepPause{10};  ///< between two lines about the clock

using Steady = std::chrono::steady_clock;

feed::Backoff::Random system_random() {
  return [engine = std::mt19937_64(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

/// The daemon at work. The feed and the engine belong to the thread that calls run(); the HTTP
/// server has its own and asks through the io_context.
class Daemon {
 public:
  Daemon(const config::Config& config, const Surroundings& surroundings)
      : config_(config),
        load_config_(surroundings.load_config),
        manager_(surroundings.environment),
        tick_(kTick),
        persistence_(open_store(config.store)),
        recovered_(recover()),
        monitor_(*recovered_.monitor),
        feed_(
            io_, feed_settings(), [this] { return clock_.now(); }, system_random(),
            std::make_shared<FeedLog>()),
        server_(
            {.http = http_settings(config),
             .build = {std::string(version()), std::string(revision())}},
            [this](std::shared_ptr<moment::Moment> moment, std::function<void()> filled) {
              asio::post(io_,
                         [this, moment = std::move(moment), filled = std::move(filled)]() mutable {
                           // A reader who asks for more than there is memory for gets nothing, and
                           // the feed goes on.
                           try {
                             fill(*moment);
                             moment->lacks_memory = false;
                           } catch (const std::bad_alloc&) {
                             moment->lacks_memory = true;
                           }
                           tell_filled(std::move(filled));
                         });
            },
            // It ends the daemon as if it had been thrown on this thread.
            [this](std::exception_ptr failure) {
              asio::post(io_, [failure = std::move(failure)] { std::rethrow_exception(failure); });
            }) {
    if (const auto interval = manager_.watchdog_interval())
      tick_ = std::clamp<Steady::duration>(*interval / 2, std::chrono::milliseconds{1}, kTick);
    if (persistence_) {
      persistence_->begin(
          monitor_, [this] { return feed_.cursor(); },
          [this](std::uint64_t seq) { feed_.ack(seq); });
    }
    clock_.on_step([this](proto::Millis delta, proto::Instant wall) { stepped(delta, wall); });
    taken_over();
  }

  /// Listens. Throws what DaemonServer::start() throws.
  void start() {
    const std::uint16_t port = server_.start();
    log(LogLevel::info, "Daemon started.", {{"version", version()}, {"http_port", port}});
  }

  /// How the state was saved, where there is one.
  [[nodiscard]] Persistence::End run() {
    signals_.async_wait([this](boost::system::error_code failure, int signal) {
      if (!failure) stop(signal);
    });
    wait_for_hangup();
    tick();
    feed_.start(monitor_.listener());
    manager_.ready();
    io_.run();
    const auto end = persistence_ ? persistence_->finish(clock_.now()) : Persistence::End::saved;
    log(LogLevel::info, "Daemon stopped.");
    return end;
  }

 private:
  std::unique_ptr<Persistence> open_store(const config::Store& store) {
    if (store.directory.value_or("").empty()) return nullptr;
    return std::make_unique<Persistence>(io_, persistence_settings(config_));
  }

  Recovered recover() {
    const auto make = [this](const proto::IdHasher& hasher) {
      return std::make_unique<Monitor>(engine_settings(config_), intake_settings(config_), hasher,
                                       [this] { return clock_.now(); });
    };
    if (persistence_) return persistence_->recover([&] { return make(persistence_->hasher()); });
    Recovered empty;
    empty.monitor = make(proto::IdHasher::with_random_key());
    return empty;
  }

  feed::WebsocketSettings feed_settings() const {
    feed::WebsocketSettings settings = websocket_settings(config_);
    settings.resume_from = recovered_.cursor;
    settings.has_history =
        recovered_.was_set_aside || recovered_.monitor->intake().counters().connects > 0;
    return settings;
  }

  void tick() {
    monitor_.tick();
    if (persistence_) persistence_->tick(clock_.now());
    rejections_.look(monitor_.intake().counters(), RejectionLog::Clock::now());
    tell_set_back();
    const auto now = Steady::now();
    if (now >= next_status_) tell_status(now);
    if (now >= next_memory_look_) look_at_memory(now);
    if (manager_.watchdog_interval()) ask_http_thread(now);
    if (untold_) tell_filled(std::exchange(untold_, nullptr));
    timer_.expires_after(tick_);
    timer_.async_wait([this](boost::system::error_code failure) {
      if (!failure && !stopping_) tick();
    });
  }

  /// The one gap that no source tells: the intake finds it.
  void tell_set_back() {
    const std::uint64_t gaps = monitor_.intake().gaps().count(intake::GapKind::set_back);
    if (gaps != std::exchange(set_back_, gaps)) FeedLog().gap(intake::GapKind::set_back);
  }

  void stepped(proto::Millis delta, proto::Instant wall) {
    monitor_.clock_stepped(delta, wall);
    const auto now = Steady::now();
    if (now < next_step_line_) return;
    next_step_line_ = now + kStepPause;
    log(LogLevel::warn, "System clock was set, or the machine slept.",
        {{"by_ms", static_cast<std::int64_t>(delta.count())}});
  }

  void tell_status(Steady::time_point now) {
    const Monitor::Glance glance = monitor_.glance();
    std::string feed(glance.feed_state);
    std::replace(feed.begin(), feed.end(), '_', ' ');
    manager_.status("Feed " + feed + ", " + std::to_string(glance.waiting_customers) +
                    " customers waiting.");
    next_status_ = now + kStatusPause;
  }

  static std::optional<std::uint64_t> memory_limit_of(const config::Limits& limits) {
    if (limits.memory_bytes > 0) return static_cast<std::uint64_t>(limits.memory_bytes);
    return limit_of_control_group();
  }

  void look_at_memory(Steady::time_point now) {
    next_memory_look_ = now + kMemoryPause;
    const bool holds = memory_.look(resident_bytes());
    if (holds == holds_growth_) return;
    holds_growth_ = holds;
    monitor_.hold_growth(holds);
    if (holds) {
      log(LogLevel::warn,
          "Memory is short: nothing grows any more, as if every limit were reached.",
          {{"used_bytes", static_cast<std::int64_t>(memory_.used())},
           {"limit_bytes", static_cast<std::int64_t>(*memory_.most())}});
    } else {
      log(LogLevel::info, "Memory is enough again.");
    }
  }

  void tell_filled(std::function<void()> filled) {
    try {
      filled();
    } catch (const std::bad_alloc&) {
      untold_ = std::move(filled);  // with the next tick; no other question comes before
    }
  }

  void fill(moment::Moment& moment) {
    monitor_.fill(moment);
    moment.status.config = config_status_;
    moment.status.log_lines_dropped = log_lines_dropped();
    if (persistence_) persistence_->fill(moment.status.store);
    fill_memory(moment.status);
  }

  void fill_memory(moment::Status& status) const {
    if (!memory_.most()) return;
    status.limits.push_back({"memory_bytes", memory_.used(), *memory_.most(), memory_.exceeded()});
  }

  /// The watchdog is fed by what has been through the HTTP thread and back, so that both must get
  /// on with their work. One question at a time; it is asked early enough for the next tick.
  void ask_http_thread(Steady::time_point now) {
    if (is_asking_ || now + tick_ < last_alive_ + *manager_.watchdog_interval()) return;
    is_asking_ = true;
    server_.poster()([this] {
      asio::post(io_, [this] {
        is_asking_ = false;
        last_alive_ = Steady::now();
        manager_.alive();
      });
    });
  }

  void wait_for_hangup() {
    hangup_.async_wait([this](boost::system::error_code failure, int) {
      if (failure || stopping_) return;
      reload();
      wait_for_hangup();
    });
  }

  void reload() {
    log(LogLevel::info, "Configuration reloading.");
    manager_.reloading();
    if (std::optional<Reload> reload = read_reload(config_, load_config_)) {
      config_ = std::move(reload->config);
      if (touches_feed(reload->changes)) feed_.change(websocket_settings(config_));
      server_.set_access(std::move(reload->access));
      log_reload(reload->changes);  // in the old manner: it may be the level that changes
      set_up_logging(config_.log.level, config_.log.format);
      taken_over();
    } else {
      config_status_.last_reload_successful = false;
    }
    manager_.ready();
  }

  /// What of `config_` is said with each moment.
  void taken_over() {
    monitor_.show_customers(config_.privacy.show_customers);
    config_status_ = {.targets = targets_of(config_),
                      .zone = config_.rules.zone,
                      .show_customers = config_.privacy.show_customers,
                      .last_reload_successful = true,
                      .last_success = std::chrono::system_clock::now()};
  }

  void stop(int signal) {
    log(LogLevel::info, "Daemon stopping.", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    stopping_ = true;
    manager_.stopping();
    signals_.clear();  // back to the system's own handling: the second one kills
    hangup_.cancel();  // but no hang-up does
    timer_.cancel();
    server_.stop();
    feed_.stop();
    if (persistence_) persistence_->stop();
  }

  config::Config config_;  ///< in force
  const LoadConfig load_config_;
  ServiceManager manager_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_, SIGTERM, SIGINT};
  asio::signal_set hangup_{io_, SIGHUP};
  asio::steady_timer timer_{io_};
  Steady::duration tick_;
  Steady::time_point next_status_{};
  Steady::time_point next_memory_look_{};
  std::function<void()> untold_;  ///< that a moment is filled
  MemoryLimit memory_{memory_limit_of(config_.limits)};
  bool holds_growth_ = false;
  Steady::time_point next_step_line_{};
  Steady::time_point last_alive_{};
  bool is_asking_ = false;
  bool stopping_ = false;
  moment::ConfigStatus config_status_;
  WallClock clock_;
  std::unique_ptr<Persistence> persistence_;  ///< null: nothing is kept
  Recovered recovered_;
  Monitor& monitor_;
  RejectionLog rejections_{kRejectionPause, log_rejected, monitor_.intake().counters()};
  std::uint64_t set_back_ = monitor_.intake().gaps().count(intake::GapKind::set_back);
  feed::WebsocketFeed feed_;
  serve::DaemonServer server_;  // last: its thread must be gone before what it asks for
};

/// A core would hold what customers wrote. A limit of 0 does not bind a program that the kernel
/// hands cores to; the filter leaves every page out for that one. Being undumpable would do both,
/// but hides /proc/self from a process without privileges, and with it our own series.
void forbid_cores() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  std::ofstream("/proc/self/coredump_filter") << "0";
}

}  // namespace

ExitCode run_daemon(const config::Config& config, const Surroundings& surroundings,
                    std::ostream& err) {
  forbid_cores();
  const std::vector<std::string> problems = read_required(config).problems;
  for (const std::string& problem : problems) err << kProgram << problem << "\n";
  if (!problems.empty()) return kExitNoInput;
  set_up_logging(config.log.level, config.log.format);
  // Whoever reads our log or pages may go away at any time; that is an error of a write, no death.
  std::signal(SIGPIPE, SIG_IGN);
  // And a file that may not grow any more (LimitFSIZE=) is one, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  LogThread log_thread;
  // Behind the log, and like it held up by nobody.
  const auto say = [&](std::string_view sentence) {
    log_thread.say(kProgram + std::string(sentence));
  };
  std::optional<Daemon> daemon;
  try {
    daemon.emplace(config, surroundings);
  } catch (const store::StateError& unusable_state) {
    say(unusable_state.what());
    return kExitCantCreate;
  } catch (const std::runtime_error& failure) {
    say(failure.what());
    return kExitUnavailable;
  }
  try {
    daemon->start();
  } catch (const std::runtime_error& failure) {
    say(failure.what());
    return kExitUnavailable;
  }
  try {
    switch (daemon->run()) {
      case Persistence::End::saved:
        return kExitOk;
      case Persistence::End::not_saved:
        return kExitIoError;
      case Persistence::End::hangs:
        log_thread.drain();
        std::_Exit(kExitIoError);
    }
  } catch (const std::system_error& failure) {
    say(failure.what());
  } catch (const boost::system::system_error& failure) {
    say(failure.what());
  } catch (const std::exception& failure) {
    say(failure.what());
    return kExitSoftware;
  }
  return kExitIoError;
}

}  // namespace deskpulse
