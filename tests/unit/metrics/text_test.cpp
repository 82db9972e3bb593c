// Numbers, escapes and the serializer: how things are spelled on a page.
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <array>
#include <limits>
#include <random>
#include <string>

#include "daemon/metrics/families.hpp"
#include "daemon/metrics/text_serializer.hpp"
#include "daemon/text/escape.hpp"
#include "daemon/text/number_text.hpp"

namespace deskpulse::metrics {
namespace {

template <class Value>
std::string text_of(Value value) {
  std::array<char, text::kMaxNumberText> text{};
  return {text.data(), text::write_number(text.data(), value)};
}

using std::chrono::milliseconds;

TEST(NumberText, SecondsAreExactAndWithoutTrailingZeros) {
  EXPECT_EQ(text_of(milliseconds{0}), "0");
  EXPECT_EQ(text_of(milliseconds{1}), "0.001");
  EXPECT_EQ(text_of(milliseconds{10}), "0.01");
  EXPECT_EQ(text_of(milliseconds{500}), "0.5");
  EXPECT_EQ(text_of(milliseconds{12'345}), "12.345");
  EXPECT_EQ(text_of(milliseconds{12'000}), "12");
  EXPECT_EQ(text_of(milliseconds{61'050}), "61.05");
  EXPECT_EQ(text_of(milliseconds{-1'500}), "-1.5");
  EXPECT_EQ(text_of(milliseconds{253'402'300'799'999}), "253402300799.999");
}

TEST(NumberText, SecondsAreSpelledAsTheNearestDoubleIs) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const milliseconds value{static_cast<std::int64_t>(random() >> (14 + random() % 48))};
    ASSERT_EQ(text_of(value), text_of(static_cast<double>(value.count()) / 1000));
  }
}

TEST(NumberText, CountsAndDoublesHaveNoExponentWhereTheyAreWhole) {
  EXPECT_EQ(text_of(std::uint64_t{0}), "0");
  EXPECT_EQ(text_of(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(text_of(1e6), "1000000");
  EXPECT_EQ(text_of(-3.0), "-3");
  EXPECT_EQ(text_of(0.1), "0.1");
}

TEST(NumberText, WhatIsNoNumberIsSpelledAsPrometheusDoes) {
  EXPECT_EQ(text_of(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(text_of(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(text_of(-std::numeric_limits<double>::infinity()), "-Inf");
}

TEST(Escape, LabelValuesAndHelpDifferInTheQuote) {
  EXPECT_EQ(text::escape_label_value("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
  EXPECT_EQ(text::escape_help("a\"b\\c\nd"), "a\"b\\\\c\\nd");
}

TEST(Escape, BytesThatAreNotUtf8AreReplacedOneByOne) {
  EXPECT_EQ(text::escape_label_value("\xC0\xAF"), "\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(text::escape_label_value("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(text::escape_label_value("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // too great
  EXPECT_EQ(text::escape_label_value("x\xE5\xAE"), "x\uFFFD\uFFFD");                    // cut
  EXPECT_EQ(text::escape_label_value("客👩\u007F"), "客👩\u007F");
}

TEST(TextSerializer, EscapesHelpAndSpellsNumbersAsPrometheusDoes) {
  auto gauge = gauge_family("g", "two\nlines \\ \"quoted\"");
  add_series(gauge, std::numeric_limits<double>::quiet_NaN());
  add_series(gauge, 2.5, {{"a", "x\"\n"}, {"b", ""}});

  EXPECT_EQ(TextSerializer().Serialize({gauge}),
            "# HELP g two\\nlines \\\\ \"quoted\"\n# TYPE g gauge\ng NaN\n"
            "g{a=\"x\\\"\\n\",b=\"\"} 2.5\n");
}

TEST(TextSerializer, HistogramsAlwaysEndWithInf) {
  prometheus::MetricFamily family{"h", "H.", prometheus::MetricType::Histogram, {}};
  auto& histogram = family.metric.emplace_back().histogram;
  histogram.sample_count = 3;
  histogram.sample_sum = 1.5;
  histogram.bucket = {{1, 0.5}, {2, 5}};

  EXPECT_EQ(TextSerializer().Serialize({family}),
            "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"5.0\"} 2\n"
            "h_bucket{le=\"+Inf\"} 3\nh_sum 1.5\nh_count 3\n");
}

TEST(TextSerializer, SummariesHaveQuantilesSumAndCount) {
  prometheus::MetricFamily family{"s", "S.", prometheus::MetricType::Summary, {}};
  auto& summary = family.metric.emplace_back().summary;
  summary.sample_count = 4;
  summary.sample_sum = 8;
  summary.quantile = {{0.5, 2}};

  EXPECT_EQ(TextSerializer().Serialize({family}),
            "# HELP s S.\n# TYPE s summary\ns{quantile=\"0.5\"} 2\ns_sum 8\ns_count 4\n");
}

TEST(TextSerializer, SummaryThatCountsNothingHasItsQuantilesOnly) {
  prometheus::MetricFamily family{"s", "S.", prometheus::MetricType::Summary, {}};
  family.metric.emplace_back().summary.quantile = {{0.5, 2}};

  EXPECT_EQ(TextSerializer().Serialize({family}),
            "# HELP s S.\n# TYPE s summary\ns{quantile=\"0.5\"} 2\n");
}

}  // namespace
}  // namespace deskpulse::metrics
