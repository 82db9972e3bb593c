#include "daemon/app/required_files.hpp"

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "daemon/app/settings.hpp"
#include "daemon/feed/authorities.hpp"
#include "daemon/feed/token_file.hpp"
#include "daemon/files/read_file.hpp"
#include "daemon/http/http_server.hpp"

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

}  // namespace

Required read_required(const config::Config& config) {
  Required required;
  const auto complain = [&](std::string sentence) {
    if (!sentence.empty()) required.problems.push_back(std::move(sentence));
  };
  if (config.feed.token_file) complain(problem_of_token(*config.feed.token_file));
  if (config.feed.tls_ca_file) complain(problem_of_authorities(*config.feed.tls_ca_file));
  try {
    required.access = http::read_access(access_settings(config));
  } catch (const std::runtime_error& unusable) {
    complain(unusable.what());
  }
  return required;
}

std::vector<std::string> leave_out_unseen_credentials(config::Config& config) {
  std::vector<std::string> said;
  const auto is_unseen = [&](const std::string& key, const std::optional<std::string>& path) {
    if (!is_unseen_credential(path)) return false;
    said.push_back(key + ": " + *path +
                   " cannot be seen outside of its unit, and was not looked at");
    return true;
  };
  if (is_unseen("feed.token_file", config.feed.token_file)) config.feed.token_file.reset();
  if (is_unseen("feed.tls.ca_file", config.feed.tls_ca_file)) config.feed.tls_ca_file.reset();
  config::TlsServer& tls = config.http.tls;
  const std::string section = "http.tls_server_config.";
  // The rest of it means nothing without them.
  if (is_unseen(section + "cert_file", tls.cert_file) ||
      is_unseen(section + "key_file", tls.key_file) ||
      is_unseen(section + "client_ca_file", tls.client_ca_file))
    tls = {};
  return said;
}

}  // namespace deskpulse
