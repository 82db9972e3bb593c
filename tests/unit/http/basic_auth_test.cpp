#include "daemon/http/basic_auth.hpp"

#include <crypt.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

namespace {

/// Rounds of bcrypt that this program has done: two to the power of each cost.
std::atomic<std::uint64_t> rounds_done{0};

}  // namespace

/// In front of the library's, to count: how long a check takes is not to be told from a clock.
extern "C" char* crypt_r(const char* phrase, const char* setting, crypt_data* data) noexcept {
  rounds_done += std::uint64_t{1} << std::stoul(std::string(setting).substr(4, 2));
  return crypt_rn(phrase, setting, data, sizeof(*data));
}

namespace deskpulse::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Users = std::map<std::string, std::string>;

// Cost 4, the least, so that the tests are quick: of "secret" and of "geheim 密码".
constexpr const char* kSecret = "$2b$04$j4BOH9zRM0KQ5PTvCruq3u.AAYSQPncAesR9U9eliznyVLXAkiIDW";
constexpr const char* kOther = "$2b$04$VfrXlbQFTb/RNLNy3lBdie.wgwKXWb1mm973xGhOjbP41U1sT7AGe";

TEST(BasicCredentials, AreReadFromTheHeader) {
  const auto found = basic_credentials("bAsIc  YWxhZGRpbjpvcGVuOnNlc2FtZQ==");

  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "aladdin");
  EXPECT_EQ(found->password, "open:sesame");
}

TEST(BasicCredentials, MayBeEmptyButForTheColon) {
  const auto found = basic_credentials("Basic Og==");

  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "");
  EXPECT_EQ(found->password, "");
}

TEST(BasicCredentials, AnythingElseIsNone) {
  for (const char* header : {"", "Basic", "Basic ", "Bearer YTpi", "Basic YWI=" /* ab */,
                             "Basic YTpi!", "Basic YTpiY", "Basic YToAYg==" /* a:\0b */}) {
    EXPECT_FALSE(basic_credentials(header)) << header;
  }
}

TEST(BcryptProblem, TakesTheThreeFormsAndSaysWhatElseIsWrong) {
  std::string hash = kSecret;
  for (const char form : {'a', 'b', 'y'}) {
    hash[2] = form;
    EXPECT_EQ(bcrypt_problem(hash), "");
  }

  EXPECT_THAT(bcrypt_problem("secret"), HasSubstr("is not a bcrypt hash"));
  EXPECT_THAT(bcrypt_problem(hash + "x"), HasSubstr("is not a bcrypt hash"));
  EXPECT_THAT(bcrypt_problem("$5$rounds=535000$1234567890123456$0123456789012345678901234567890"),
              HasSubstr("is not a bcrypt hash"));
  hash.replace(4, 2, "15");
  EXPECT_THAT(bcrypt_problem(hash), HasSubstr("a cost of 15"));
}

TEST(BasicAuth, WithoutUsersNobodyIsAsked) {
  EXPECT_FALSE(BasicAuth({}).is_required());
  EXPECT_TRUE(BasicAuth(Users{{"prometheus", kSecret}}).is_required());
}

TEST(BasicAuth, APasswordIsRightForItsOwnUserOnly) {
  const BasicAuth auth(Users{{"prometheus", kSecret}, {"wall", kOther}});

  EXPECT_TRUE(auth.verify({"prometheus", "secret"}));
  EXPECT_TRUE(auth.verify({"wall", "geheim 密码"}));
  EXPECT_FALSE(auth.verify({"wall", "secret"}));
  EXPECT_FALSE(auth.verify({"prometheus", ""}));
  EXPECT_FALSE(auth.verify({"prometheus", "secret "}));
}

TEST(BasicAuth, AUserThatDoesNotExistIsWrongWithAnyPassword) {
  const BasicAuth auth(Users{{"prometheus", kSecret}});

  EXPECT_FALSE(auth.verify({"nobody", "secret"}));
  EXPECT_FALSE(auth.verify({"", "secret"}));
}

TEST(BasicAuth, EveryGuessCostsAsMuchAsTheCostliestHash) {
  std::string costly = kOther;
  costly.replace(4, 2, "09");
  std::string middling = kOther;
  middling.replace(4, 2, "07");
  const BasicAuth auth(Users{{"cheap", kSecret}, {"costly", costly}, {"middling", middling}});
  const auto rounds = [&](const Credentials& credentials) {
    const std::uint64_t before = rounds_done;
    static_cast<void>(auth.verify(credentials));
    return rounds_done - before;
  };

  for (const char* user : {"cheap", "middling", "costly", "nobody", ""}) {
    EXPECT_EQ(rounds({user, "guess"}), 1U << 9U) << user;
  }
  EXPECT_EQ(rounds({"cheap", "secret"}), 1U << 9U);
}

TEST(BasicAuth, WhatWasProvedIsKnownAndNothingElse) {
  BasicAuth auth(Users{{"prometheus", kSecret}, {"wall", kOther}});
  EXPECT_FALSE(auth.knows({"prometheus", "secret"}));

  auth.remember({"prometheus", "secret"});

  EXPECT_TRUE(auth.knows({"prometheus", "secret"}));
  EXPECT_FALSE(auth.knows({"prometheus", "Secret"}));
  EXPECT_FALSE(auth.knows({"prometheus", ""}));
  EXPECT_FALSE(auth.knows({"wall", "secret"}));
  EXPECT_FALSE(auth.knows({"nobody", "secret"}));
}

TEST(BasicAuth, WhatWasProvedBeforeIsKnownWhereTheHashIsTheSame) {
  BasicAuth before(Users{{"prometheus", kSecret}, {"wall", kOther}, {"gone", kSecret}});
  for (const char* user : {"prometheus", "gone"}) before.remember({user, "secret"});
  before.remember({"wall", "geheim 密码"});
  BasicAuth auth(Users{{"prometheus", kSecret}, {"wall", kSecret}, {"new", kSecret}});

  auth.take_over(before);

  EXPECT_TRUE(auth.knows({"prometheus", "secret"}));
  EXPECT_FALSE(auth.knows({"prometheus", "wrong"}));
  EXPECT_FALSE(auth.knows({"wall", "geheim 密码"}));
  EXPECT_FALSE(auth.knows({"gone", "secret"}));
  EXPECT_FALSE(auth.knows({"new", "secret"}));
  EXPECT_TRUE(before.knows({"gone", "secret"}));
}

TEST(BasicAuth, AHashThatIsNoneIsASentenceWithTheUserAndWithoutTheHash) {
  EXPECT_THAT(
      [] {
        BasicAuth(Users{{"wall", "plain-password"}});
      },
      testing::ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("http.basic_auth_users"),
                                                       HasSubstr("wall is not a bcrypt hash"),
                                                       Not(HasSubstr("plain-password")))));
  EXPECT_THAT(
      [] {
        BasicAuth(Users{{"a:b", kSecret}});
      },
      testing::ThrowsMessage<std::runtime_error>(HasSubstr("colon")));
}

}  // namespace
}  // namespace deskpulse::http
