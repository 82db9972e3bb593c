#include "daemon/metrics/exposition.hpp"

#include <array>
#include <cassert>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/metrics/series.hpp"
#include "daemon/text/escape.hpp"
#include "daemon/text/number_text.hpp"

namespace deskpulse::metrics {

/// The label text of every shop and agent, by their index in the directory: `{shop="…",agent="…"`.
class Exposition::Labels {
 public:
  const std::vector<std::string>& shops() const { return shops_; }
  const std::vector<std::string>& agents() const { return agents_; }

  /// Makes the text anew when the directory is another than the last time.
  void update(const std::shared_ptr<const engine::Directory>& directory) {
    assert(directory != nullptr);
    if (directory == directory_ && directory->version == version_) return;
    shops_.clear();
    agents_.clear();
    shops_.reserve(directory->shops.size());
    agents_.reserve(directory->agents.size());
    for (const auto& shop : directory->shops) {
      shops_.push_back("{shop=\"" + text::escape_label_value(shop.id) + '"');
    }
    for (const auto& agent : directory->agents) {
      agents_.push_back(shops_[agent.shop] + Label{"agent", agent.id}.text);
    }
    directory_ = directory;
    version_ = directory->version;
  }

 private:
  std::shared_ptr<const engine::Directory> directory_;  // held, so that no other takes its address
  std::uint64_t version_ = 0;
  std::vector<std::string> shops_;
  std::vector<std::string> agents_;
};

namespace {

char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// A sink of series.hpp that writes text.
class TextSink {
 public:
  TextSink(text::TextBuffer& text, const std::vector<std::string>& rows)
      : text_(text), rows_(rows) {}

  void family(Kind kind, std::string_view name, std::string_view help) {
    constexpr std::string_view kTypes[]{"gauge", "counter", "histogram", "summary"};
    name_ = name;
    text_.append("# HELP ");
    text_.append(name);
    text_.append(" ");
    text_.append(text::escape_help(help));
    text_.append("\n# TYPE ");
    text_.append(name);
    text_.append(" ");
    text_.append(kTypes[static_cast<std::size_t>(kind)]);
    text_.append("\n");
  }

  void row(std::uint32_t index) {
    row_ = rows_[index];
    head_.clear();
    head_.append(name_);
    head_.append(row_);
  }

  template <class Value>
  void value(Value value) {
    line("", "} ", value);
  }
  template <class Value>
  void value(Value value, const Label& label) {
    line("", label.last, value);
  }
  template <class Value>
  void value(Value value, const Label& first, const Label& second) {
    line(first.text, second.last, value);
  }

  void info(std::initializer_list<std::pair<std::string_view, std::string_view>> labels) {
    text_.append(head_.view());
    for (const auto& [name, value] : labels) {
      text_.append(Label{std::string(name), std::string(value)}.text);
    }
    text_.append("} 1\n");
  }

  void quantiles(const std::array<double, engine::kQuantiles.size()>& seconds,
                 const Label& window) {
    for (std::size_t q = 0; q < seconds.size(); ++q)
      value(seconds[q], window, quantile_labels()[q]);
  }

  void histogram(const engine::Histogram& histogram) {
    std::uint64_t count = 0;
    series_of_histogram("_bucket");
    for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
      count += histogram.buckets[i];
      value(count, edge_labels()[i]);
    }
    series_of_histogram("_sum");
    value(proto::Millis{histogram.sum_ms});
    series_of_histogram("_count");
    value(count);
  }

 private:
  void series_of_histogram(std::string_view suffix) {
    head_.clear();
    head_.append(name_);
    head_.append(suffix);
    head_.append(row_);
  }

  template <class Value>
  void line(std::string_view middle, std::string_view last, Value value) {
    const std::string_view head = head_.view();
    char* to = text_.room(head.size() + middle.size() + last.size() + text::kMaxNumberText + 1);
    to = put(to, head);
    to = put(to, middle);
    to = put(to, last);
    to = text::write_number(to, value);
    *to++ = '\n';
    text_.commit(to);
  }

  text::TextBuffer& text_;
  const std::vector<std::string>& rows_;
  std::string_view name_;
  std::string_view row_;
  text::TextBuffer head_;  // the family's name and the row's labels
};

}  // namespace

Exposition::Exposition() : labels_(std::make_unique<Labels>()) {}
Exposition::~Exposition() = default;

void Exposition::append_shops(const engine::Report& report, text::TextBuffer& text) {
  labels_->update(report.directory);
  TextSink sink(text, labels_->shops());
  walk_shops(report, sink);
}

void Exposition::append_agents(const engine::Report& report, text::TextBuffer& text) {
  labels_->update(report.directory);
  TextSink sink(text, labels_->agents());
  walk_agents(report, sink);
}

std::string replay_text(const engine::Report& report, bool agents) {
  Exposition exposition;
  text::TextBuffer text;
  exposition.append_shops(report, text);
  if (agents) exposition.append_agents(report, text);
  return std::string(text.view());
}

}  // namespace deskpulse::metrics
