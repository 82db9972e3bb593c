#include "daemon/serve/access.hpp"

#include "daemon/serve/http_server.hpp"
#include "daemon/serve/tls_context.hpp"

namespace deskpulse::serve {

std::shared_ptr<Access> read_access(const AccessSettings& settings) {
  const TlsSettings& tls = settings.tls;
  return std::make_shared<Access>(
      Access{.settings = settings,
             .hosts = AllowedHosts(settings.allowed_hosts, machine_name()),
             .passwords = std::make_shared<BasicAuth>(settings.basic_auth_users),
             .tls = tls == TlsSettings{} ? nullptr : std::make_shared<TlsFiles>(tls)});
}

}  // namespace deskpulse::serve
