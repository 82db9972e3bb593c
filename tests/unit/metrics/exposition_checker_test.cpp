#include "tests/unit/metrics/exposition_checker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace deskpulse::check {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::string gauge(const std::string& lines) { return "# HELP g G.\n# TYPE g gauge\n" + lines; }

std::string histogram(const std::string& lines) {
  return "# HELP h H.\n# TYPE h histogram\n" + lines;
}

TEST(ExpositionChecker, FindsNothingInAGoodPage) {
  const Page page =
      read_page(gauge("g{a=\"x\\\\y\\\"z\\n\",b=\"客服\"} 1.5\ng NaN\n") +
                histogram("h_bucket{le=\"5.0\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 9\nh_count 2\n"));

  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.value("g", {{"b", "客服"}, {"a", "x\\y\"z\n"}}), 1.5);
  EXPECT_EQ(page.value("h_sum", {}), 9);
  EXPECT_EQ(page.value("g", {{"a", "other"}}), std::nullopt);
}

struct Fault {
  const char* name;
  std::string text;
  const char* sentence;
};

class ExpositionCheckerFinds : public testing::TestWithParam<Fault> {};

TEST_P(ExpositionCheckerFinds, TheFault) {
  EXPECT_THAT(read_page(GetParam().text).problems, Contains(HasSubstr(GetParam().sentence)));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, ExpositionCheckerFinds,
    testing::Values(
        Fault{"RepeatedSeries", gauge("g{a=\"1\",b=\"2\"} 1\ng{b=\"2\",a=\"1\"} 1\n"), "twice"},
        Fault{"SplitFamily", gauge("g 1\n# HELP k K.\n# TYPE k gauge\nk 1\ng{a=\"1\"} 1\n"),
              "split"},
        Fault{"FallingBuckets",
              histogram("h_bucket{le=\"5.0\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n"),
              "buckets of h{} fall"},
        Fault{"FallingEdges",
              histogram("h_bucket{le=\"5.0\"} 1\nh_bucket{le=\"2.0\"} 2\nh_bucket{le=\"+Inf\"} "
                        "2\nh_sum 1\nh_count 2\n"),
              "edges of h{} fall"},
        Fault{"NoInf", histogram("h_bucket{le=\"5.0\"} 2\nh_sum 1\nh_count 2\n"), "no +Inf"},
        Fault{"InfIsNotCount", histogram("h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n"),
              "not its _count"},
        Fault{"NoSum", histogram("h_bucket{le=\"+Inf\"} 2\nh_count 2\n"), "no _sum"},
        Fault{"IntegerEdge",
              histogram("h_bucket{le=\"5\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"),
              "no point"},
        Fault{"BadEscape", gauge("g{a=\"\\t\"} 1\n"), "bad escape in a label"},
        Fault{"BadEscapeInHelp", "# HELP g a\\b\n# TYPE g gauge\ng 1\n", "bad escape in HELP"},
        Fault{"OpenValue", gauge("g{a=\"x} 1\n"), "does not end"},
        Fault{"NotUtf8", gauge("g{a=\"\xE5\xAE\"} 1\n"), "not UTF-8"},
        Fault{"Surrogate", gauge("g{a=\"\xED\xA0\x80\"} 1\n"), "not UTF-8"},
        Fault{"NoHelp", "# TYPE g gauge\ng 1\n", "no HELP"},
        Fault{"NoType", "# HELP g G.\ng 1\n", "no TYPE"},
        Fault{"BadName", gauge("1g 1\n"), "bad name"},
        Fault{"BadLabelName", gauge("g{a:b=\"1\"} 1\n"), "bad label name"},
        Fault{"LabelTwice", gauge("g{a=\"1\",a=\"2\"} 1\n"), "the label a twice"},
        Fault{"CounterName", "# HELP g G.\n# TYPE g counter\ng 1\n", "_total"},
        Fault{"PrometheusCppNan", gauge("g Nan\n"), "bad value"},
        Fault{"Timestamp", gauge("g 1 1700000000000\n"), "timestamp"},
        Fault{"LastLine", gauge("g 1"), "last line"}),
    [](const auto& fault) { return fault.param.name; });

}  // namespace
}  // namespace deskpulse::check
