// AccessSettings, read and ready to be asked.
#pragma once

#include <memory>
#include <string_view>

#include "daemon/http/access_settings.hpp"
#include "daemon/http/allowed_hosts.hpp"
#include "daemon/http/basic_auth.hpp"

namespace deskpulse::http {

class TlsFiles;

/// Made by read_access() on any thread; from then on for the server's thread.
struct Access {
  AccessSettings settings;
  AllowedHosts hosts;
  std::shared_ptr<BasicAuth> passwords;
  std::shared_ptr<TlsFiles> tls;  ///< null: plain HTTP
};

}  // namespace deskpulse::http
