#include "daemon/required_files.hpp"

#include <boost/asio/ssl/context.hpp>

#include "daemon/config/load.hpp"

namespace deskpulse {
namespace {

/// As the feed will do it when it connects.
bool holds_certificates(const std::string& path) {
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
  boost::system::error_code failure;
  context.load_verify_file(path, failure);
  return !failure;
}

}  // namespace

std::string unusable_file(const config::Feed& feed) {
  if (feed.token_file) {
    const config::FileText token = config::read_text_file(*feed.token_file);
    if (!token.error.empty())
      return "feed.token_file: " + token.error + "; correct the path or its permissions";
    if (token.text.find_first_not_of(" \t\r\n") == std::string::npos)
      return "feed.token_file: " + *feed.token_file + " holds no token; write it there";
  }
  if (feed.tls_ca_file) {
    const config::FileText authorities = config::read_text_file(*feed.tls_ca_file);
    if (!authorities.error.empty())
      return "feed.tls.ca_file: " + authorities.error + "; correct the path or its permissions";
    if (!holds_certificates(*feed.tls_ca_file))
      return "feed.tls.ca_file: " + *feed.tls_ca_file +
             " holds no certificate in PEM form (-----BEGIN CERTIFICATE-----); name another file";
  }
  return {};
}

}  // namespace deskpulse
