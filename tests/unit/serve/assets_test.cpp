#include "daemon/serve/assets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/http/content_coding.hpp"
#include "daemon/wall/assets.hpp"

namespace deskpulse::serve {
namespace {

using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class WallTest : public testing::Test {
 protected:
  WallTest() { add_wall(routes); }

  http::Response get(const std::string& path, bool accepts_gzip = false,
                     const std::string& if_none_match = "") {
    const http::Handler* const handler = routes.find(path);
    EXPECT_NE(handler, nullptr) << path;
    std::optional<http::Response> given;
    if (handler != nullptr) {
      http::Request request;
      request.path = path;
      request.accepts_gzip = accepts_gzip;
      request.if_none_match = if_none_match;
      (*handler)(request, [&given](http::Response response) { given = std::move(response); });
    }
    return given.value_or(http::Response{});
  }
  std::string text(const std::string& path) { return std::string(get(path).body); }

  http::Routes routes;
};

/// Everything that stands between the two. (std::regex does not pass our warnings with sanitizers.)
std::vector<std::string> between(const std::string& text, const std::string& before,
                                 const std::string& after) {
  std::vector<std::string> found;
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
    at += before.size();
    found.push_back(text.substr(at, text.find(after, at) - at));
  }
  return found;
}

TEST_F(WallTest, ThePageIsServedWithItsRules) {
  const http::Response page = get("/wall");

  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(page.cache_control, "no-cache");
  EXPECT_THAT(std::string(page.body), HasSubstr("<!doctype html>"));
  const std::string policy(page.content_security_policy);
  for (const char* rule : {"default-src 'none'", "script-src 'self'", "style-src 'self'",
                           "connect-src 'self'", "frame-ancestors 'none'"}) {
    EXPECT_THAT(policy, HasSubstr(rule));
  }
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
}

TEST_F(WallTest, EverythingThatThePageNamesIsThere) {
  std::vector<std::string> named = between(text("/wall"), " src=\"", "\"");
  for (const std::string& target : between(text("/wall"), " href=\"", "\"")) {
    if (!target.starts_with('#')) named.push_back(target);  // a symbol in the page itself
  }

  EXPECT_THAT(named, Contains(EndsWith(".js")));
  EXPECT_THAT(named, Contains(EndsWith(".css")));
  for (const std::string& path : named) {
    EXPECT_THAT(path, StartsWith("/wall/"));
    EXPECT_EQ(get(path).status, 200U) << path;
  }
}

TEST_F(WallTest, EverythingThatAScriptImportsIsThereAndNothingElse) {
  std::set<std::string> imported{"index.html", "main.js", "wall.css", "uPlot.min.css"};
  for (const wall::Asset& asset : wall::assets()) {
    if (!asset.name.ends_with(".js")) continue;
    for (const std::string& name : between(http::gunzip(asset.gzip), "from \"./", "\"")) {
      EXPECT_NE(routes.find("/wall/" + name), nullptr) << asset.name << " imports " << name;
      imported.insert(name);
    }
  }

  for (const wall::Asset& asset : wall::assets()) {
    EXPECT_THAT(imported, Contains(std::string(asset.name))) << "nobody loads it";
  }
}

TEST_F(WallTest, NothingIsLoadedFromAnotherHost) {
  for (const wall::Asset& asset : wall::assets()) {
    const std::string content = http::gunzip(asset.gzip);
    for (const std::string before : {"src=\"", "href=\"", "url(", "url(\"", "url('", "from \"",
                                     "from '", "import \"", "import(\"", "fetch(\""}) {
      for (const char* const host : {"http:", "https:", "//"}) {
        EXPECT_THAT(content, Not(HasSubstr(before + host))) << asset.name;
      }
    }
  }
}

TEST_F(WallTest, BothCodingsAreTheSameFile) {
  for (const wall::Asset& asset : wall::assets()) {
    const std::string path =
        asset.name == "index.html" ? "/wall" : "/wall/" + std::string(asset.name);
    const http::Response plain = get(path);
    const http::Response zipped = get(path, true);

    EXPECT_FALSE(plain.gzip);
    EXPECT_TRUE(zipped.gzip);
    EXPECT_TRUE(plain.negotiated && zipped.negotiated) << path;
    EXPECT_EQ(http::gunzip(zipped.body), plain.body) << path;
    EXPECT_NE(plain.etag, zipped.etag) << path;
  }
}

TEST_F(WallTest, AKnownTagIsAnsweredWithoutTheFile) {
  const std::string tag = get("/wall", true).etag;

  for (const std::string& sent : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    const http::Response again = get("/wall", true, sent);
    EXPECT_EQ(again.status, 304U) << sent;
    EXPECT_EQ(again.etag, tag);
    EXPECT_EQ(again.body, "");
  }
  EXPECT_EQ(get("/wall", true, "\"x\"").status, 200U);
  EXPECT_EQ(get("/wall", false, tag).status, 200U) << "the tag of the other coding";
}

TEST_F(WallTest, PathsAreExact) {
  for (const char* path : {"/wall/", "/wall/index.html", "/wall/../wall", "/wall/main", "/Wall"}) {
    EXPECT_EQ(routes.find(path), nullptr) << path;
  }
}

}  // namespace
}  // namespace deskpulse::serve
