// Making prometheus-cpp's families by hand.
#pragma once

#include <prometheus/metric_family.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "daemon/moment/status.hpp"

namespace deskpulse::metrics {

inline prometheus::MetricFamily gauge_family(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Gauge, {}};
}
inline prometheus::MetricFamily counter_family(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Counter, {}};
}

/// Adds one series to a family of gauges or counters.
inline void add_series(prometheus::MetricFamily& family, double value,
                       std::vector<prometheus::ClientMetric::Label> labels = {}) {
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

/// The family with its only series.
template <class Number>
prometheus::MetricFamily one(prometheus::MetricFamily family, Number value) {
  add_series(family, static_cast<double>(value));
  return family;
}

/// The family with a series for each value of its only label.
inline prometheus::MetricFamily by(prometheus::MetricFamily family, const std::string& label,
                                   const std::vector<moment::LabelCount>& counts) {
  for (const moment::LabelCount& each : counts)
    add_series(family, static_cast<double>(each.count), {{label, each.label}});
  return family;
}

template <class Rep, class Period>
double seconds(std::chrono::duration<Rep, Period> value) {
  return std::chrono::duration<double>(value).count();
}

}  // namespace deskpulse::metrics
