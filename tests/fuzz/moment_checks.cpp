#include "tests/fuzz/moment_checks.hpp"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <map>
#include <numeric>
#include <string>

#include "daemon/metrics/exposition.hpp"
#include "daemon/serve/snapshot.hpp"
#include "daemon/text/text_buffer.hpp"
#include "proto/decoder.hpp"
#include "tests/unit/metrics/exposition_checker.hpp"

namespace deskpulse::fuzz {
namespace {

void check_scope(const engine::ScopeNumbers& scope) {
  assert(scope.slow_customers <= scope.slow_turns);
  assert(scope.first_responses <= scope.answered_turns);
  assert(scope.timely_turns <= scope.judged_turns);
  assert(scope.first_response_time_sum_ms <= scope.response_time_sum_ms);
  assert(scope.first_response_time_sum_ms >= 0);
}

}  // namespace

void check_scopes(const moment::Moment& moment) {
  const engine::Report& report = moment.report;
  std::for_each(report.shop_scopes.begin(), report.shop_scopes.end(), check_scope);
  std::for_each(report.agent_scopes.begin(), report.agent_scopes.end(), check_scope);
}

void check_levels(const moment::Moment& moment) {
  const engine::Report& report = moment.report;
  assert(report.scopes && report.directory);
  const std::size_t scopes = report.scopes->size();
  assert(report.shop_scopes.size() == report.shops.size() * scopes);
  assert(report.shop_quantiles.size() == report.shop_scopes.size());
  assert(report.agent_scopes.size() == report.agents.size() * scopes);

  std::map<std::uint32_t, engine::Levels> sums;
  for (const engine::AgentRow& row : report.agents) {
    assert(row.levels.waiting_customers <= row.levels.open_conversations);
    engine::Levels& sum = sums[report.directory->agents.at(row.agent).shop];
    sum.waiting_customers += row.levels.waiting_customers;
    sum.open_conversations += row.levels.open_conversations;
    sum.oldest_wait_ms = std::max(sum.oldest_wait_ms, row.levels.oldest_wait_ms);
  }
  std::uint64_t open = 0;
  for (const engine::ShopRow& row : report.shops) {
    const engine::Levels& sum = sums[row.shop];
    assert(row.levels.waiting_customers == sum.waiting_customers);
    assert(row.levels.open_conversations == sum.open_conversations);
    assert(row.levels.oldest_wait_ms == sum.oldest_wait_ms);
    assert(row.levels.oldest_wait_ms >= 0);
    assert(std::is_sorted(row.waiting_over.rbegin(), row.waiting_over.rend()));
    assert(row.waiting_over.front() <= row.levels.waiting_customers);
    open += row.levels.open_conversations;
  }
  assert(open <= report.conversations);
}

namespace {

bool is_json(std::string_view text) {
  static proto::Decoder decoder({.max_bytes = 1 << 24});
  const auto decoded = decoder.client_frame(text);
  return decoded || decoded.error().reason != proto::Reject::not_json;
}

}  // namespace

void check_pages(const moment::Moment& moment) {
  const std::string page = metrics::replay_text(moment.report, /*agents=*/true);
  const check::Page read = check::read_page(page);
  for (const std::string& problem : read.problems) std::fprintf(stderr, "%s\n", problem.c_str());
  assert(read.problems.empty());

  text::TextBuffer text;
  serve::append_snapshot(moment, serve::History(), std::nullopt, nullptr, text);
  assert(is_json(text.view()));
}

}  // namespace deskpulse::fuzz
