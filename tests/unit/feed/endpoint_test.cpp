#include "daemon/feed/endpoint.hpp"

#include <gtest/gtest.h>

namespace deskpulse::feed {
namespace {

TEST(Endpoint, APlainAddressHasItsSchemesPortAndTheRootPath) {
  EXPECT_EQ(parse_endpoint("ws://chat.example"), (Endpoint{false, "chat.example", "80", "/"}));
  EXPECT_EQ(parse_endpoint("WSS://chat.example"), (Endpoint{true, "chat.example", "443", "/"}));
}

TEST(Endpoint, PortPathAndQueryAreTaken) {
  EXPECT_EQ(parse_endpoint("wss://chat.example:8443/stream?shop=1"),
            (Endpoint{true, "chat.example", "8443", "/stream?shop=1"}));
  EXPECT_EQ(parse_endpoint("ws://chat.example?shop=1"),
            (Endpoint{false, "chat.example", "80", "/?shop=1"}));
}

TEST(Endpoint, AnIpv6AddressLosesItsBracketsAndGetsThemBackInTheHostHeader) {
  const auto endpoint = parse_endpoint("ws://[::1]:9871/");

  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->host, "::1");
  EXPECT_EQ(endpoint->host_header(), "[::1]:9871");
}

TEST(Endpoint, TheHostHeaderCarriesThePortUnlessItIsTheSchemesOwn) {
  EXPECT_EQ(parse_endpoint("ws://a:80/")->host_header(), "a");
  EXPECT_EQ(parse_endpoint("wss://a:80/")->host_header(), "a:80");
  EXPECT_EQ(parse_endpoint("wss://a:443/")->host_header(), "a");
}

TEST(Endpoint, AnythingElseIsRefused) {
  for (const char* url :
       {"", "ws://", "http://a/", "chat.example", "ws://:80/", "ws://a:0/", "ws://a:65536/",
        "ws://a:/", "ws://a:8x/", "ws://user@a/", "ws://user:word@a/", "ws://a/#part", "ws://a b/",
        "ws://a/\r\nX: y", "ws://[::1", "ws://[::1]x/", "ws://[]/", "ws://::1/"}) {
    EXPECT_FALSE(parse_endpoint(url)) << url;
  }
}

}  // namespace
}  // namespace deskpulse::feed
