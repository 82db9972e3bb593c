// The certificate authorities that vouch for a stream's server.
#pragma once

#include <string>

namespace boost::asio::ssl {
class context;
}

namespace deskpulse::feed {

/// Makes `context` trust the authorities in a file of PEM certificates, and no others. Returns why
/// it cannot, in a sentence with what to do; empty when it does. Never waits: see files::read_file.
std::string trust_authorities(boost::asio::ssl::context& context, const std::string& path);

}  // namespace deskpulse::feed
