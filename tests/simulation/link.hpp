// A connection over a network that nobody can rely on.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tests/simulation/agenda.hpp"
#include "tests/simulation/random.hpp"

namespace deskpulse::simulation {

/// Carries whole text messages both ways, each way in order, each message in its own time. It can
/// be closed by either side (what was sent before still arrives), break (what is on its way is
/// lost, both sides are told), or die without a word (nothing arrives any more, nobody is told).
class Link : public std::enable_shared_from_this<Link> {
 public:
  /// What one side is told. A side that does not want to hear more forgets its link by setting
  /// these to nothing.
  struct Side {
    std::function<void(std::string)> message;
    std::function<void()> closed;  ///< by the other side, or by a break
  };

  Link(Agenda& agenda, Random& random, Time longest_delay)
      : agenda_(agenda), random_(random), longest_delay_(longest_delay) {}

  Side client;
  Side server;

  void send_to_server(std::string text) { send(server, to_server_, std::move(text)); }
  void send_to_client(std::string text) { send(client, to_client_, std::move(text)); }
  /// Says that nothing more will come from this side.
  void close_to_server() { close(server, to_server_); }
  void close_to_client() { close(client, to_client_); }

  void cut();
  void die() { dead_ = true; }
  bool is_dead() const { return dead_; }

 private:
  /// One way: when its last message arrives.
  struct Way {
    Time last_arrival = 0;
  };
  void send(Side& to, Way& way, std::string text);
  void close(Side& to, Way& way);
  Time arrival(Way& way);

  Agenda& agenda_;
  Random& random_;
  Time longest_delay_;
  Way to_server_;
  Way to_client_;
  bool dead_ = false;
  bool cut_ = false;
};

}  // namespace deskpulse::simulation
