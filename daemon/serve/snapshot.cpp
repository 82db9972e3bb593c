#include "daemon/serve/snapshot.hpp"

#include <array>
#include <string>
#include <string_view>

#include "daemon/metrics/series.hpp"
#include "daemon/serve/overview.hpp"
#include "daemon/serve/waiting_json.hpp"
#include "daemon/text/json_writer.hpp"

namespace deskpulse::serve {
namespace {

using engine::ScopeNumbers;

class Snapshot {
 public:
  Snapshot(const moment::Moment& moment, std::optional<std::size_t> shop_row, text::TextBuffer& out)
      : moment_(moment),
        report_(moment.report),
        directory_(*moment.report.directory),
        choice_(choose_scopes(moment.spans)),
        shop_row_(shop_row),
        shops_(shop_row ? ShopRange{*shop_row, *shop_row + 1} : all_shops(report_)),
        agents_(agents_of(report_, shops_)),
        json_(out) {}

  void write(const History& history, const moment::WaitingPage* waiting) {
    json_.begin_object();
    json_.member("version", 1U);
    json_.member("at", moment_.at);
    json_.member("watermark", report_.watermark);
    json_.member("zone", moment_.status.config.zone);
    write_status(moment_, json_);
    write_scopes();
    write_targets();
    write_choice();
    write_numbers();
    write_history(history);
    write_shops();
    write_agents();
    if (waiting != nullptr) {
      write_waiting_rows(moment_, *waiting, kSnapshotWaiting, json_);
    } else {
      json_.array("waiting");
      json_.end_array();
    }
    json_.end_object();
  }

 private:
  void write_scopes() {
    json_.array("windows");
    for (const std::string& scope : *report_.scopes) json_.value(scope);
    json_.end_array();
    json_.member("focus", (*report_.scopes)[choice_.focus]);
  }

  void write_targets() {
    json_.object("targets");
    for (const moment::Target& target : moment_.status.config.targets)
      json_.member(target.number, target.value);
    json_.end_object();
  }

  void write_choice() {
    json_.key("shop");
    if (!shop_row_) return json_.value(nullptr);
    const engine::Directory::Shop& shop = shop_of(*shop_row_);
    json_.begin_object();
    write_shop_names(shop);
    json_.end_object();
  }

  void write_numbers() {
    json_.object("numbers");
    write_levels(levels_of(report_, shops_, agents_));
    json_.object("windows");
    for (std::size_t scope = 0; scope < report_.scopes->size(); ++scope) {
      json_.object((*report_.scopes)[scope]);
      write_scope(scope_of(report_, shops_, scope));
      json_.end_object();
    }
    json_.end_object();
    json_.end_object();
  }

  void write_levels(const LevelsTogether& together) {
    json_.member("waiting_customers", together.levels.waiting_customers);
    json_.member("oldest_wait_seconds", proto::Millis{together.levels.oldest_wait_ms});
    json_.member("open_conversations", together.levels.open_conversations);
    json_.member("capacity", together.capacity);
    if (together.capacity) json_.member("capacity_used", together.capacity_used);
    if (!together.agents) return;
    json_.object("agents");
    for (std::size_t i = 0; i < together.agents->size(); ++i)
      json_.member(metrics::status_labels()[i].value, (*together.agents)[i]);
    json_.end_object();
  }

  void write_scope(const ScopeTogether& scope) {
    const ScopeNumbers& numbers = scope.numbers;
    json_.object("messages");
    for (std::size_t from = 0; from < numbers.messages.size(); ++from)
      json_.member(metrics::from_labels()[from].value, numbers.messages[from]);
    json_.end_object();
    json_.member("consulting_customers", numbers.consulting_customers);
    json_.member("received_customers", numbers.received_customers());
    json_.member("slow_turns", numbers.slow_turns);
    json_.member("slow_customers", numbers.slow_customers);
    json_.member("unanswered_customers", numbers.unanswered_customers);
    write_answers(numbers);
    if (numbers.answered_turns != 0)
      json_.member("response_time_max_seconds", proto::Millis{numbers.response_time_max_ms});
    if (scope.quantiles_ms) {
      json_.object("response_time_seconds");
      for (std::size_t q = 0; q < scope.quantiles_ms->size(); ++q)
        json_.member(metrics::quantile_labels()[q].value, (*scope.quantiles_ms)[q] / 1000);
      json_.end_object();
    }
    json_.member("first_responses", numbers.first_responses);
    json_.member("first_response_time_sum_seconds",
                 proto::Millis{numbers.first_response_time_sum_ms});
    json_.member("judged_turns", numbers.judged_turns);
    json_.member("timely_turns", numbers.timely_turns);
    if (shops_.size() == 1) json_.member("peak_conversations", numbers.peak_conversations);
  }

