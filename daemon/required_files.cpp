#include "daemon/required_files.hpp"

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "daemon/feed/authorities.hpp"
#include "daemon/feed/token_file.hpp"
#include "daemon/files/read_file.hpp"
#include "daemon/serve/http_server.hpp"
#include "daemon/settings.hpp"

namespace deskpulse {
namespace {

constexpr std::string_view kCredentials = "/run/credentials/";

std::string problem_of_token(const std::string& path) {
  const files::Contents file = files::read_file(path);
  if (!file.error.empty())
    return "feed.token_file: cannot read " + path + ": " + file.error +
           "; correct the path or its permissions";
  const feed::Token token = feed::read_token_file(path);
  if (!token.error.empty())
    return "feed.token_file: " + path + " holds no token: " + token.error +
           "; write it there, and nothing else";
  return {};
}

/// As the feed will do it when it connects.
std::string problem_of_authorities(const std::string& path) {
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
  const std::string failure = feed::trust_authorities(context, path);
  return failure.empty() ? failure : "feed.tls.ca_file: " + failure;
}

/// Whether a file lies in the credentials of a unit, and those cannot be seen.
bool is_unseen_credential(const std::optional<std::string>& path) {
  if (!path || !path->starts_with(kCredentials)) return false;
  const auto end_of_unit = path->find('/', kCredentials.size());
  if (end_of_unit == std::string::npos) return false;
  std::error_code failure;
  return !std::filesystem::is_directory(path->substr(0, end_of_unit), failure);
}

/// Of the files that the feed reads at each connect.
std::vector<std::string> problems_of_feed(const std::optional<std::string>& token_file,
                                          const std::optional<std::string>& ca_file) {
  std::vector<std::string> problems;
  const auto complain = [&](std::string sentence) {
    if (!sentence.empty()) problems.push_back(std::move(sentence));
  };
  if (token_file) complain(problem_of_token(*token_file));
  if (ca_file) complain(problem_of_authorities(*ca_file));
  return problems;
}

}  // namespace

Required read_required(const config::Config& config) {
  Required required{.problems = problems_of_feed(config.feed.token_file, config.feed.tls_ca_file),
                    .access = nullptr};
  try {
    required.access = serve::read_access(access_settings(config));
  } catch (const std::runtime_error& unusable) {
    required.problems.emplace_back(unusable.what());
  }
  return required;
}

Check check_required(const config::Config& config) {
  Check check;
  std::set<std::string> unseen;
  const auto look = [&](const char* key, const std::optional<std::string>& path) {
    if (!is_unseen_credential(path)) return path;
    check.unseen.push_back({key, *path});
    unseen.insert(*path);
    return std::optional<std::string>();
  };
  const std::optional<std::string> token_file = look("feed.token_file", config.feed.token_file);
  const std::optional<std::string> ca_file = look("feed.tls.ca_file", config.feed.tls_ca_file);
  const config::TlsServer& tls = config.http.tls;
  look("http.tls_server_config.cert_file", tls.cert_file);
  look("http.tls_server_config.key_file", tls.key_file);
  look("http.tls_server_config.client_ca_file", tls.client_ca_file);

  check.problems = problems_of_feed(token_file, ca_file);
  try {
    serve::check_access(access_settings(config), unseen);
  } catch (const std::runtime_error& unusable) {
    check.problems.emplace_back(unusable.what());
  }
  return check;
}

}  // namespace deskpulse
