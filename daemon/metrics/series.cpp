#include "daemon/metrics/series.hpp"

#include <utility>

#include "daemon/text/escape.hpp"

namespace deskpulse::metrics {

Label::Label(std::string label_name, std::string label_value)
    : name(std::move(label_name)),
      value(std::move(label_value)),
      text("," + name + "=\"" + text::escape_label_value(value) + "\""),
      last(text + "} ") {}

// Both names of a number differ in one word only; a macro keeps them so.
#define DESKPULSE_NAMES(number) "deskpulse_shop_" number, "deskpulse_agent_" number
#define DESKPULSE_SHOP_NAME(number) "deskpulse_shop_" number, ""
#define DESKPULSE_AGENT_NAME(number) "", "deskpulse_agent_" number

namespace number {

constexpr Number info{Kind::gauge, DESKPULSE_NAMES("info"),
                      "Names of the shop or agent, to be joined to its numbers (店铺与客服名称). "
                      "Always 1."};

constexpr Number waiting_customers{Kind::gauge, DESKPULSE_NAMES("waiting_customers"),
                                   "Customers who wait for a reply now: open turns (等待中)."};
constexpr Number waiting_customers_over{
    Kind::gauge, DESKPULSE_SHOP_NAME("waiting_customers_over"),
    "Customers who have waited for longer than so many seconds now (等待超时)."};
constexpr Number oldest_wait{
    Kind::gauge, DESKPULSE_NAMES("oldest_wait_seconds"),
    "How long the customer has waited who waits longest (最长等待); 0 when nobody waits."};
constexpr Number open_conversations{
    Kind::gauge, DESKPULSE_NAMES("open_conversations"),
    "Conversations with an open session now, by responsible agent: the load (接待压力)."};
constexpr Number capacity{
    Kind::gauge, DESKPULSE_AGENT_NAME("capacity"),
    "Conversations the agent can take at once, as last announced (接待上限)."};

constexpr Number agents{Kind::gauge, DESKPULSE_SHOP_NAME("agents"),
                        "Agents by their presence now, as last announced (客服在线状态)."};
constexpr Number status{Kind::gauge, DESKPULSE_AGENT_NAME("status"),
                        "Presence of the agent now, as last announced (在线状态). Always 1."};

constexpr Number messages{Kind::gauge, DESKPULSE_NAMES("messages"),
                          "Messages in the window, by sender (消息数)."};
constexpr Number consulting_customers{Kind::gauge, DESKPULSE_NAMES("consulting_customers"),
                                      "Distinct customers who wrote in the window (咨询人数)."};
constexpr Number received_customers{
    Kind::gauge, DESKPULSE_NAMES("received_customers"),
    "Consulting customers of the window that no filter rule takes out (接待人数)."};
constexpr Number slow_turns{
    Kind::gauge, DESKPULSE_NAMES("slow_turns"),
    "Turns that became slow in the window: longer without a reply than slow_after (慢响应次数)."};
constexpr Number slow_customers{
    Kind::gauge, DESKPULSE_NAMES("slow_customers"),
    "Distinct customers with a turn that became slow in the window (慢响应人数)."};
constexpr Number unanswered_customers{
    Kind::gauge, DESKPULSE_NAMES("unanswered_customers"),
    "Distinct customers without a reply (未回复人数): in a rolling window, those whose newest turn "
    "opened in it and has none; of today, received customers with no valid reply today."};
constexpr Number answered_turns{Kind::gauge, DESKPULSE_NAMES("answered_turns"),
                                "Turns answered by a valid reply in the window (回复轮次)."};
constexpr Number response_time_sum{
    Kind::gauge, DESKPULSE_NAMES("response_time_sum_seconds"),
    "Sum of the response times of the window's answered turns (响应时间合计); by answered_turns it "
    "is the mean (平均响应时间)."};
constexpr Number response_time_max{
    Kind::gauge, DESKPULSE_NAMES("response_time_max_seconds"),
    "The longest response time of the window's answered turns (最长响应时间)."};
constexpr Number first_responses{
    Kind::gauge, DESKPULSE_NAMES("first_responses"),
    "Answered turns of the window that were the first of their session (首次响应次数)."};
constexpr Number first_response_time_sum{
    Kind::gauge, DESKPULSE_NAMES("first_response_time_sum_seconds"),
    "Sum of the response times of the window's first responses (首次响应时间合计); by "
    "first_responses it is the mean (首响)."};
constexpr Number response_time{
    Kind::summary, DESKPULSE_SHOP_NAME("response_time_seconds"),
    "Quantiles of the response times of the window's answered turns, within 5 % "
    "(响应时间分位数)."};
constexpr Number judged_turns{
    Kind::gauge, DESKPULSE_NAMES("judged_turns"),
    "Turns of the window that the shop's rule profile judged as timely or late (考核轮次)."};
constexpr Number timely_turns{
    Kind::gauge, DESKPULSE_NAMES("timely_turns"),
    "Judged turns of the window answered within the profile's limit (及时回复轮次)."};
constexpr Number peak_conversations{
    Kind::gauge, DESKPULSE_NAMES("peak_conversations"),
    "The most conversations open at once within the window (最大同时接待)."};

constexpr Number messages_total{Kind::counter, DESKPULSE_NAMES("messages_total"),
                                "Messages since the state began, by sender (消息总数)."};
constexpr Number turns_total{Kind::counter, DESKPULSE_NAMES("turns_total"),
                             "Turns since the state began, by how they ended (对话轮次); "
                             "transferred_unanswered counts each transfer of a waiting customer "
                             "(转出未回复)."};
constexpr Number slow_turns_total{Kind::counter, DESKPULSE_NAMES("slow_turns_total"),
                                  "Turns that became slow since the state began (慢响应总次数)."};
constexpr Number response_duration{
    Kind::histogram, DESKPULSE_SHOP_NAME("response_duration_seconds"),
    "Response times of answered turns since the state began (响应时间)."};
constexpr Number first_response_duration{
    Kind::histogram, DESKPULSE_SHOP_NAME("first_response_duration_seconds"),
    "Response times of first responses since the state began (首次响应时间)."};

}  // namespace number

const std::array<Label, proto::kFromCount>& from_labels() {
  static const std::array<Label, proto::kFromCount> labels{
      Label{"from", "customer"}, Label{"from", "human"}, Label{"from", "assist"},
      Label{"from", "bot"},      Label{"from", "auto"},  Label{"from", "system"},
      Label{"from", "note"}};
  return labels;
}

const std::array<Label, engine::kOutcomeCount>& outcome_labels() {
  static const std::array<Label, engine::kOutcomeCount> labels{
      Label{"outcome", "answered"}, Label{"outcome", "unanswered"}, Label{"outcome", "bot"},
      Label{"outcome", "transferred_unanswered"}};
  return labels;
}

const std::array<Label, engine::kPresenceCount>& status_labels() {
  static const std::array<Label, engine::kPresenceCount> labels{
      Label{"status", "online"}, Label{"status", "busy"}, Label{"status", "offline"}};
  return labels;
}

namespace {

template <std::size_t... I>
std::array<Label, sizeof...(I)> seconds_labels(std::index_sequence<I...> /*each*/) {
  return {Label{"seconds", std::to_string(engine::kWaitingOverSeconds[I])}...};
}

template <std::size_t... I>
std::array<Label, sizeof...(I) + 1> le_labels(std::index_sequence<I...> /*each*/) {
  return {Label{"le", std::to_string(engine::kHistogramEdgesSeconds[I]) + ".0"}...,
          Label{"le", "+Inf"}};
}

}  // namespace

const std::array<Label, engine::kQuantiles.size()>& quantile_labels() {
  static_assert(engine::kQuantiles == std::array{0.5, 0.9, 0.99});
  static const std::array<Label, engine::kQuantiles.size()> labels{
      Label{"quantile", "0.5"}, Label{"quantile", "0.9"}, Label{"quantile", "0.99"}};
  return labels;
}

const std::array<Label, engine::kWaitingOverSeconds.size()>& waiting_over_labels() {
  static const auto labels =
      seconds_labels(std::make_index_sequence<engine::kWaitingOverSeconds.size()>{});
  return labels;
}

const std::array<Label, engine::kHistogramEdgesSeconds.size() + 1>& edge_labels() {
  static const auto labels =
      le_labels(std::make_index_sequence<engine::kHistogramEdgesSeconds.size()>{});
  return labels;
}

std::vector<Label> window_labels(const engine::Report& report) {
  std::vector<Label> labels;
  labels.reserve(report.scopes->size());
  for (const std::string& scope : *report.scopes) labels.emplace_back("window", scope);
  return labels;
}

}  // namespace deskpulse::metrics
