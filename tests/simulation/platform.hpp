// The chat platform: the server of the stream.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/decoder.hpp"
#include "tests/simulation/agenda.hpp"
#include "tests/simulation/link.hpp"
#include "tests/simulation/random.hpp"
#include "tests/simulation/scenario.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/traffic.hpp"

namespace deskpulse::simulation {

/// Numbers events and keeps what may still be asked for: at least what PROTOCOL.md demands, and
/// not one event more where the scenario says so. In the `plain` protocol it sends what happens
/// while somebody listens.
class Platform {
 public:
  Platform(const Scenario& scenario, const Traffic& traffic, Agenda& agenda, Trace& trace);

  /// The act enters the stream.
  void publish(std::size_t number);
  /// Nobody is answered for so long.
  void refuse_until(Time when) { refuses_until_ = when; }
  bool answers() const { return agenda_.now() >= refuses_until_; }
  void accept(const std::shared_ptr<Link>& link);

  /// Says goodbye to everybody.
  void say_bye();
  /// A new numbering: nothing of the old one can be asked for any more. Some of what it held may
  /// come again under new numbers.
  void begin_epoch();
  /// The same by another server: another source, though its epoch has the name of the one before.
  void become_another();
  const feed::Source& source() const { return source_; }
  const std::string& epoch() const { return epoch_; }
  std::uint64_t head() const { return head_; }
  /// How many numberings there have been, this one included; and which one a position is of.
  int numbering() const { return static_cast<int>(numberings_.size()); }
  int numbering_of(const feed::Cursor& cursor) const;
  bool has_told_all() const;
  proto::Instant clock() const;

  /// Where in which numbering an act is to be had, or was.
  struct Position {
    int numbering = 0;  ///< the first is 1
    std::uint64_t seq = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
  };
  Position newest() const { return {numbering(), head_}; }
  /// The newest of it; none: it has not been published.
  std::optional<Position> position(std::size_t number) const;
  /// Of a client.
  Position position(const feed::Cursor& cursor) const { return {numbering_of(cursor), cursor.seq}; }

 private:
  struct Client {
    std::shared_ptr<Link> link;
    bool ready = false;
    std::uint64_t next = 1;  ///< the position to be sent next
    Time last_sent = 0;
  };
  struct Entry {
    std::uint64_t seq = 0;
    std::size_t number = 0;
  };

  void hear(Client& client, const std::string& text);
  void send(Client& client, const std::string& frame);
  void send_news(Client& client);
  void drop(Client& client);
  void beat(const std::weak_ptr<Link>& link);
  void append(std::size_t number);
  void begin_numbering();
  std::uint64_t floor() const { return backlog_.empty() ? head_ + 1 : backlog_.front().seq; }
  void heartbeat(Client& client);

  const Scenario& scenario_;
  const Traffic& traffic_;
  Agenda& agenda_;
  Trace& trace_;
  Random random_;
  Random network_;
  proto::Decoder decoder_;
  std::list<Client> clients_;
  int epochs_ = 1;
  std::string epoch_ = "k1";
  feed::Source source_{.address = {1, 1}, .name = {}};
  std::vector<feed::Cursor> numberings_{{epoch_, 0, source_}};  ///< the beginning of each
  std::uint64_t head_ = 0;
  std::deque<Entry> backlog_;
  std::map<std::size_t, Position> positions_;  ///< by the act's number
  Time refuses_until_ = 0;

 public:
  /// For links to this platform.
  Random& network() { return network_; }
};

}  // namespace deskpulse::simulation
