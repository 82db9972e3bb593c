#include "daemon/persistence/journal_recorder.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "proto/rejection.hpp"

namespace deskpulse {
namespace {

constexpr std::array<std::string_view, intake::kGapKindCount> kGapKinds{
    "hole", "resume", "reset", "disconnect", "live_start", "set_back"};

// What the journal of format 1 said by its order alone.
constexpr std::array<std::string_view, 13> kRejectedOfFormat1{
    "not_json",  "too_large",  "too_deep", "not_object", "malformed",    "bad_id",      "bad_time",
    "bad_value", "unknown_op", "future",   "too_late",   "unknown_type", "unknown_from"};
constexpr std::array<std::string_view, 33> kDisconnectsOfFormat1{"token_unreadable",
                                                                 "ca_unreadable",
                                                                 "resolve_failed",
                                                                 "resolve_timeout",
                                                                 "refused",
                                                                 "connect_timeout",
                                                                 "not_tls",
                                                                 "tls_version",
                                                                 "tls_expired",
                                                                 "tls_wrong_name",
                                                                 "tls_untrusted",
                                                                 "tls_failed",
                                                                 "handshake_timeout",
                                                                 "unauthorized",
                                                                 "redirected",
                                                                 "service_unavailable",
                                                                 "handshake_rejected",
                                                                 "handshake_malformed",
                                                                 "accept_key_wrong",
                                                                 "wrong_subprotocol",
                                                                 "wrong_extension",
                                                                 "protocol_error",
                                                                 "bad_utf8",
                                                                 "bad_compression",
                                                                 "session_error",
                                                                 "message_timeout",
                                                                 "message_too_large",
                                                                 "silence",
                                                                 "closed_by_peer",
                                                                 "dropped_by_peer",
                                                                 "connection_lost",
                                                                 "bye",
                                                                 "stopped"};

using Counters = std::vector<store::JournalMark::Counter>;

/// Calls `each` with the label and the place of everything that no record tells.
template <class Counts, class Each>
void for_each_counter(Counts& counts, const Each& each) {
  each("duplicates", counts.duplicates);
  each("connects", counts.connects);
  for (std::size_t i = 0; i < counts.rejected.size(); ++i) {
    each("rejected." + std::string(proto::reason_name(static_cast<proto::Reject>(i))),
         counts.rejected[i]);
  }
  for (std::size_t i = 0; i < counts.disconnects.size(); ++i) {
    each("disconnects." + std::string(intake::disconnect_name(static_cast<intake::Disconnect>(i))),
         counts.disconnects[i]);
  }
}

/// Gives the counters of format 1 their labels: two of their own, then two lists, each behind its
/// length.
Counters with_labels(const Counters& of_format_1) {
  Counters labelled;
  auto next = of_format_1.begin();
  const auto take = [&](std::string_view label) {
    if (next != of_format_1.end()) labelled.push_back({std::string(label), (next++)->count});
  };
  const auto take_list = [&](std::string_view set, std::span<const std::string_view> labels) {
    if (next == of_format_1.end()) return;
    const std::uint64_t length = (next++)->count;
    for (std::size_t i = 0; i < std::min<std::uint64_t>(length, labels.size()); ++i)
      take(std::string(set) + std::string(labels[i]));
  };
  take("duplicates");
  take("connects");
  take_list("rejected.", kRejectedOfFormat1);
  take_list("disconnects.", kDisconnectsOfFormat1);
  return labelled;
}

}  // namespace

void JournalRecorder::gap(intake::GapKind kind) { writer_.gap(gap_kind_name(kind)); }

std::string_view gap_kind_name(intake::GapKind kind) {
  return kGapKinds[static_cast<std::size_t>(kind)];
}

std::optional<intake::GapKind> gap_kind_of(std::string_view name) {
  for (std::size_t i = 0; i < kGapKinds.size(); ++i)
    if (kGapKinds[i] == name) return static_cast<intake::GapKind>(i);
  return std::nullopt;
}

store::JournalMark journal_mark(const std::optional<feed::Cursor>& cursor,
                                const intake::IntakeCounters& counters) {
  store::JournalMark mark;
  if (cursor) {
    mark.cursor = {.seq = cursor->seq,
                   .epoch = cursor->epoch,
                   .source_address = cursor->source.address,
                   .source_name = cursor->source.name};
  }
  for_each_counter(counters, [&mark](const std::string& label, std::uint64_t count) {
    if (count > 0) mark.counters.push_back({label, count});
  });
  return mark;
}

feed::Cursor cursor_of(const store::JournalMark::Cursor& mark) {
  return {mark.epoch, mark.seq, {.address = mark.source_address, .name = mark.source_name}};
}

intake::IntakeCounters counters_of(const store::JournalMark& mark) {
  const bool is_of_format_1 = !mark.counters.empty() && mark.counters.front().label.empty();
  const Counters labelled = is_of_format_1 ? with_labels(mark.counters) : mark.counters;
  intake::IntakeCounters counters;
  for_each_counter(counters, [&labelled](const std::string& label, std::uint64_t& count) {
    for (const auto& counter : labelled)
      if (counter.label == label) count = counter.count;
  });
  return counters;
}

}  // namespace deskpulse
