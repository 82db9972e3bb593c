#include "daemon/http/query.hpp"

#include <gtest/gtest.h>

namespace deskpulse::http {
namespace {

std::string value(std::string_view query, std::string_view name) {
  const auto parsed = Query::parse(query);
  return parsed ? std::string(parsed->value(name)) : "(unreadable)";
}

TEST(Query, DecodesPercentsAndPluses) {
  EXPECT_EQ(value("shop=%E6%97%97%E8%88%B0&agent=a+b%2Bc", "shop"), "旗舰");
  EXPECT_EQ(value("shop=%e6%97%97&agent=a+b%2Bc", "agent"), "a b+c");
  EXPECT_EQ(value("s%68op=x", "shop"), "x");
  EXPECT_EQ(value("shop=a=b", "shop"), "a=b");
}

TEST(Query, WhatIsNotThereIsEmpty) {
  EXPECT_EQ(value("", "shop"), "");
  EXPECT_EQ(value("shop", "shop"), "");
  EXPECT_EQ(value("&&lang=zh&", "shop"), "");
  EXPECT_EQ(value("&&lang=zh&", "lang"), "zh");
}

TEST(Query, OfSeveralTheFirstCounts) { EXPECT_EQ(value("limit=1&limit=2", "limit"), "1"); }

TEST(Query, ABrokenPercentMakesItUnreadable) {
  for (const auto* const query : {"shop=%", "shop=%4", "shop=%zz", "shop=%4g", "%=1", "a=%+1"})
    EXPECT_EQ(Query::parse(query), std::nullopt) << query;
}

TEST(Count, IsDigitsUpToTheMost) {
  EXPECT_EQ(parse_count("0", 10), 0U);
  EXPECT_EQ(parse_count("10", 10), 10U);
  for (const auto* const text :
       {"11", "", "-1", "+1", " 1", "1 ", "1.0", "1e1", "0x1", "99999999999999999999999999"})
    EXPECT_EQ(parse_count(text, 10), std::nullopt) << text;
}

}  // namespace
}  // namespace deskpulse::http
