// Every series over the engine's report: names, types, help and order, said once.
//
// A number of METRICS.md becomes one family of metrics for shops and one for agents. walk_shops()
// and walk_agents() go through them in a fixed order and hand each series to a sink: the fast text
// writer, or the one that builds prometheus-cpp's families. To add a number, add a Number to
// series.cpp and one line to a walk below.
//
// A sink has
//   family(Kind, name, help)        a new family begins
//   row(index)                      the series that follow are of this shop or agent (the index is
//                                   one into the directory)
//   value(number, label...)         one series: a count, std::chrono::milliseconds or a double,
//   with
//                                   up to two labels beyond the row's own
//   info({{name, value}...})        a series of value 1 with further labels
//   quantiles(seconds, label)       the series of one summary, by engine::kQuantiles
//   histogram(const Histogram&)     the series of one histogram
#pragma once

#include <array>
#include <cassert>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/engine/report.hpp"

namespace deskpulse::metrics {

/// `summary`: quantiles only; sum and count of what they are of are numbers of their own.
enum class Kind : std::uint8_t { gauge, counter, histogram, summary };

/// One number, as the shops' and the agents' families name and explain it.
struct Number {
  Kind kind;
  std::string_view shop_name;   ///< the whole name of the family; empty when shops have none
  std::string_view agent_name;  ///< the same for agents
  std::string_view help;        ///< unescaped; English, with the Chinese term
};

/// A label with its value, and the text that puts it behind others.
struct Label {
  Label(std::string label_name, std::string label_value);
  std::string name;
  std::string value;
  std::string text;  ///< `,name="value"`, escaped
  std::string last;  ///< the same, then `} `
};

namespace number {
extern const Number info, waiting_customers, waiting_customers_over, oldest_wait,
    open_conversations, capacity, agents, status, messages, consulting_customers,
    received_customers, slow_turns, slow_customers, unanswered_customers, answered_turns,
    response_time_sum, response_time_max, first_responses, first_response_time_sum, response_time,
    judged_turns, timely_turns, peak_conversations, messages_total, turns_total, slow_turns_total,
    response_duration, first_response_duration;
}  // namespace number

const std::array<Label, proto::kFromCount>& from_labels();  ///< by proto::From
const std::array<Label, engine::kOutcomeCount>& outcome_labels();
const std::array<Label, engine::kQuantiles.size()>& quantile_labels();
const std::array<Label, engine::kWaitingOverSeconds.size()>& waiting_over_labels();
/// The edges as the format wants them, `5.0` and not `5`; the last is +Inf.
const std::array<Label, engine::kHistogramEdgesSeconds.size() + 1>& edge_labels();
const std::array<Label, engine::kPresenceCount>& status_labels();  ///< by engine::Presence
std::vector<Label> window_labels(const engine::Report& report);

namespace detail {

/// Ruling R28: shops show every sender, agents these two always, and the rest while they have
/// messages of theirs to show.
constexpr bool always_shown(std::size_t from) {
  return from == static_cast<std::size_t>(proto::From::customer) ||
         from == static_cast<std::size_t>(proto::From::human);
}

/// The rows of one page: shops or agents.
template <class Row>
struct Rows {
  static constexpr bool kAgents = std::same_as<Row, engine::AgentRow>;

  const engine::Report& report;
  std::span<const Row> rows;
  std::span<const engine::ScopeNumbers> numbers;
  std::vector<Label> windows = window_labels(report);
  std::vector<bool> senders = senders_of_scopes();  ///< a row's are kFromCount

