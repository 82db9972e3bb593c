#include "daemon/http/allowed_hosts.hpp"

#include <gtest/gtest.h>

namespace deskpulse::http {
namespace {

TEST(AllowedHosts, AddressesAreOursSinceARebindingNeedsAName) {
  const AllowedHosts hosts({}, "");

  for (const char* host : {"127.0.0.1", "10.1.2.3:9870", "[::1]", "[fe80::1]:9870", "[::1]:"}) {
    EXPECT_TRUE(hosts.allows(host)) << host;
  }
}

TEST(AllowedHosts, WhatOnlyLooksLikeAnAddressIsAName) {
  const AllowedHosts hosts({}, "");

  for (const char* host :
       {"127.0.0.1.evil.example", "1.2.3", "0x7f.1", "::1", "[::1", "[::1]x", "[::1].evil",
        "[evil]", "127.0.0.1:evil", "127.0.0.1:1:2", "", ":9870", "."}) {
    EXPECT_FALSE(hosts.allows(host)) << host;
  }
}

TEST(AllowedHosts, TheMachinesOwnNameIsOursWholeAndInShort) {
  const AllowedHosts hosts({}, "Wall-1.shop.example");

  EXPECT_TRUE(hosts.allows("wall-1:9870"));
  EXPECT_TRUE(hosts.allows("WALL-1.shop.example"));
  EXPECT_TRUE(hosts.allows("localhost:9870"));
  EXPECT_TRUE(hosts.allows("LocalHost."));
  EXPECT_FALSE(hosts.allows("shop.example"));
  EXPECT_FALSE(hosts.allows("wall-1.evil.example"));
  EXPECT_FALSE(hosts.allows("localhost.evil.example"));
}

TEST(AllowedHosts, NamesAreAddedAndAStarIsAll) {
  EXPECT_TRUE(AllowedHosts({"Wall.example"}, "").allows("wall.EXAMPLE:443"));
  EXPECT_FALSE(AllowedHosts({"wall.example"}, "").allows("x.wall.example"));
  EXPECT_TRUE(AllowedHosts({"*"}, "").allows("anything at all"));
}

TEST(IsSameOrigin, ComparesHostAndPort) {
  EXPECT_TRUE(is_same_origin("http://127.0.0.1:9870", "127.0.0.1:9870"));
  EXPECT_TRUE(is_same_origin("https://Wall.local", "wall.LOCAL"));
  EXPECT_FALSE(is_same_origin("http://127.0.0.1:9871", "127.0.0.1:9870"));
  EXPECT_FALSE(is_same_origin("http://evil.example", "wall.local"));
  EXPECT_FALSE(is_same_origin("null", "null"));
  EXPECT_FALSE(is_same_origin("http://", ""));
}

}  // namespace
}  // namespace deskpulse::http
