#include "daemon/feed/name_resolver.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <future>
#include <string>
#include <vector>

namespace deskpulse::feed {
namespace {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;
using Addresses = NameResolver::Addresses;
using Name = NameResolver::Name;

asio::ip::tcp::endpoint endpoint(const char* address, int port) {
  return {asio::ip::make_address(address), static_cast<std::uint16_t>(port)};
}

class NameResolverTest : public testing::Test {
 protected:
  /// What resolve() gave, written down when it did.
  void ask(NameResolver& resolver, Name name, Steady::duration patience) {
    asio::co_spawn(io, resolver.resolve(std::move(name), Steady::now() + patience),
                   [this](const std::exception_ptr& thrown, std::optional<Addresses> found) {
                     if (thrown) std::rethrow_exception(thrown);
                     answers.push_back(std::move(found));
                   });
  }
  void run() {
    io.restart();
    io.run_for(std::chrono::minutes(4));
  }

  asio::io_context io;
  std::vector<std::optional<Addresses>> answers;
};

TEST_F(NameResolverTest, TheSystemKnowsThisMachine) {
  NameResolver resolver(io);
  ask(resolver, {"localhost", "9871"}, std::chrono::seconds(30));
  run();

  ASSERT_EQ(answers.size(), 1u);
  ASSERT_TRUE(answers[0]);
  ASSERT_FALSE(answers[0]->endpoints.empty()) << answers[0]->error;
  EXPECT_TRUE(answers[0]->endpoints[0].address().is_loopback());
  EXPECT_EQ(answers[0]->endpoints[0].port(), 9871);
}

TEST_F(NameResolverTest, AHostWithoutAnAddressSaysWhy) {
  NameResolver resolver(io);
  ask(resolver, {"no such host", "80"}, std::chrono::seconds(30));
  run();

  ASSERT_TRUE(answers.at(0));
  EXPECT_TRUE(answers[0]->endpoints.empty());
  EXPECT_NE(answers[0]->error, "");
}

TEST_F(NameResolverTest, AnAnswerThatComesTooLateIsForWhoeverAsksTheSameAgain) {
  std::promise<void> answer;
  int lookups = 0;
  NameResolver resolver(io, [&, answered = answer.get_future().share()](const Name&) {
    ++lookups;
    answered.wait();
    return Addresses{{endpoint("192.0.2.1", 80)}, {}};
  });
  ask(resolver, {"a.example", "80"}, std::chrono::milliseconds(1));
  run();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_FALSE(answers[0]);

  ask(resolver, {"a.example", "80"}, std::chrono::seconds(30));
  answer.set_value();
  run();

  ASSERT_EQ(answers.size(), 2u);
  ASSERT_TRUE(answers[1]);
  EXPECT_EQ(answers[1]->endpoints.at(0), endpoint("192.0.2.1", 80));
  EXPECT_EQ(lookups, 1);
}

TEST_F(NameResolverTest, AnotherNameWaitsForTheFirstAndGetsItsOwnAnswer) {
  std::promise<void> answer;
  NameResolver resolver(io, [answered = answer.get_future().share()](const Name& name) {
    answered.wait();
    return Addresses{{}, name.host};
  });
  ask(resolver, {"a.example", "80"}, std::chrono::milliseconds(1));
  run();
  ask(resolver, {"b.example", "80"}, std::chrono::seconds(30));
  answer.set_value();
  run();

  ASSERT_EQ(answers.size(), 2u);
  ASSERT_TRUE(answers[1]);
  EXPECT_EQ(answers[1]->error, "b.example");
}

TEST_F(NameResolverTest, WhoGivesUpWaitsNoLonger) {
  std::promise<void> answer;
  NameResolver resolver(io, [answered = answer.get_future().share()](const Name&) {
    answered.wait();
    return Addresses{};
  });
  ask(resolver, {"a.example", "80"}, std::chrono::hours(1));
  asio::post(io, [&] { asio::post(io, [&] { resolver.give_up(); }); });
  run();
  answer.set_value();

  ASSERT_EQ(answers.size(), 1u);
  EXPECT_FALSE(answers[0]);
}

}  // namespace
}  // namespace deskpulse::feed