  static std::uint32_t index(const Row& row) {
    if constexpr (kAgents) {
      return row.agent;
    } else {
      return row.shop;
    }
  }
  /// The queue's row, `unassigned`, to which nobody writes (ruling R26).
  bool is_queue(const Row& row) const {
    if constexpr (kAgents) {
      return report.directory->agents[row.agent].is_queue;
    } else {
      return false;
    }
  }
  bool shows(const Row& row, std::size_t from) const {
    return !kAgents || always_shown(from) || row.counters.messages[from] != 0 ||
           senders[index_of(row) * proto::kFromCount + from];
  }
  std::size_t index_of(const Row& row) const {
    return static_cast<std::size_t>(&row - rows.data());
  }
  /// Counters may have begun anew while the scopes went on. Looked at once for a page: each of them
  /// is asked about in every scope.
  std::vector<bool> senders_of_scopes() const {
    if constexpr (!kAgents) return {};
    std::vector<bool> found(rows.size() * proto::kFromCount);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto row =
          found.begin() + static_cast<std::ptrdiff_t>(i / windows.size()) * proto::kFromCount;
      for (std::size_t from = 0; from < proto::kFromCount; ++from)
        if (numbers[i].messages[from] != 0) row[static_cast<std::ptrdiff_t>(from)] = true;
    }
    return found;
  }
  bool is_calendar(std::size_t scope) const { return scope + 1 == windows.size(); }
};

template <class Row, class Sink>
void begin(Sink& sink, const Number& number) {
  sink.family(number.kind, Rows<Row>::kAgents ? number.agent_name : number.shop_name, number.help);
}

/// `emit(row)` gives the series of one row.
template <class Row, class Sink, class Emit>
void each_row(const Rows<Row>& of, Sink& sink, const Number& number, Emit emit) {
  begin<Row>(sink, number);
  for (const Row& row : of.rows) {
    sink.row(of.index(row));
    emit(row);
  }
}

/// `emit(row, numbers, window, i)` gives the series of one row and scope; `i` counts the scopes.
template <class Row, class Sink, class Emit>
void each_scope(const Rows<Row>& of, Sink& sink, const Number& number, Emit emit) {
  begin<Row>(sink, number);
  const engine::ScopeNumbers* numbers = of.numbers.data();
  for (const Row& row : of.rows) {
    sink.row(of.index(row));
    for (std::size_t i = 0; i < of.windows.size(); ++i) emit(row, *numbers++, of.windows[i], i);
  }
}

/// A number that every row has in every scope.
template <class Row, class Sink, class Get>
void scoped(const Rows<Row>& of, Sink& sink, const Number& number, Get get) {
  each_scope(of, sink, number,
             [&](const Row&, const engine::ScopeNumbers& numbers, const Label& window,
                 std::size_t) { sink.value(get(numbers), window); });
}

inline std::uint64_t count(std::uint64_t value) { return value; }
inline proto::Millis seconds(std::int64_t ms) { return proto::Millis{ms}; }

template <class Row, class Sink>
void walk_scopes(const Rows<Row>& of, Sink& sink) {
  using engine::ScopeNumbers;
  assert(of.numbers.size() == of.rows.size() * of.windows.size());
  using Scope = const ScopeNumbers&;
  each_scope(of, sink, number::messages,
             [&](const Row& row, Scope numbers, const Label& window, std::size_t) {
               for (std::size_t from = 0; from < numbers.messages.size(); ++from) {
                 if (!of.shows(row, from)) continue;
                 sink.value(count(numbers.messages[from]), window, from_labels()[from]);
               }
             });
  each_scope(of, sink, number::consulting_customers,
             [&](const Row& row, Scope numbers, const Label& window, std::size_t) {
               if (!of.is_queue(row)) sink.value(count(numbers.consulting_customers), window);
             });
  each_scope(of, sink, number::received_customers,
             [&](const Row& row, Scope numbers, const Label& window, std::size_t) {
               if (!of.is_queue(row)) sink.value(count(numbers.received_customers()), window);
             });
  scoped(of, sink, number::slow_turns, [](Scope n) { return count(n.slow_turns); });
  scoped(of, sink, number::slow_customers, [](Scope n) { return count(n.slow_customers); });
  each_scope(of, sink, number::unanswered_customers,
             [&](const Row& row, Scope numbers, const Label& window, std::size_t i) {
               if (of.is_calendar(i) && of.is_queue(row)) return;
               sink.value(count(numbers.unanswered_customers), window);
             });
  scoped(of, sink, number::answered_turns, [](Scope n) { return count(n.answered_turns); });
  scoped(of, sink, number::response_time_sum,
         [](Scope n) { return seconds(n.response_time_sum_ms); });
  each_scope(of, sink, number::response_time_max,
             [&](const Row&, Scope numbers, const Label& window, std::size_t) {
               if (numbers.answered_turns == 0) return;
               sink.value(seconds(numbers.response_time_max_ms), window);
             });
  scoped(of, sink, number::first_responses, [](Scope n) { return count(n.first_responses); });
  scoped(of, sink, number::first_response_time_sum,
         [](Scope n) { return seconds(n.first_response_time_sum_ms); });
  if constexpr (!Rows<Row>::kAgents) {
    assert(of.report.shop_quantiles.size() == of.numbers.size());
    auto quantiles = of.report.shop_quantiles.begin();
    each_scope(of, sink, number::response_time,
               [&](const Row&, Scope, const Label& window, std::size_t) {
                 const engine::Quantiles& at = *quantiles++;
                 if (!at) return;
                 auto in_seconds = *at;
                 for (double& each : in_seconds) each /= 1000;
                 sink.quantiles(in_seconds, window);
               });
  }
  scoped(of, sink, number::judged_turns, [](Scope n) { return count(n.judged_turns); });
  scoped(of, sink, number::timely_turns, [](Scope n) { return count(n.timely_turns); });
  scoped(of, sink, number::peak_conversations, [](Scope n) { return count(n.peak_conversations); });
}

template <class Row, class Sink>
void walk_counters(const Rows<Row>& of, Sink& sink) {
  if (of.report.hides_counters) return;
  each_row(of, sink, number::messages_total, [&](const Row& row) {
    for (std::size_t from = 0; from < row.counters.messages.size(); ++from) {
      if (of.shows(row, from)) sink.value(row.counters.messages[from], from_labels()[from]);
    }
  });
  each_row(of, sink, number::turns_total, [&](const Row& row) {
    for (std::size_t outcome = 0; outcome < row.counters.turns.size(); ++outcome) {
      sink.value(row.counters.turns[outcome], outcome_labels()[outcome]);
    }
  });
  each_row(of, sink, number::slow_turns_total,
           [&](const Row& row) { sink.value(row.counters.slow_turns); });
}

template <class Row, class Sink>
void walk_waits(const Rows<Row>& of, Sink& sink) {
  each_row(of, sink, number::oldest_wait,
           [&](const Row& row) { sink.value(seconds(row.levels.oldest_wait_ms)); });
  each_row(of, sink, number::open_conversations,
           [&](const Row& row) { sink.value(count(row.levels.open_conversations)); });
}

}  // namespace detail

