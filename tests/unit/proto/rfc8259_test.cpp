// What RFC 8259 calls JSON is read, and nothing else is. Each text stands as the value of a field
// that the protocol does not name, or as the whole frame.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "proto/decoder.hpp"

namespace deskpulse::proto {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kHead = R"({"type":"t","ts":1,"shop":"s","x":)";

std::string with_value(std::string_view value) {
  return std::string(kHead) + std::string(value) + "}";
}

TEST(Rfc8259, ValidValuesAreRead) {
  const std::vector<std::string_view> values{"0"sv,
                                             "-0"sv,
                                             "1"sv,
                                             "-1"sv,
                                             "10"sv,
                                             "1.0"sv,
                                             "0.5"sv,
                                             "-0.5"sv,
                                             "1e1"sv,
                                             "1E1"sv,
                                             "1e+1"sv,
                                             "1e-1"sv,
                                             "1.5e10"sv,
                                             "0e0"sv,
                                             "0e+1"sv,
                                             "1E-400"sv,
                                             "18446744073709551615"sv,
                                             "-9223372036854775808"sv,
                                             "0.30000000000000004"sv,
                                             "123456789.123456789"sv,
                                             "true"sv,
                                             "false"sv,
                                             "null"sv,
                                             "[]"sv,
                                             "[ ]"sv,
                                             "[1,2]"sv,
                                             "[[],[]]"sv,
                                             "[null,true,1,\"\",{},[]]"sv,
                                             "{}"sv,
                                             "{ }"sv,
                                             R"({"":0})"sv,
                                             R"({"a":1,"a":2})"sv,
                                             R"({"a":{"b":{}}})"sv,
                                             R"("")"sv,
                                             R"("a")"sv,
                                             R"("\"\\\/\b\f\n\r\t")"sv,
                                             R"("\u0000")"sv,
                                             R"("\u0041")"sv,
                                             R"("\uD83D\uDE00")"sv,
                                             R"("\ud83d\ude00")"sv,
                                             R"("\uFFFF")"sv,
                                             R"("\\u12")"sv,
                                             "\"\x7f\""sv,
                                             "\"\xc2\x85\""sv,
                                             "\"\xe4\xbd\xa0\""sv,
                                             "\"\xf0\x9f\x98\x80\""sv,
                                             "\"\xf4\x8f\xbf\xbf\""sv,
                                             "\"\xef\xbb\xbf\""sv,
                                             "\"\xe2\x80\xa8\""sv,
                                             " \t\r\n1 \t\r\n"sv,
                                             R"("//")"sv};
  Decoder decoder;
  for (const std::string_view value : values)
    EXPECT_TRUE(decoder.event(with_value(value))) << value;
}

TEST(Rfc8259, ValuesThatAreNoJsonAreRejected) {
  const std::vector<std::string_view> values{""sv,
                                             "01"sv,
                                             "-01"sv,
                                             "00"sv,
                                             "+1"sv,
                                             ".5"sv,
                                             "-.5"sv,
                                             "1."sv,
                                             "1.e1"sv,
                                             "1e"sv,
                                             "1e+"sv,
                                             "1e1.0"sv,
                                             "--1"sv,
                                             "-"sv,
                                             "1-"sv,
                                             "0x1"sv,
                                             "1a"sv,
                                             "1_000"sv,
                                             "1,000"sv,
                                             "NaN"sv,
                                             "nan"sv,
                                             "Infinity"sv,
                                             "-Infinity"sv,
                                             "True"sv,
                                             "TRUE"sv,
                                             "tru"sv,
                                             "truee"sv,
                                             "nul"sv,
                                             "None"sv,
                                             "undefined"sv,
                                             "'a'"sv,
                                             "a"sv,
                                             "\"a"sv,
                                             "a\""sv,
                                             R"("\a")"sv,
                                             R"("\x41")"sv,
                                             R"("\u12")"sv,
                                             R"("\u12g4")"sv,
                                             R"("\U0041")"sv,
                                             R"("\)"sv,
                                             R"("\ud800")"sv,
                                             R"("\udc00")"sv,
                                             R"("\ud800\u0041")"sv,
                                             R"("\ud800\ud800")"sv,
                                             R"("\udc00\ud800")"sv,
                                             R"("\ud800\")"sv,
                                             R"("\ud800x")"sv,
                                             "\"\n\""sv,
                                             "\"\t\""sv,
                                             "\"\0\""sv,
                                             "\"\x1f\""sv,
                                             "\"\x80\""sv,
                                             "\"\xff\""sv,
                                             "\"\xc0\xaf\""sv,
                                             "\"\xe0\x80\xaf\""sv,
                                             "\"\xed\xa0\x80\""sv,
                                             "\"\xf5\x80\x80\x80\""sv,
                                             "\"\xf4\x90\x80\x80\""sv,
                                             "\"\xe4\xbd\""sv,
                                             "\"\xe9\""sv,
                                             "[1,]"sv,
                                             "[,1]"sv,
                                             "[1,,2]"sv,
                                             "[1 2]"sv,
                                             "[1:2]"sv,
                                             "["sv,
                                             "]"sv,
                                             "[1"sv,
                                             "[}"sv,
                                             "[1}"sv,
                                             "{]"sv,
                                             R"({"a":1,})"sv,
                                             R"({"a":1,,"b":2})"sv,
                                             R"({"a" 1})"sv,
                                             R"({"a"})"sv,
                                             R"({"a":})"sv,
                                             R"({:1})"sv,
                                             R"({a:1})"sv,
                                             R"({1:1})"sv,
                                             R"({'a':1})"sv,
                                             R"({"a":1 "b":2})"sv,
                                             R"({"a":1;"b":2})"sv,
                                             "{,}"sv,
                                             "{\"a\""sv,
                                             "1 /* one */"sv,
                                             "1 // one\n"sv,
                                             "1 # one\n"sv,
                                             "\f1"sv,
                                             "\v1"sv,
                                             "\xc2\xa0"
                                             "1"sv,
                                             "1 2"sv,
                                             "1} {\"a\":1"sv,
                                             "1}}"sv};
  Decoder decoder;
  for (const std::string_view value : values) {
    const auto decoded = decoder.event(with_value(value));
    ASSERT_FALSE(decoded) << value;
    EXPECT_EQ(decoded.error().reason, Reject::not_json) << value;
  }
}

