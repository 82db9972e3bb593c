#include "tests/property/flatten.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "tests/property/act.hpp"

namespace deskpulse::property {
namespace {

using proto::Millis;

constexpr std::array<const char*, proto::kFromCount> kFromLabels{
    "customer", "human", "assist", "bot", "auto", "system", "note"};
constexpr std::array<const char*, engine::kOutcomeCount> kOutcomeLabels{
    "answered", "unanswered", "bot", "transferred_unanswered"};
constexpr std::array<const char*, engine::kQuantiles.size()> kQuantileLabels{"0.5", "0.9", "0.99"};

double real(std::uint64_t count) { return static_cast<double>(count); }
double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000.0; }

engine::Profile profile_of(const ProfileRules& rules) {
  if (const engine::Profile* shipped = engine::find_shipped_profile(rules.name)) return *shipped;
  const auto minutes = [](Time time) { return std::chrono::minutes(time / kMinute); };
  engine::Profile profile;
  profile.name = rules.name;
  profile.assist_is_valid = rules.assist_is_valid;
  profile.bot_is_valid = rules.bot_is_valid;
  profile.timely_within = Millis{rules.timely_within};
  profile.strict = rules.strict;
  profile.unit = rules.session_first ? engine::Unit::session_first : engine::Unit::turn;
  if (rules.hours) {
    profile.service_hours =
        engine::ServiceHours{minutes(rules.hours->first), minutes(rules.hours->second)};
  }
  if (rules.response_cap) profile.response_cap = Millis{*rules.response_cap};
  return profile;
}

engine::ShopSettings shop_settings_of(const ShopRules& rules) {
  engine::ShopSettings settings;
  settings.id = rules.id;
  settings.profile = profile_of(rules.profile);
  settings.slow_after = Millis{rules.slow_after};
  settings.abandon_after = Millis{rules.abandon_after};
  settings.session_gap = Millis{rules.session_gap};
  settings.slow_times = rules.slow_times;
  for (const AgentRules& agent : rules.agents) {
    settings.agents.push_back({agent.id, agent.name, agent.group, agent.capacity});
  }
  return settings;
}

/// The rows of one shop or agent, written under its labels.
class RowWriter {
 public:
  RowWriter(Series& into, std::string shop, std::optional<std::string> agent)
      : into_(into), shop_(std::move(shop)), agent_(std::move(agent)) {}

  using Label = std::pair<std::string_view, std::string_view>;

  void put(std::string_view number, double value, Label first = {}, Label second = {}) {
    const std::string name =
        (agent_ ? "deskpulse_agent_" : "deskpulse_shop_") + std::string(number);
    // "unassigned" and "" are different agents, so an absent label is one without a name.
    std::string key;
    if (agent_ && !second.first.empty()) {
      key = series_name(name, {{"shop", shop_}, {"agent", *agent_}, first, second});
    } else if (agent_ && !first.first.empty()) {
      key = series_name(name, {{"shop", shop_}, {"agent", *agent_}, first});
    } else if (agent_) {
      key = series_name(name, {{"shop", shop_}, {"agent", *agent_}});
    } else if (!second.first.empty()) {
      key = series_name(name, {{"shop", shop_}, first, second});
    } else if (!first.first.empty()) {
      key = series_name(name, {{"shop", shop_}, first});
    } else {
      key = series_name(name, {{"shop", shop_}});
    }
    if (!into_.emplace(key, value).second) into_["twice: " + key] = value;
  }

  /// R28: which senders an agent has.
  using Senders = std::array<bool, proto::kFromCount>;
  void senders(const engine::Counters& counters, const engine::ScopeNumbers* scopes,
               std::size_t count) {
    for (std::size_t i = 0; i < senders_.size(); ++i) {
      senders_[i] = !agent_ || i < 2 || counters.messages[i] > 0 ||
                    std::any_of(scopes, scopes + count,
                                [i](const auto& scope) { return scope.messages[i] > 0; });
    }
  }

  void counters(const engine::Counters& counters) {
    for (std::size_t i = 0; i < kFromLabels.size(); ++i) {
      if (senders_[i]) {
        put("messages_total", static_cast<double>(counters.messages[i]), {"from", kFromLabels[i]});
      }
    }
    for (std::size_t i = 0; i < kOutcomeLabels.size(); ++i) {
      put("turns_total", static_cast<double>(counters.turns[i]), {"outcome", kOutcomeLabels[i]});
    }
    put("slow_turns_total", static_cast<double>(counters.slow_turns));
  }

  void levels(const engine::Levels& levels) {
    put("waiting_customers", levels.waiting_customers);
    put("open_conversations", levels.open_conversations);
    put("oldest_wait_seconds", seconds(levels.oldest_wait_ms));
  }

