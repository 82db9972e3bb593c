// The turn engine: who waits, which answers were slow, who got none, how loaded each agent is.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "daemon/engine/report.hpp"
#include "daemon/engine/settings.hpp"
#include "daemon/engine/waiting.hpp"
#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "proto/event.hpp"
#include "proto/id_hash.hpp"

namespace deskpulse::engine {

/// What came of an image.
struct Loaded {
  bool ok = false;  ///< false: not an image, or a damaged one; the engine is to be thrown away
  /// The configured windows are other ones than the image's: their messages, turns and response
  /// times begin empty. Distinct customers are gathered anew from the conversations, and are whole.
  bool windows_anew = false;
  /// The business day is another one, since its zone or its cut has changed: its numbers begin
  /// empty.
  bool today_anew = false;
};

/// What becomes of a deadline that is put into the past.
enum class Overdue {
  fires,  ///< at once, placed at itself
  waits,  ///< until time goes on, or a later event of the same customer shows that it has passed
};

/// METRICS.md for one set of shops. Pure: no clock, no I/O, no logging, no threads; a run is a
/// function of the calls below, so it can be replayed and compared with a recount. A shard of a
/// larger system is simply an engine.
///
/// Order, duplicates, lateness and the future are judged before events come here (feed/intake):
/// events that are not late come in the order (ts, arrival), interleaved with advance().
///
/// apply() is O(1) amortised, but for O(log waiting) for the oldest wait and a walk over the agents
/// that this customer has met, and allocates nothing once the tables have grown; advance() costs
/// what the deadlines passed cost. Nothing walks all conversations. What an upstream can make it
/// remember is bounded by Settings::limits: about 20 kB for each agent while it is active, 75 kB to
/// 2.5 MB for a shop, 200 bytes for a conversation. Not thread-safe: one thread owns an engine.
class Engine {
 public:
  /// The hasher keys the table that finds agents by their ids.
  explicit Engine(Settings settings, const proto::IdHasher& hasher = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Applies one event by METRICS.md. One whose `ts` is at or after now() first fires every
  /// deadline before it and moves now() to it; an earlier one is late, and is applied at now().
  /// `customer_key` must be set where the type has a customer. Unknown types and senders change
  /// nothing. `overdue`: of what a late event makes due; it waits where it is in doubt that time is
  /// as late as now(), since a clock was set back.
  void apply(const proto::Event& event, Overdue overdue = Overdue::fires);

  /// Says that an event of this customer will be applied soon, best some 16 to 300 events ahead:
  /// its records are fetched from memory meanwhile. Changes no number; an event need not be
  /// announced.
  void expect(const proto::CustomerKey& customer);

  /// Time is `to`: every deadline before it fires, none at it. An earlier time than now() is
  /// ignored.
  void advance(Instant to);

  /// The engine's watermark: the greatest time it was told.
  Instant now() const;

  /// Fills `report` with the state at now().
  void report(Report& report);

  /// Fills `list` with the open turns of a scope at now(). With a limit: the longest waits only, in
  /// order; O(agents of the scope + limit log limit). Without: all of them in no order, for the
  /// reader to sort, a record from memory each. Ids that nobody has named yet are unknown.
  void waiting(const WaitingScope& scope, std::optional<std::size_t> limit, WaitingList& list);
  /// Whether the customer has an open turn now. Two reads of memory.
  bool is_waiting(const proto::CustomerKey& customer);

  /// Every counter begins at 0 again, as of a program that was started anew: what they were can not
  /// be gone on from. No scope changes. Costs a walk over all shops and agents.
  void begin_counters_anew();

  /// While on, every table's present size is its limit; for a process that is short of memory.
  void hold_growth(bool on);

  /// Writes the whole state at now(), about 55 bytes an open conversation. Allocates nothing and
  /// changes nothing, so that a forked child can do it while the parent goes on.
  void save(image::Writer& to) const;
  /// Becomes what was saved, in an engine that has done nothing yet: from then on, every number is
  /// what it would have been without the break. What shops and agents are like and every time limit
  /// is as this engine was configured; a deadline that a shorter limit has put into the past is
  /// overdue. Takes nothing on trust: whatever the bytes are, this ends, and says whether
  /// they were good. Memory is in proportion to the image; the most for the least is an agent's
  /// windows, 20 kB for some 50 bytes. About 300 ns a conversation.
  Loaded load(image::Reader& from, Overdue overdue = Overdue::fires);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace deskpulse::engine
