#include "daemon/feed/source.hpp"

#include <gtest/gtest.h>

#include <string>

namespace deskpulse::feed {
namespace {

Source source(const std::string& url, std::string_view name = {},
              Protocol protocol = Protocol::v1) {
  return source_of(protocol, parse_endpoint(url).value(), name);
}

TEST(Source, IsProtocolSchemeHostPortAndPath) {
  const Source one = source("ws://a.example/stream");

  for (const char* const same : {"ws://a.example/stream?token=2", "ws://a.example:80/stream",
                                 "WS://A.Example/stream", "ws://a.example/stream?"})
    EXPECT_TRUE(one.is_same(source(same))) << same;
  for (const char* const other :
       {"wss://a.example/stream", "wss://a.example:80/stream", "ws://b.example/stream",
        "ws://a.example:81/stream", "ws://a.example/Stream", "ws://a.example/"})
    EXPECT_FALSE(one.is_same(source(other))) << other;
  EXPECT_FALSE(one.is_same(source("ws://a.example/stream", {}, Protocol::plain)));
}

TEST(Source, ANameStandsForAllOfThat) {
  const Source named = source("ws://a.example/", "shops");

  EXPECT_TRUE(named.is_same(source("wss://b.example/x", "shops", Protocol::plain)));
  EXPECT_FALSE(named.is_same(source("ws://a.example/", "others")));
}

TEST(Source, ANameMayBeGivenAndTakenWhereTheAddressStays) {
  const Source named = source("ws://a.example/", "shops");
  const Source unnamed = source("ws://a.example/");

  EXPECT_TRUE(named.is_same(unnamed));
  EXPECT_TRUE(unnamed.is_same(named));
  EXPECT_FALSE(named.is_same(source("ws://b.example/")));
}

TEST(Source, OneThatIsNotKnownMayBeAny) {
  EXPECT_TRUE(Source{}.is_same(source("ws://a.example/", "shops")));
  EXPECT_TRUE(source("ws://a.example/").is_same(Source{}));
}

TEST(Source, HasNoBoundOnThePath) {
  const std::string path(10'000, 'p');

  EXPECT_FALSE(source("ws://a.example/" + path).is_same(source("ws://a.example/" + path + "q")));
}

}  // namespace
}  // namespace deskpulse::feed
