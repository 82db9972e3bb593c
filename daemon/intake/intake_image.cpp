// How an intake goes on in another process: from the image of its state, and from its journal.
#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/intake/intake.hpp"
#include "proto/encoder.hpp"

namespace deskpulse::intake {

using proto::Instant;

namespace {

constexpr std::size_t kLongestLabel = 64;
constexpr std::size_t kMostLabels = 1'000;
/// The longest reorder window there is.
constexpr proto::Millis kLongestWindow{60'000};

std::string_view type_label(std::size_t i) { return proto::type_name(static_cast<proto::Type>(i)); }
std::string_view reject_label(std::size_t i) {
  return proto::reason_name(static_cast<proto::Reject>(i));
}
std::string_view disconnect_label(std::size_t i) {
  return disconnect_name(static_cast<Disconnect>(i));
}

/// With their labels, so that a later version may have others.
template <std::size_t N>
void save_counts(image::Writer& writer, const std::array<std::uint64_t, N>& counts,
                 std::string_view (*label)(std::size_t)) {
  writer.number(N);
  for (std::size_t i = 0; i < N; ++i) {
    writer.text(label(i));
    writer.number(counts[i]);
  }
}

template <std::size_t N>
void load_counts(image::Reader& reader, std::array<std::uint64_t, N>& counts,
                 std::string_view (*label)(std::size_t)) {
  const std::size_t labels = reader.number(kMostLabels);
  for (std::size_t n = 0; n < labels && reader.ok(); ++n) {
    const std::string text = reader.text(kLongestLabel);
    const std::uint64_t count = reader.number();
    for (std::size_t i = 0; i < N; ++i)
      if (label(i) == text) counts[i] = count;
  }
}

}  // namespace

void Intake::save(image::Writer& writer) const {
  clock_.save(writer);
  order_.save(writer);
  duplicates_.save(writer, order_.watermark());
  gaps_.save(writer);
  save_counts(writer, counters_.events, type_label);
  save_counts(writer, counters_.rejected, reject_label);
  save_counts(writer, counters_.disconnects, disconnect_label);
  for (const std::uint64_t count :
       {counters_.late, counters_.duplicates, counters_.released_early, counters_.connects})
    writer.number(count);
}

bool Intake::load(image::Reader& reader) {
  assert(order_.watermark() == Instant{} && !clock_.was_ever_connected());
  if (!clock_.load(reader)) return false;
  const Instant newest = clock_.newest_event().value_or(Instant{});

  const auto as_after_its_arrival = [this](const proto::Event& event) {
    move_to(event.ts - settings_.reorder_window);
    place(event);
  };
  const auto no_later_than_newest = [&](const proto::Event& event) {
    if (event.ts <= newest)
      as_after_its_arrival(event);
    else
      reader.fail();
  };
  if (!order_.load(reader, no_later_than_newest)) return false;
  // What an id or an event may be ahead of the watermark is bounded, and so are the tables.
  if (newest > order_.watermark() + kLongestWindow) return false;
  if (!duplicates_.load(reader, order_.watermark(), newest)) return false;
  if (newest != Instant{}) move_to(newest - settings_.reorder_window);

  if (!gaps_.load(reader)) return false;
  load_counts(reader, counters_.events, type_label);
  load_counts(reader, counters_.rejected, reject_label);
  load_counts(reader, counters_.disconnects, disconnect_label);
  for (std::uint64_t* const count :
       {&counters_.late, &counters_.duplicates, &counters_.released_early, &counters_.connects})
    *count = reader.number();
  return reader.ok();
}

void Intake::recover_refusals(const IntakeCounters& counters) {
  // The records have counted events of unknown type and sender already: the greater is right.
  for (std::size_t i = 0; i < counters.rejected.size(); ++i)
    counters_.rejected[i] = std::max(counters_.rejected[i], counters.rejected[i]);
  counters_.duplicates = counters.duplicates;
  counters_.connects = counters.connects;
  counters_.disconnects = counters.disconnects;
}

void Intake::Recovery::accepted(const proto::Event& event, const proto::CustomerKey& id) {
  // Its answer was given when it came.
  if (id != proto::CustomerKey{})
    intake_.duplicates_.insert(id, event.ts, intake_.order_.watermark());
  intake_.clock_.recover(event.ts, true);
  intake_.take(event, std::exchange(in_doubt_, false));
}

void Intake::Recovery::advanced(Instant watermark) { intake_.move_to(watermark); }

void Intake::Recovery::heard(Instant ts) {
  intake_.clock_.recover(ts, false);
  intake_.gaps_.heard(ts);
}

void Intake::Recovery::gap(GapKind kind) { intake_.open_gap(kind); }

void Intake::Recovery::missed_until(Instant until) { intake_.gaps_.missed_until(until); }

}  // namespace deskpulse::intake
