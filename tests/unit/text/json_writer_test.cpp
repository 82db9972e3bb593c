#include "daemon/text/json_writer.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/unit/metrics/sample_report.hpp"

namespace deskpulse::text {
namespace {

std::string json_of(std::string_view text) {
  TextBuffer out;
  append_json_string(out, text);
  return std::string(out.view());
}

TEST(JsonWriter, PutsCommasBetweenMembersAndValuesAndNowhereElse) {
  TextBuffer out;
  JsonWriter json(out);

  json.begin_object();
  json.member("count", 3U);
  json.array("list");
  json.value("a");
  json.value(nullptr);
  json.begin_object();
  json.end_object();
  json.value(true);
  json.end_array();
  json.object("inner");
  json.member("wait", proto::Millis{84'200});
  json.member("since", proto::Instant{proto::Millis{1'700'000'000'001}});
  json.end_object();
  json.array("none");
  json.end_array();
  json.member("last", 0.25);
  json.end_object();

  EXPECT_EQ(out.view(),
            R"({"count":3,"list":["a",null,{},true],"inner":{"wait":84.2,"since":1700000000001},)"
            R"("none":[],"last":0.25})");
}

TEST(JsonWriter, WhatIsAbsentIsLeftOut) {
  TextBuffer out;
  JsonWriter json(out);

  json.begin_object();
  json.member("absent", std::optional<std::uint64_t>{});
  json.member("there", std::optional<std::uint64_t>{7});
  json.end_object();

  EXPECT_EQ(out.view(), R"({"there":7})");
}

TEST(JsonWriter, ANumberThatIsNotFiniteIsNull) {
  TextBuffer out;
  JsonWriter json(out);

  json.begin_array();
  json.value(std::numeric_limits<double>::quiet_NaN());
  json.value(std::numeric_limits<double>::infinity());
  json.end_array();

  EXPECT_EQ(out.view(), "[null,null]");
}

TEST(JsonString, EscapesWhatMustBeAndKeepsTheRest) {
  EXPECT_EQ(json_of("旗舰店 </script> a/b"), "\"旗舰店 </script> a/b\"");
  EXPECT_EQ(json_of("\"\\\n\r\t\x01\x1f\x7f"), R"("\"\\\n\r\t\u0001\u001f\u007f")");
  EXPECT_EQ(json_of("\u2028\u2029"), R"("\u2028\u2029")");
  EXPECT_EQ(json_of(""), "\"\"");
}

TEST(JsonString, BytesThatAreNotUtf8BecomeTheReplacementCharacter) {
  EXPECT_EQ(json_of("a\xFF"
                    "b\xC3"),
            "\"a\uFFFDb\uFFFD\"");
  EXPECT_EQ(json_of("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");  // a surrogate
}

TEST(JsonString, HostileNamesComeBackAsTheyWere) {
  for (const std::string& name : metrics::hostile_names()) {
    const std::string text = json_of(name);

    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(text).get<std::string>(), name);
  }
}

TEST(JsonString, EveryByteAloneGivesOneLineOfJson) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = json_of(std::string(1, static_cast<char>(byte)));

    EXPECT_TRUE(nlohmann::json::accept(text)) << byte;
    EXPECT_EQ(text.find_first_of("\r\n"), std::string::npos) << byte;
  }
}

}  // namespace
}  // namespace deskpulse::text
