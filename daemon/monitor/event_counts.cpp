#include "daemon/monitor/event_counts.hpp"

#include <string_view>

#include "proto/encoder.hpp"
#include "proto/rejection.hpp"

namespace deskpulse {
namespace {

void set_count(std::vector<moment::LabelCount>& counts, std::size_t i, std::string_view label,
               std::uint64_t count) {
  if (counts.size() <= i) counts.resize(i + 1);
  if (counts[i].label != label) counts[i].label = label;
  counts[i].count = count;
}

}  // namespace

void fill_event_counts(moment::Status& status, const intake::IntakeCounters& counters) {
  status.reconnects = counters.reconnects();
  status.late = counters.late;
  status.duplicates = counters.duplicates;
  // Unknown types are taken but counted among the rejected, so they have no place here.
  for (std::size_t i = 0; i < static_cast<std::size_t>(proto::Type::unknown); ++i)
    set_count(status.events, i, proto::type_name(static_cast<proto::Type>(i)), counters.events[i]);
  for (std::size_t i = 0; i < proto::kRejectCount; ++i)
    set_count(status.rejected, i, proto::reason_name(static_cast<proto::Reject>(i)),
              counters.rejected[i]);
  for (std::size_t i = 0; i < intake::kDisconnectCount; ++i)
    set_count(status.disconnects, i, intake::disconnect_name(static_cast<intake::Disconnect>(i)),
              counters.disconnects[i]);
}

}  // namespace deskpulse