TEST(Rfc8259, WholeTextsThatAreNoJsonAreRejected) {
  const std::string good = with_value("1");
  const std::vector<std::string> texts{"",
                                       " ",
                                       "\n",
                                       "\xef\xbb\xbf" + good,
                                       good + good,
                                       good + "x",
                                       good + ",",
                                       good + "]",
                                       good + std::string(1, '\0'),
                                       std::string(1, '\0') + good,
                                       "," + good,
                                       good.substr(0, good.size() - 1),
                                       good.substr(1),
                                       "[" + good,
                                       good + "\xc2\xa0"};
  Decoder decoder;
  for (const std::string& text : texts) {
    const auto decoded = decoder.event(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().reason, Reject::not_json) << text;
  }
}

TEST(Rfc8259, ANumberThatNothingCanHoldIsRejected) {
  Decoder decoder;
  for (const std::string_view value :
       {"1e400"sv, "-1e400"sv, "18446744073709551616"sv, "-9223372036854775809"sv})
    EXPECT_FALSE(decoder.event(with_value(value))) << value;
}

TEST(Rfc8259, EveryTruncationOfAnEventIsRejected) {
  const std::string text =
      R"({"type":"message","ts":1,"shop":"s","customer":"c","from":"bot","text":"\u4f60 \"好\""})";
  Decoder decoder;
  ASSERT_TRUE(decoder.event(text));

  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto decoded = decoder.event(std::string_view(text).substr(0, size));
    ASSERT_FALSE(decoded) << size;
    EXPECT_EQ(decoded.error().reason, Reject::not_json) << size;
  }
}

TEST(Rfc8259, WhitespaceAroundTheTextIsAllowed) {
  EXPECT_TRUE(Decoder().event(" \t\r\n" + with_value("1") + " \t\r\n"));
}

}  // namespace
}  // namespace deskpulse::proto