/// Every deskpulse_shop_* series. The report must have its directory and scopes.
template <class Sink>
void walk_shops(const engine::Report& report, Sink& sink) {
  using engine::ShopRow;
  const detail::Rows<ShopRow> of{report, report.shops, report.shop_scopes};
  detail::each_row(of, sink, number::info, [&](const ShopRow& row) {
    const engine::Directory::Shop& shop = report.directory->shops[row.shop];
    sink.info({{"name", shop.name}, {"profile", shop.profile}});
  });
  detail::each_row(of, sink, number::waiting_customers, [&](const ShopRow& row) {
    sink.value(detail::count(row.levels.waiting_customers));
  });
  detail::each_row(of, sink, number::waiting_customers_over, [&](const ShopRow& row) {
    for (std::size_t i = 0; i < row.waiting_over.size(); ++i) {
      sink.value(detail::count(row.waiting_over[i]), waiting_over_labels()[i]);
    }
  });
  detail::walk_waits(of, sink);
  detail::each_row(of, sink, number::agents, [&](const ShopRow& row) {
    if (!row.agents_by_presence) return;
    for (std::size_t i = 0; i < row.agents_by_presence->size(); ++i) {
      sink.value(detail::count((*row.agents_by_presence)[i]), status_labels()[i]);
    }
  });
  detail::walk_scopes(of, sink);
  detail::walk_counters(of, sink);
  if (report.hides_counters) return;
  detail::each_row(of, sink, number::response_duration,
                   [&](const ShopRow& row) { sink.histogram(row.response_duration); });
  detail::each_row(of, sink, number::first_response_duration,
                   [&](const ShopRow& row) { sink.histogram(row.first_response_duration); });
}

/// Every deskpulse_agent_* series.
template <class Sink>
void walk_agents(const engine::Report& report, Sink& sink) {
  using engine::AgentRow;
  const detail::Rows<AgentRow> of{report, report.agents, report.agent_scopes};
  detail::each_row(of, sink, number::info, [&](const AgentRow& row) {
    const engine::Directory::Agent& agent = report.directory->agents[row.agent];
    sink.info({{"name", agent.name}, {"group", agent.group}});
  });
  detail::each_row(of, sink, number::waiting_customers, [&](const AgentRow& row) {
    sink.value(detail::count(row.levels.waiting_customers));
  });
  detail::walk_waits(of, sink);
  detail::each_row(of, sink, number::capacity, [&](const AgentRow& row) {
    if (row.capacity) sink.value(detail::count(*row.capacity));
  });
  detail::each_row(of, sink, number::status, [&](const AgentRow& row) {
    if (row.presence) {
      sink.value(detail::count(1), status_labels()[static_cast<std::size_t>(*row.presence)]);
    }
  });
  detail::walk_scopes(of, sink);
  detail::walk_counters(of, sink);
}

}  // namespace deskpulse::metrics
