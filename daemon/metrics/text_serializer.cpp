#include "daemon/metrics/text_serializer.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>

#include "daemon/text/escape.hpp"
#include "daemon/text/number_text.hpp"

namespace deskpulse::metrics {
namespace {

template <class Value>
std::string number_text(Value value) {
  std::array<char, text::kMaxNumberText> text{};
  return {text.data(), text::write_number(text.data(), value)};
}

/// An `le` or `quantile`: always with a point, since Prometheus 3 rewrites `5` to `5.0`.
std::string edge_text(double edge) {
  std::string text = number_text(edge);
  if (std::isfinite(edge) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string_view type_text(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Gauge:
      return "gauge";
    case prometheus::MetricType::Summary:
      return "summary";
    case prometheus::MetricType::Histogram:
      return "histogram";
    case prometheus::MetricType::Untyped:
      break;
  }
  return "untyped";
}

class Writer {
 public:
  Writer(std::ostream& out, std::string_view family) : out_(out), family_(family) {}

  void metric(prometheus::MetricType type, const prometheus::ClientMetric& metric) {
    std::string labels;
    for (const auto& label : metric.label) add(labels, label.name, label.value);
    switch (type) {
      case prometheus::MetricType::Counter:
        return line("", labels, metric.counter.value);
      case prometheus::MetricType::Gauge:
        return line("", labels, metric.gauge.value);
      case prometheus::MetricType::Untyped:
        return line("", labels, metric.untyped.value);
      case prometheus::MetricType::Summary:
        return summary(labels, metric.summary);
      case prometheus::MetricType::Histogram:
        return histogram(labels, metric.histogram);
    }
  }

 private:
  static void add(std::string& labels, std::string_view name, std::string_view value) {
    if (!labels.empty()) labels += ',';
    labels.append(name).append("=\"").append(text::escape_label_value(value)).append("\"");
  }

  template <class Value>
  void line(std::string_view suffix, const std::string& labels, Value value) {
    out_ << family_ << suffix;
    if (!labels.empty()) out_ << '{' << labels << '}';
    out_ << ' ' << number_text(value) << '\n';
  }

  void summary(const std::string& labels, const prometheus::ClientMetric::Summary& summary) {
    for (const auto& at : summary.quantile) {
      std::string with_quantile = labels;
      add(with_quantile, "quantile", number_text(at.quantile));
      line("", with_quantile, at.value);
    }
    // Quantiles of nothing cannot be: whoever gives them without a count keeps none.
    if (summary.sample_count == 0 && !summary.quantile.empty()) return;
    line("_sum", labels, summary.sample_sum);
    line("_count", labels, summary.sample_count);
  }

  void histogram(const std::string& labels, const prometheus::ClientMetric::Histogram& histogram) {
    const auto bucket = [&](double edge, std::uint64_t count) {
      std::string with_edge = labels;
      add(with_edge, "le", edge_text(edge));
      line("_bucket", with_edge, count);
    };
    for (const auto& at : histogram.bucket) bucket(at.upper_bound, at.cumulative_count);
    if (histogram.bucket.empty() || std::isfinite(histogram.bucket.back().upper_bound)) {
      bucket(std::numeric_limits<double>::infinity(), histogram.sample_count);
    }
    line("_sum", labels, histogram.sample_sum);
    line("_count", labels, histogram.sample_count);
  }

  std::ostream& out_;
  std::string_view family_;
};

}  // namespace

void TextSerializer::Serialize(std::ostream& out,
                               const std::vector<prometheus::MetricFamily>& families) const {
  for (const auto& family : families) {
    out << "# HELP " << family.name << ' ' << text::escape_help(family.help) << "\n# TYPE "
        << family.name << ' ' << type_text(family.type) << '\n';
    Writer writer(out, family.name);
    for (const auto& metric : family.metric) writer.metric(family.type, metric);
  }
}

}  // namespace deskpulse::metrics