  void write_answers(const ScopeNumbers& numbers) {
    json_.member("answered_turns", numbers.answered_turns);
    json_.member("response_time_sum_seconds", proto::Millis{numbers.response_time_sum_ms});
  }

  void write_history(const History& history) {
    json_.object("history");
    json_.member("step_seconds", History::kStep);
    json_.member("end", history.end());
    for (std::size_t line = 0; line < kLines; ++line) {
      json_.array(kLineNames[line]);
      for (std::size_t point = 0; point < history.size(); ++point)
        json_.value(history.at(shop_row_, static_cast<Line>(line), point));
      json_.end_array();
    }
    json_.end_object();
  }

  void write_shops() {
    json_.array("shops");
    for (std::size_t row = 0; row < report_.shops.size(); ++row) {
      const ShopRange one{row, row + 1};
      const ScopeTogether focus = scope_of(report_, one, choice_.focus);
      const ScopeNumbers& today = shop_scope(row, choice_.today);
      json_.begin_object();
      write_shop_names(shop_of(row));
      write_levels(levels_of(report_, one, agents_of(report_, one)));
      json_.member("messages_per_minute", messages_per_minute(report_, one, choice_));
      json_.member("slow_customers", focus.numbers.slow_customers);
      json_.member("consulting_customers", focus.numbers.consulting_customers);
      json_.member("unanswered_customers", focus.numbers.unanswered_customers);
      write_answers(focus.numbers);
      if (focus.quantiles_ms) {
        static_assert(engine::kQuantiles[1] == 0.9);
        json_.member("response_time_p90_seconds", (*focus.quantiles_ms)[1] / 1000);
      }
      json_.member("unanswered_customers_today", today.unanswered_customers);
      json_.member("received_customers_today", today.received_customers());
      json_.end_object();
    }
    json_.end_array();
  }

  void write_agents() {
    json_.array("agents");
    for (std::size_t row = agents_.begin; row < agents_.end; ++row) {
      const engine::AgentRow& agent = report_.agents[row];
      const engine::Directory::Agent& names = directory_.agents[agent.agent];
      const std::size_t count = report_.scopes->size();
      const ScopeNumbers& focus = report_.agent_scopes[row * count + choice_.focus];
      const ScopeNumbers& today = report_.agent_scopes[row * count + count - 1];
      json_.begin_object();
      json_.member("shop", directory_.shops[names.shop].id);
      json_.member("agent", names.id);
      if (names.name != names.id) json_.member("name", names.name);
      if (!names.group.empty()) json_.member("group", names.group);
      if (agent.presence)
        json_.member("status",
                     metrics::status_labels()[static_cast<std::size_t>(*agent.presence)].value);
      if (is_bot(agent, today)) json_.member("bot", true);
      json_.member("open_conversations", agent.levels.open_conversations);
      json_.member("capacity", agent.capacity);
      json_.member("waiting_customers", agent.levels.waiting_customers);
      json_.member("oldest_wait_seconds", proto::Millis{agent.levels.oldest_wait_ms});
      json_.member("slow_customers", focus.slow_customers);
      write_answers(focus);
      json_.end_object();
    }
    json_.end_array();
  }

  void write_shop_names(const engine::Directory::Shop& shop) {
    json_.member("shop", shop.id);
    if (shop.name != shop.id) json_.member("name", shop.name);
    json_.member("profile", shop.profile);
  }

  const engine::Directory::Shop& shop_of(std::size_t row) const {
    return directory_.shops[report_.shops[row].shop];
  }
  const ScopeNumbers& shop_scope(std::size_t row, std::size_t scope) const {
    return report_.shop_scopes[row * report_.scopes->size() + scope];
  }

  const moment::Moment& moment_;
  const engine::Report& report_;
  const engine::Directory& directory_;
  const ScopeChoice choice_;
  const std::optional<std::size_t> shop_row_;
  const ShopRange shops_;
  const AgentRange agents_;
  text::JsonWriter json_;
};

}  // namespace

void append_snapshot(const moment::Moment& moment, const History& history,
                     std::optional<std::size_t> shop_row, const moment::WaitingPage* waiting,
                     text::TextBuffer& out) {
  Snapshot(moment, shop_row, out).write(history, waiting);
}

}  // namespace deskpulse::serve
