#include "daemon/feed/token_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace deskpulse::feed {

namespace {

constexpr std::size_t kMaxTokenBytes = 16 * 1024;

}  // namespace

Token read_token_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {{}, std::error_code(errno, std::generic_category()).message()};
  std::string token(kMaxTokenBytes + 1, '\0');
  file.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return {{}, "reading failed"};
  const std::size_t last = token.find_last_not_of(" \t\r\n");
  token.resize(last == std::string::npos ? 0 : last + 1);
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (token.empty()) return {{}, "the file is empty"};
  if (token.size() > kMaxTokenBytes) return {{}, "the file is larger than 16 KiB"};
  if (!std::all_of(token.begin(), token.end(), printable))
    return {{}, "the file holds something else than one line of printable ASCII"};
  return {std::move(token), {}};
}

}  // namespace deskpulse::feed
