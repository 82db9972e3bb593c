#include "daemon/run_command.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

#include "daemon/config/load.hpp"
#include "daemon/feed/websocket_feed.hpp"
#include "daemon/feed_log.hpp"
#include "daemon/logging.hpp"
#include "daemon/monitor.hpp"
#include "daemon/rejection_log.hpp"
#include "daemon/serve/metrics_server.hpp"
#include "daemon/settings.hpp"
#include "daemon/version.hpp"

namespace deskpulse {
namespace {

namespace asio = boost::asio;
using config::LogLevel;

/// How often time passes without events and scrapes; a deadline is noticed this much late at most.
constexpr std::chrono::milliseconds kTick{250};
constexpr std::chrono::seconds kRejectionPause{10};

proto::Instant wall_clock() {
  return proto::Instant{std::chrono::floor<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch())};
}

feed::Backoff::Random system_random() {
  return [engine = std::mt19937_64(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

/// The daemon at work. The feed and the engine belong to the thread that calls run(); the HTTP
/// server has its own and asks through the io_context.
class Daemon {
 public:
  explicit Daemon(const config::Config& config)
      : monitor_(engine_settings(config), intake_settings(config),
                 proto::IdHasher::with_random_key(), wall_clock),
        feed_(io_, websocket_settings(config), wall_clock, system_random(),
              std::make_shared<FeedLog>()),
        server_({.http = http_settings(config),
                 .build = {std::string(version()), std::string(revision())}},
                [this](std::shared_ptr<serve::Moment> moment, std::function<void()> filled) {
                  asio::post(io_, [this, moment = std::move(moment), filled = std::move(filled)] {
                    monitor_.fill(*moment);
                    moment->status.config = config_status_;
                    filled();
                  });
                }) {
    config_status_ = {.targets = targets_of(config),
                      .show_customers = config.privacy.show_customers,
                      .last_reload_successful = true,
                      .last_success = std::chrono::system_clock::now()};
  }

  /// Throws what MetricsServer::start() throws.
  void run() {
    const std::uint16_t port = server_.start();
    log(LogLevel::info, "Daemon started.", {{"version", version()}, {"http_port", port}});
    signals_.async_wait([this](boost::system::error_code failure, int signal) {
      if (!failure) stop(signal);
    });
    tick();
    feed_.start(monitor_.listener());
    io_.run();
    log(LogLevel::info, "Daemon stopped.");
  }

 private:
  void tick() {
    monitor_.tick();
    rejections_.look(monitor_.intake().counters(), RejectionLog::Clock::now());
    timer_.expires_after(kTick);
    timer_.async_wait([this](boost::system::error_code failure) {
      if (!failure && !stopping_) tick();
    });
  }

  void stop(int signal) {
    log(LogLevel::info, "Daemon stopping.", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    stopping_ = true;
    signals_.clear();  // back to the system's own handling: the second one kills
    timer_.cancel();
    server_.stop();
    feed_.stop();
  }

  asio::io_context io_{1};
  asio::signal_set signals_{io_, SIGTERM, SIGINT};
  asio::steady_timer timer_{io_};
  bool stopping_ = false;
  serve::ConfigStatus config_status_;
  Monitor monitor_;
  RejectionLog rejections_{kRejectionPause, log_rejected};
  feed::WebsocketFeed feed_;
  serve::MetricsServer server_;  // last: its thread must be gone before what it asks for
};

/// A sentence when a file that the feed needs cannot be read. Later it may come and go: the feed
/// reads it again at each connect.
std::string unreadable_file(const config::Feed& feed) {
  if (feed.token_file) {
    const config::FileText token = config::read_text_file(*feed.token_file);
    if (!token.error.empty())
      return "feed.token_file: " + token.error + "; correct the path or its permissions";
    if (token.text.find_first_not_of(" \t\r\n") == std::string::npos)
      return "feed.token_file: " + *feed.token_file + " holds no token; write it there";
  }
  if (feed.tls_ca_file) {
    const config::FileText authorities = config::read_text_file(*feed.tls_ca_file);
    if (!authorities.error.empty())
      return "feed.tls.ca_file: " + authorities.error + "; correct the path or its permissions";
  }
  return {};
}

}  // namespace

ExitCode run_daemon(const config::Config& config, std::ostream& err) {
  if (const std::string sentence = unreadable_file(config.feed); !sentence.empty()) {
    err << "deskpulsed: " << sentence << "\n";
    return kExitNoInput;
  }
  set_up_logging(config.log.level, config.log.format);
  // Whoever reads our log or pages may go away at any time; that is an error of a write, no death.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Daemon(config).run();
  } catch (const std::runtime_error& failure) {
    err << "deskpulsed: " << failure.what() << "\n";
    return kExitUnavailable;
  }
  return kExitOk;
}

}  // namespace deskpulse
