#include "tests/unit/metrics/sample_report.hpp"

#include <memory>

namespace deskpulse::metrics {
namespace {

std::string repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

engine::ShopRow shop_row(std::uint32_t shop) {
  engine::ShopRow row;
  row.shop = shop;
  row.levels = {.waiting_customers = 3, .open_conversations = 12, .oldest_wait_ms = 61'500};
  row.counters.messages = {10, 8, 2, 1, 4, 0, 1};
  row.counters.turns = {7, 2, 1, 3};
  row.counters.slow_turns = 2;
  row.waiting_over = {2, 1, 0, 0, 0, 0};
  row.response_duration.buckets = {3, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1};
  row.response_duration.sum_ms = 712'345;
  row.first_response_duration.buckets[1] = 1;
  row.first_response_duration.sum_ms = 9'000;
  return row;
}

engine::ScopeNumbers busy_scope() {
  engine::ScopeNumbers scope;
  scope.messages = {5, 4, 1, 0, 2, 0, 1};
  scope.consulting_customers = 4;
  scope.slow_turns = 2;
  scope.slow_customers = 1;
  scope.unanswered_customers = 3;
  scope.answered_turns = 5;
  scope.first_responses = 2;
  scope.judged_turns = 6;
  scope.timely_turns = 4;
  scope.peak_conversations = 12;
  scope.response_time_sum_ms = 72'345;
  scope.first_response_time_sum_ms = 9'000;
  scope.response_time_max_ms = 61'050;
  return scope;
}

/// Of one who has got messages of customers and has sent some; nobody else has written there.
engine::ScopeNumbers busy_scope_of_agent() {
  engine::ScopeNumbers scope = busy_scope();
  scope.messages = {5, 4};
  return scope;
}

}  // namespace

engine::Report small_report() {
  engine::Report report;
  report.watermark = proto::Instant{proto::Millis{1'700'000'000'500}};
  report.conversations = 42;
  report.scopes =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"5m", "today"});
  engine::Directory directory;
  directory.version = 1;
  directory.shops = {{"tea", "Tea House", "taobao"}};
  directory.agents = {{0, "amy", "Amy", "night", false}, {0, "unassigned", "unassigned", "", true}};
  report.directory = std::make_shared<const engine::Directory>(std::move(directory));

  report.shops = {shop_row(0)};
  report.shops[0].agents_by_presence = {1, 0, 0};
  report.shop_scopes = {busy_scope(), engine::ScopeNumbers{}};
  report.shop_quantiles = {std::array{6'600.0, 40'000.0, 61'050.5}, std::nullopt};

  engine::AgentRow amy;
  amy.agent = 0;
  amy.levels = {.waiting_customers = 1, .open_conversations = 9, .oldest_wait_ms = 500};
  amy.counters.messages = {10, 8, 0, 0, 4, 0, 0};
  amy.counters.turns = {7, 0, 0, 3};
  amy.capacity = 8;
  amy.presence = engine::Presence::online;
  engine::AgentRow queue;
  queue.agent = 1;
  queue.levels = {.waiting_customers = 2, .open_conversations = 3, .oldest_wait_ms = 61'500};
  report.agents = {amy, queue};
  report.agent_scopes = {busy_scope_of_agent(), engine::ScopeNumbers{}, engine::ScopeNumbers{},
                         busy_scope_of_agent()};
  report.agent_scopes[0].messages[static_cast<std::size_t>(proto::From::automatic)] = 2;
  return report;
}

engine::Report report_with_names(const std::vector<std::string>& names) {
  engine::Report report = small_report();
  engine::Directory directory;
  directory.version = 2;
  report.shops.clear();
  report.shop_scopes.clear();
  report.shop_quantiles.clear();
  report.agents.clear();
  report.agent_scopes.clear();
  for (const std::string& shop : names) {
    const auto shop_index = static_cast<std::uint32_t>(directory.shops.size());
    directory.shops.push_back({shop, shop, "default"});
    report.shops.push_back(shop_row(shop_index));
    report.shop_scopes.insert(report.shop_scopes.end(), {busy_scope(), engine::ScopeNumbers{}});
    report.shop_quantiles.insert(report.shop_quantiles.end(),
                                 {std::array{1'000.0, 2'000.0, 3'000.0}, std::nullopt});
    for (const std::string& agent : names) {
      engine::AgentRow row;
      row.agent = static_cast<std::uint32_t>(directory.agents.size());
      report.agents.push_back(row);
      report.agent_scopes.insert(report.agent_scopes.end(),
                                 {busy_scope_of_agent(), engine::ScopeNumbers{}});
      directory.agents.push_back({shop_index, agent, agent, agent, false});
    }
  }
  report.directory = std::make_shared<const engine::Directory>(std::move(directory));
  return report;
}

std::vector<std::string> hostile_names() {
  return {"\"quoted\"",
          "back\\slash\\",
          "two\nlines\n",
          "\\n",
          "\\\"",
          "emoji 👩‍💻🍵",
          repeat("客", 66) + "ab",      // 200 bytes
          repeat("\u200F", 66) + "ab",  // right-to-left marks
          "} 1\n# TYPE x gauge\nx{a=\"",
          " leading and trailing ",
          "a,b={c}#",
          "",
          "\xF4\x8F\xBF\xBF"};
}

}  // namespace deskpulse::metrics
