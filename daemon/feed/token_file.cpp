#include "daemon/feed/token_file.hpp"

#include <algorithm>
#include <utility>

#include "daemon/files/read_file.hpp"

namespace deskpulse::feed {

namespace {

constexpr std::size_t kMaxTokenBytes = 16 * 1024;

}  // namespace

Token read_token_file(const std::string& path) {
  files::Contents file = files::read_file(path);
  if (!file.error.empty()) return {{}, std::move(file.error)};
  std::string token = std::move(file.text);
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
