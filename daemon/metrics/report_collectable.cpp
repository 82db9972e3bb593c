#include "daemon/metrics/report_collectable.hpp"

#include <prometheus/metric_family.h>

#include <array>
#include <chrono>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <utility>

#include "daemon/metrics/series.hpp"

namespace deskpulse::metrics {
namespace {

double as_double(std::uint64_t count) { return static_cast<double>(count); }
double as_double(proto::Millis value) { return static_cast<double>(value.count()) / 1000; }

prometheus::MetricType type_of(Kind kind) {
  switch (kind) {
    case Kind::gauge:
      return prometheus::MetricType::Gauge;
    case Kind::counter:
      return prometheus::MetricType::Counter;
    case Kind::histogram:
      return prometheus::MetricType::Histogram;
    case Kind::summary:
      return prometheus::MetricType::Summary;
  }
  return prometheus::MetricType::Untyped;
}

/// A sink of series.hpp that builds prometheus-cpp's families.
class FamilySink {
 public:
  FamilySink(const engine::Directory& directory, bool agents)
      : directory_(directory), agents_(agents) {}

  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

  void family(Kind kind, std::string_view name, std::string_view help) {
    families_.push_back({std::string(name), std::string(help), type_of(kind), {}});
  }

  void row(std::uint32_t index) {
    if (agents_) {
      const engine::Directory::Agent& agent = directory_.agents[index];
      row_ = {{"shop", directory_.shops[agent.shop].id}, {"agent", agent.id}};
    } else {
      row_ = {{"shop", directory_.shops[index].id}};
    }
  }

  template <class Value, class... Labels>
  void value(Value value, const Labels&... labels) {
    prometheus::ClientMetric& metric = add();
    (metric.label.push_back({labels.name, labels.value}), ...);
    set(metric, as_double(value));
  }

  void info(std::initializer_list<std::pair<std::string_view, std::string_view>> labels) {
    prometheus::ClientMetric& metric = add();
    for (const auto& [name, value] : labels) {
      metric.label.push_back({std::string(name), std::string(value)});
    }
    set(metric, 1);
  }

  void quantiles(const std::array<double, engine::kQuantiles.size()>& seconds,
                 const Label& window) {
    prometheus::ClientMetric& metric = add();
    metric.label.push_back({window.name, window.value});
    for (std::size_t q = 0; q < seconds.size(); ++q)
      metric.summary.quantile.push_back({engine::kQuantiles[q], seconds[q]});
  }

  void histogram(const engine::Histogram& histogram) {
    prometheus::ClientMetric::Histogram& out = add().histogram;
    for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
      out.sample_count += histogram.buckets[i];
      out.bucket.push_back({out.sample_count, i < engine::kHistogramEdgesSeconds.size()
                                                  ? engine::kHistogramEdgesSeconds[i]
                                                  : std::numeric_limits<double>::infinity()});
    }
    out.sample_sum = as_double(proto::Millis{histogram.sum_ms});
  }

 private:
  prometheus::ClientMetric& add() {
    prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = row_;
    return metric;
  }

  void set(prometheus::ClientMetric& metric, double value) {
    if (families_.back().type == prometheus::MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
  }

  const engine::Directory& directory_;
  bool agents_;
  std::vector<prometheus::ClientMetric::Label> row_;
  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace

std::vector<prometheus::MetricFamily> ReportCollectable::Collect() const {
  FamilySink sink(*report_.directory, part_ == Part::agents);
  if (part_ == Part::shops) {
    walk_shops(report_, sink);
  } else {
    walk_agents(report_, sink);
  }
  return sink.take();
}

}  // namespace deskpulse::metrics
