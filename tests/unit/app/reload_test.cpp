#include "daemon/app/reload.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdio>
#include <string>

namespace deskpulse {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

LoadConfig loads(config::Config config) {
  return [config = std::move(config)] {
    return config::Loaded{.config = config, .errors = {}, .warnings = {}};
  };
}

TEST(Reload, HoldsWhatWillBeInForceAndEveryChange) {
  config::Config next;
  next.targets.load = 2;
  next.rules.slow_times = 3;

  const auto reload = read_reload({}, loads(next));

  ASSERT_TRUE(reload);
  EXPECT_EQ(reload->config.targets.load, 2);
  EXPECT_EQ(reload->config.rules.slow_times, 1);
  EXPECT_THAT(reload->changes, SizeIs(2));
  EXPECT_NE(reload->access, nullptr);
  EXPECT_FALSE(touches_feed(reload->changes));
}

TEST(Reload, IsRefusedWithAMistake) {
  EXPECT_FALSE(read_reload({}, [] {
    return config::Loaded{.config = {}, .errors = {"d.toml:1:1: wrong"}, .warnings = {}};
  }));
}

TEST(Reload, IsRefusedWhenAFileCannotBeUsed) {
  config::Config no_token;
  no_token.feed.token_file = "/nowhere/token";
  config::Config no_certificate;
  no_certificate.http.tls.cert_file = "/nowhere/cert";
  no_certificate.http.tls.key_file = "/nowhere/key";

  EXPECT_FALSE(read_reload({}, loads(no_token)));
  EXPECT_FALSE(read_reload({}, loads(no_certificate)));
}

// On the feed's thread: the numbers would wait with it.
TEST(Reload, WaitsForNobodyWhoCouldWriteAFile) {
  const std::string pipe = testing::TempDir() + "reload_pipe";
  std::remove(pipe.c_str());
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  config::Config token;
  token.feed.token_file = pipe;
  config::Config authorities;
  authorities.feed.tls_ca_file = pipe;
  config::Config certificate;
  certificate.http.tls.cert_file = pipe;
  certificate.http.tls.key_file = pipe;

  EXPECT_FALSE(read_reload({}, loads(token)));
  EXPECT_FALSE(read_reload({}, loads(authorities)));
  EXPECT_FALSE(read_reload({}, loads(certificate)));
  std::remove(pipe.c_str());
}

TEST(Reload, TouchesTheFeedOnlyWhereItCanFollow) {
  config::Config consumer;
  consumer.feed.consumer = "another";
  config::Config lateness;
  lateness.feed.allowed_lateness = config::Millis{1};

  EXPECT_TRUE(touches_feed(config::compare({}, consumer)));
  EXPECT_FALSE(touches_feed(config::compare({}, lateness)));
  EXPECT_FALSE(touches_feed({}));
}

}  // namespace
}  // namespace deskpulse
