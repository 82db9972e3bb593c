// The daemon's feed and engine over a real WebSocket, with the wall clock in the test's hand.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "daemon/feed/feed.hpp"
#include "daemon/feed/websocket_feed.hpp"
#include "daemon/monitor/monitor.hpp"
#include "proto/event.hpp"

namespace deskpulse::end_to_end {

/// What run_command.cpp wires, without HTTP server, timer and signals: a WebsocketFeed delivers to
/// a Monitor on the test's own thread, only while run_until() runs. Nothing here waits for a fixed
/// time; what does not come within a minute throws std::runtime_error.
class LiveDaemon {
 public:
  /// Short pauses between connections and much patience with a silent server are set here.
  LiveDaemon(const engine::Settings& engine, const intake::IntakeSettings& intake,
             feed::WebsocketSettings websocket, proto::Instant wall);
  ~LiveDaemon();
  LiveDaemon(const LiveDaemon&) = delete;
  LiveDaemon& operator=(const LiveDaemon&) = delete;

  /// What the wall clock says from now on.
  void set_wall(proto::Instant wall) { wall_ = wall; }
  proto::Instant wall() const { return wall_; }

  /// `what` completes the sentence "waited a minute for ...".
  void run_until(const std::string& what, const std::function<bool()>& condition);
  /// Until the feed has said of a moment after this call that we have everything up to it.
  void run_until_caught_up();

  /// Events and rejections that the feed delivered, whatever became of them.
  std::uint64_t delivered() const { return relay_.delivered; }
  bool is_connected() const { return relay_.connected_now; }
  std::uint64_t connects() const { return relay_.connects; }
  std::uint64_t already_seen() const { return feed_.already_seen(); }
  const intake::Intake& intake() const { return monitor_.intake(); }

  /// The numbers at wall().
  const moment::Moment& moment();
  /// deskpulse_window_incomplete of that label; throws std::out_of_range when there is none.
  bool is_incomplete(const std::string& window);

 private:
  /// Hands everything on and counts it.
  struct Relay final : intake::FeedListener {
    explicit Relay(intake::FeedListener& next) : to(next) {}
    void connected(proto::Millis heartbeat, proto::Instant wall) override;
    void event(const proto::Event& event, proto::Instant wall) override;
    void rejected(const proto::Rejection& rejection) override;
    void heartbeat(std::optional<proto::Instant> ts, proto::Instant wall) override;
    void answered(proto::Instant wall) override;
    void gap(intake::GapKind kind) override;
    void missed_until(std::optional<proto::Instant> ts, proto::Instant wall) override;
    void disconnected(intake::Disconnect reason) override;

    intake::FeedListener& to;
    std::uint64_t delivered = 0;
    std::uint64_t connects = 0;
    std::uint64_t heartbeats = 0;  // and answers: those that say we have everything
    std::optional<proto::Instant> newest_heartbeat;
    bool connected_now = false;
    bool stopped = false;
  };

  proto::Instant wall_;
  boost::asio::io_context io_{1};
  Monitor monitor_;
  Relay relay_;
  feed::WebsocketFeed feed_;
  moment::Moment moment_;
};

}  // namespace deskpulse::end_to_end
