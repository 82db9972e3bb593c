#include "daemon/feed/token_file.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace deskpulse::feed {
namespace {

class TokenFileTest : public testing::Test {
 protected:
  ~TokenFileTest() override { std::remove(path.c_str()); }
  Token read(const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    return read_token_file(path);
  }
  const std::string path =
      testing::TempDir() + "token_" + testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(TokenFileTest, IsOneLineWithoutTheSpaceAtItsEnd) {
  const Token token = read("3f9c-x.y\r\n");

  EXPECT_EQ(token.text, "3f9c-x.y");
  EXPECT_EQ(token.error, "");
}

TEST_F(TokenFileTest, ThatHoldsNoTokenSaysWhyAndNotWhatIsInIt) {
  for (const std::string content : {"", " \n", "secret one\n", "secret\ntwo\n", "s\xc3\xa9"}) {
    const Token token = read(content);

    EXPECT_EQ(token.text, "");
    EXPECT_NE(token.error, "");
    EXPECT_EQ(token.error.find("secret"), std::string::npos);
  }
}

TEST_F(TokenFileTest, HasALimit) {
  EXPECT_EQ(read(std::string(16'384, 'a')).text.size(), 16'384u);
  EXPECT_EQ(read(std::string(16'385, 'a')).error, "the file is larger than 16 KiB");
}

TEST_F(TokenFileTest, ThatIsNotThereOrNoFileIsAnError) {
  EXPECT_EQ(read_token_file(path).error, "No such file or directory");
  EXPECT_NE(read_token_file(testing::TempDir()).error, "");
}

}  // namespace
}  // namespace deskpulse::feed
