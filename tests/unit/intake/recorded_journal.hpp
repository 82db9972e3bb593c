// A journal in memory, for tests: remembers records and tells them again.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "daemon/intake/intake_journal.hpp"

namespace deskpulse::intake {

class RecordedJournal final : public IntakeJournal {
 public:
  void accepted(const proto::Event& event, const proto::CustomerKey& id) override {
    for (const std::string_view clear : {event.id, event.customer, event.order})
      told_clear_id = told_clear_id || !clear.empty();
    proto::Event kept = event;
    for (const auto field : {&proto::Event::shop, &proto::Event::agent, &proto::Event::from_agent,
                             &proto::Event::topic, &proto::Event::name, &proto::Event::group})
      kept.*field = texts_.emplace_back(event.*field);
    add([kept, id](IntakeJournal& to) { to.accepted(kept, id); });
  }
  void in_doubt() override {
    add([](IntakeJournal& to) { to.in_doubt(); });
  }
  void advanced(proto::Instant watermark) override {
    add([watermark](IntakeJournal& to) { to.advanced(watermark); });
  }
  void heard(proto::Instant ts) override {
    add([ts](IntakeJournal& to) { to.heard(ts); });
  }
  void gap(GapKind kind) override {
    add([kind](IntakeJournal& to) { to.gap(kind); });
  }
  void missed_until(proto::Instant until) override {
    add([until](IntakeJournal& to) { to.missed_until(until); });
  }

  std::size_t size() const { return records_.size(); }
  /// The records from the `first` on.
  void tell(IntakeJournal& to, std::size_t first) const {
    for (std::size_t i = first; i < records_.size(); ++i) records_[i](to);
  }

  bool told_clear_id = false;

 private:
  using Record = std::function<void(IntakeJournal&)>;
  void add(Record record) { records_.push_back(std::move(record)); }

  std::deque<std::string> texts_;  // a deque: they stay where they are
  std::vector<Record> records_;
};

}  // namespace deskpulse::intake
