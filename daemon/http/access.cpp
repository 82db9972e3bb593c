#include "daemon/http/access.hpp"

#include "daemon/http/http_server.hpp"
#include "daemon/http/tls_context.hpp"

namespace deskpulse::http {

std::shared_ptr<Access> read_access(const AccessSettings& settings) {
  const TlsSettings& tls = settings.tls;
  return std::make_shared<Access>(
      Access{.settings = settings,
             .hosts = AllowedHosts(settings.allowed_hosts, machine_name()),
             .passwords = std::make_shared<BasicAuth>(settings.basic_auth_users),
             .tls = tls == TlsSettings{} ? nullptr : std::make_shared<TlsFiles>(tls)});
}

}  // namespace deskpulse::http