  void scope(const std::string& window, const engine::ScopeNumbers& numbers, bool queue,
             bool today) {
    const Label label{"window", window};
    for (std::size_t i = 0; i < kFromLabels.size(); ++i) {
      if (senders_[i]) put("messages", real(numbers.messages[i]), label, {"from", kFromLabels[i]});
    }
    if (!queue) put("consulting_customers", real(numbers.consulting_customers), label);
    if (!queue) put("received_customers", real(numbers.received_customers()), label);
    if (!queue || !today) put("unanswered_customers", real(numbers.unanswered_customers), label);
    put("slow_turns", real(numbers.slow_turns), label);
    put("slow_customers", real(numbers.slow_customers), label);
    put("answered_turns", real(numbers.answered_turns), label);
    put("first_responses", real(numbers.first_responses), label);
    put("judged_turns", real(numbers.judged_turns), label);
    put("timely_turns", real(numbers.timely_turns), label);
    put("peak_conversations", numbers.peak_conversations, label);
    put("response_time_sum_seconds", seconds(numbers.response_time_sum_ms), label);
    put("first_response_time_sum_seconds", seconds(numbers.first_response_time_sum_ms), label);
    if (numbers.answered_turns > 0) {
      put("response_time_max_seconds", seconds(numbers.response_time_max_ms), label);
    }
  }

  void histogram(const std::string& name, const engine::Histogram& histogram) {
    std::uint64_t within = 0;
    for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
      within += histogram.buckets[i];
      const std::string le = i < engine::kHistogramEdgesSeconds.size()
                                 ? std::to_string(engine::kHistogramEdgesSeconds[i]) + ".0"
                                 : "+Inf";
      put(name + "_bucket", static_cast<double>(within), {"le", le});
    }
    put(name + "_count", static_cast<double>(within));
    put(name + "_sum", seconds(histogram.sum_ms));
  }

 private:
  Series& into_;
  Senders senders_{};
  std::string shop_;
  std::optional<std::string> agent_;
};

}  // namespace

engine::Settings settings_of(const Rules& rules) {
  engine::Settings settings;
  settings.windows.clear();
  for (const WindowRules& window : rules.windows) {
    settings.windows.push_back({window.label, Millis{window.span}});
  }
  std::vector<engine::ZoneTransition> transitions;
  for (const auto& [from, offset] : rules.zone.transitions) {
    transitions.push_back({engine::Instant{Millis{from}}, std::chrono::seconds(offset / kSecond)});
  }
  settings.calendar =
      engine::Calendar(std::chrono::seconds(rules.zone.offset / kSecond), std::move(transitions),
                       std::chrono::minutes(rules.zone.cut / kMinute));
  settings.limits.agent_idle = Millis{rules.agent_idle};
  settings.shop_defaults = shop_settings_of(rules.defaults);
  for (const ShopRules& shop : rules.shops) settings.shops.push_back(shop_settings_of(shop));
  return settings;
}

Series flatten(const engine::Report& report) {
  Series series;
  const std::vector<std::string>& scopes = *report.scopes;
  for (std::size_t row = 0; row < report.shops.size(); ++row) {
    const engine::ShopRow& shop = report.shops[row];
    RowWriter writer(series, report.directory->shops[shop.shop].id, std::nullopt);
    writer.levels(shop.levels);
    writer.senders(shop.counters, &report.shop_scopes[row * scopes.size()], scopes.size());
    writer.counters(shop.counters);
    for (std::size_t i = 0; shop.agents_by_presence && i < kStatusLabels.size(); ++i) {
      writer.put("agents", (*shop.agents_by_presence)[i], {"status", kStatusLabels[i]});
    }
    for (std::size_t i = 0; i < shop.waiting_over.size(); ++i) {
      writer.put("waiting_customers_over", shop.waiting_over[i],
                 {"seconds", std::to_string(engine::kWaitingOverSeconds[i])});
    }
    writer.histogram("response_duration_seconds", shop.response_duration);
    writer.histogram("first_response_duration_seconds", shop.first_response_duration);
    for (std::size_t i = 0; i < scopes.size(); ++i) {
      const std::size_t at = row * scopes.size() + i;
      writer.scope(scopes[i], report.shop_scopes[at], false, i + 1 == scopes.size());
      if (!report.shop_quantiles[at]) continue;
      for (std::size_t q = 0; q < kQuantileLabels.size(); ++q) {
        writer.put("response_time_seconds", (*report.shop_quantiles[at])[q] / 1000.0,
                   {"window", scopes[i]}, {"quantile", kQuantileLabels[q]});
      }
    }
  }
  for (std::size_t row = 0; row < report.agents.size(); ++row) {
    const engine::AgentRow& agent = report.agents[row];
    const engine::Directory::Agent& entry = report.directory->agents[agent.agent];
    RowWriter writer(series, report.directory->shops[entry.shop].id, entry.id);
    writer.levels(agent.levels);
    writer.senders(agent.counters, &report.agent_scopes[row * scopes.size()], scopes.size());
    writer.counters(agent.counters);
    if (agent.capacity) writer.put("capacity", *agent.capacity);
    if (agent.presence) {
      writer.put("status", 1, {"status", kStatusLabels[static_cast<std::size_t>(*agent.presence)]});
    }
    writer.put("info", 1, {"name", entry.name}, {"group", entry.group});
    for (std::size_t i = 0; i < scopes.size(); ++i) {
      writer.scope(scopes[i], report.agent_scopes[row * scopes.size() + i], entry.is_queue,
                   i + 1 == scopes.size());
    }
  }
  return series;
}

}  // namespace deskpulse::property
