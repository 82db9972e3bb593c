#include "daemon/serve/waiting_json.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace deskpulse::serve {

std::string customer_mask(const proto::CustomerKey& key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr int kShown = 8;
  std::string mask = "#";
  for (int i = 0; i < kShown; ++i) mask += kDigits[key.high >> (60 - 4 * i) & 15];
  return mask;
}

void write_status(const moment::Moment& moment, text::JsonWriter& json) {
  const moment::Status& status = moment.status;
  json.object("status");
  json.member("state", moment::feed_state(status));
  json.member("stale", status.stale);
  json.member("connected", status.connected);
  json.member("lag_seconds", status.lag);
  json.array("incomplete");
  for (const moment::WindowIncomplete& each : status.windows)
    if (each.incomplete) json.value(each.window);
  json.end_array();
  json.end_object();
}

void write_waiting_rows(const moment::Moment& moment, const moment::WaitingPage& page,
                        std::optional<std::size_t> limit, text::JsonWriter& json) {
  const std::vector<engine::WaitingRow>& rows = page.list.rows;
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto waits_longer = [&](std::uint32_t a, std::uint32_t b) {
    return engine::waits_longer(rows[a], rows[b]);
  };
  if (limit && *limit < order.size()) {  // somebody else wanted more
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(*limit);
    std::nth_element(order.begin(), end, order.end(), waits_longer);
    order.resize(*limit);
  }
  std::sort(order.begin(), order.end(), waits_longer);
  const engine::Directory& directory = *moment.report.directory;
  json.array("waiting");
  for (const std::uint32_t i : order) {
    const engine::WaitingRow& row = rows[i];
    const bool is_shown = i < page.customers.size() && !page.customers[i].empty();
    json.begin_object();
    json.member("shop", directory.shops[row.shop].id);
    json.member("agent", directory.agents[row.agent].id);
    json.member("customer", is_shown ? page.customers[i] : customer_mask(row.customer));
    json.member("since", row.since);
    json.member("wait_seconds", moment.report.watermark - row.since);
    json.member("slow", row.is_slow);
    json.end_object();
  }
  json.end_array();
}

void append_waiting_list(const moment::Moment& moment, const moment::WaitingPage& page,
                         std::optional<std::size_t> limit, text::TextBuffer& out) {
  text::JsonWriter json(out);
  json.begin_object();
  json.member("version", 1U);
  json.member("at", moment.at);
  json.member("watermark", moment.report.watermark);
  write_status(moment, json);
  json.member("waiting_customers", page.list.waiting_customers);
  write_waiting_rows(moment, page, limit, json);
  json.end_object();
}

}  // namespace deskpulse::serve
