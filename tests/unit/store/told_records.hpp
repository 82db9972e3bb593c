// What a reader of the journal is told, as one text a call.
#pragma once

#include <string>
#include <vector>

#include "daemon/store/journal_line.hpp"
#include "proto/encoder.hpp"

namespace deskpulse::store {

class ToldRecords final : public JournalRecords {
 public:
  std::vector<std::string> told;
  JournalMark mark;        ///< the newest
  bool wants_more = true;  ///< behind what is missing

  void accepted(const proto::Event& event, const proto::CustomerKey& id) override {
    std::string text = "accepted ";
    append_accepted(text, event, id);
    text.pop_back();
    told.push_back(text);
  }
  void in_doubt() override { told.push_back("in doubt"); }
  void advanced(proto::Instant at) override { told.push_back("advanced " + digits(at)); }
  void heard(proto::Instant at) override { told.push_back("heard " + digits(at)); }
  void gap(std::string_view kind) override { told.push_back("gap " + std::string(kind)); }
  void missed_until(proto::Instant at) override { told.push_back("missed " + digits(at)); }
  void ended(const JournalMark& at) override { mark = at; }
  bool missing(std::uint64_t from, std::uint64_t to) override {
    told.push_back("missing " + std::to_string(from) + " to " + std::to_string(to));
    return wants_more;
  }

 private:
  static std::string digits(proto::Instant at) {
    return std::to_string(at.time_since_epoch().count());
  }
};

}  // namespace deskpulse::store
