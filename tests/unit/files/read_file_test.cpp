#include "daemon/files/read_file.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace deskpulse::files {
namespace {

class ReadFileTest : public testing::Test {
 protected:
  ReadFileTest() { std::filesystem::remove(path); }
  ~ReadFileTest() override { std::filesystem::remove(path); }
  const std::string path =
      testing::TempDir() + "read_" + testing::UnitTest::GetInstance()->current_test_info()->name();
};

/// A pipe as a shell makes it for `<(…)`: its reader finds it by a number.
class ShellPipe {
 public:
  explicit ShellPipe(const std::string& text) {
    EXPECT_EQ(::pipe(ends_.data()), 0);
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(ends_[1]);
  }
  ShellPipe(const ShellPipe&) = delete;
  ShellPipe& operator=(const ShellPipe&) = delete;
  ~ShellPipe() { ::close(ends_[0]); }
  [[nodiscard]] std::string path() const { return "/dev/fd/" + std::to_string(ends_[0]); }

 private:
  std::array<int, 2> ends_{};
};

TEST_F(ReadFileTest, IsWhatTheFileHolds) {
  const std::string text = std::string(100'000, 'x') + '\0' + "\n";
  std::ofstream(path, std::ios::binary) << text;

  const Contents contents = read_file(path);

  EXPECT_EQ(contents.error, "");
  EXPECT_EQ(contents.text, text);
}

TEST_F(ReadFileTest, SaysWhyThereIsNothing) {
  EXPECT_EQ(read_file(path).error, "No such file or directory");
  EXPECT_EQ(read_file("/").error, "Is a directory");
}

TEST_F(ReadFileTest, TheNullDeviceIsAnEmptyFile) {
  EXPECT_EQ(read_file("/dev/null").error, "");
  EXPECT_EQ(read_file("/dev/null").text, "");
}

TEST_F(ReadFileTest, WaitsForNoWriterOfANamedPipe) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);

  EXPECT_EQ(read_file(path).error, "it is a named pipe, no regular file");
  EXPECT_EQ(read_file(path, Pipes::read).error, "it is a named pipe, no regular file");
}

TEST_F(ReadFileTest, ReadsNoDevice) {
  EXPECT_EQ(read_file("/dev/zero").error, "it is a device, no regular file");
  EXPECT_EQ(read_file("/dev/zero", Pipes::read).error, "it is a device, no regular file");
}

TEST_F(ReadFileTest, ReadsNoSocket) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);

  EXPECT_EQ(read_file(path).error, "No such device or address");

  ::close(listener);
}

TEST_F(ReadFileTest, HasALimit) {
  std::ofstream(path).close();
  std::filesystem::resize_file(path, kMaxBytes);
  EXPECT_EQ(read_file(path).text.size(), kMaxBytes);

  std::filesystem::resize_file(path, kMaxBytes + 1);
  EXPECT_EQ(read_file(path).error, "it is larger than 16 MiB");
  EXPECT_EQ(read_file(path).text, "");
}

TEST_F(ReadFileTest, AShellsPipeIsReadOnceWhereThatIsWanted) {
  const ShellPipe pipe("[feed]\n");

  EXPECT_EQ(read_file(pipe.path()).error, "it is a pipe, which can be read once only");
  EXPECT_EQ(read_file(pipe.path(), Pipes::read).text, "[feed]\n");
}

}  // namespace
}  // namespace deskpulse::files
