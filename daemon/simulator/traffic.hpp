// A promotion's customer service, event by event.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "proto/event.hpp"

namespace deskpulse::simulator {

enum class Preset : std::uint8_t {
  normal,   ///< an ordinary day of one shop: 20 agents, 3 events/s, answers in seconds
  promo,    ///< a promotion: 3 shops, 120 agents, 50 events/s, two steps, bots take half
  extreme,  ///< 20 shops, 2,000 agents, 1,000 events/s and far more at the steps; nobody keeps up
};

/// 0 = as the preset says.
struct TrafficOptions {
  Preset preset = Preset::normal;
  std::uint64_t seed = 1;
  int shops = 0;
  int agents = 0;     ///< of all shops together
  double rate = 0.0;  ///< events per second, mean over the day
  proto::Instant start{};
  /// The time of day in Shanghai that `start` stands for; by default what it is. Decides where on
  /// the arrival curve the traffic begins.
  std::optional<proto::Millis> time_of_day;
  /// Keeps this many conversations open instead of following the arrival curve: reached within the
  /// first minute of traffic (about 5 events a conversation), held from then on. For benchmarks.
  int conversations = 0;
  /// The rate is the same at every hour of the day.
  bool steady = false;
  /// Customers of each shop come from this many people, so that whoever remembers them needs no
  /// more memory at some point; 0 = six of seven sessions are by somebody new.
  int customers = 0;
};

/// One event and what was written, if it is a message that has words.
struct Spoken {
  proto::Event event;
  std::optional<std::string_view> text;
};

/// Customers arrive along the day's curve, ask, wait, ask again; a bot or a person answers after a
/// lognormal time; some are handed over, transferred, forgotten; some buy, pay, rate. Agents have
/// shifts, breaks and a capacity; a customer for whom nobody has room waits in the shop's queue for
/// a while before somebody has to take one more. The figures are those that shops publish:
///
///                            normal   promo   extreme
///   response time, median      6.6 s    40 s      90 s   first turns 1.5 times slower
///                 σ            1.1      1.3       1.3
///   sessions by bots alone      20 %     45 %      55 %   a further 10 % begin with one
///   transferred                  3 %      5 %       8 %   of sessions with a person
///   not answered               0.5 %      3 %       8 %   of sessions with a person
///
/// and for all: 3.5 turns a session, 1.8 customer and 1.5 agent messages a turn, about 20 events.
///
/// The same options give the same events, whatever the machine and the library. Events come in the
/// order of their `ts`, without end; about 0.6 µs each. The views are valid until the next call.
class Traffic {
 public:
  /// Throws std::invalid_argument, with a sentence, on options out of range.
  explicit Traffic(const TrafficOptions& options);
  ~Traffic();
  Traffic(Traffic&&) noexcept;
  Traffic& operator=(Traffic&&) noexcept;

  Spoken next();

  /// Conversations with a session that the platform would call open.
  int open_conversations() const;

 private:
  class World;
  std::unique_ptr<World> world_;
};

}  // namespace deskpulse::simulator
