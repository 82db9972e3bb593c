// Who may talk to the HTTP server, and how: plain values.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace deskpulse::http {

/// TLS for the listener, by the keys and values of `tls_server_config` in Prometheus' web
/// configuration file. Off while `cert_file` and `key_file` are empty.
struct TlsSettings {
  std::string cert_file;  ///< PEM: the certificate and, behind it, those between it and its root
  std::string key_file;   ///< PEM, without a password
  std::string
      client_ca_file;  ///< PEM; whose clients' certificates are believed; empty: the system's
  /// NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or
  /// RequireAndVerifyClientCert.
  std::string client_auth_type = "NoClientCert";
  std::string min_version = "TLS12";  ///< TLS12 or TLS13
  std::string max_version = "TLS13";  ///< TLS12 or TLS13
  /// By their IANA names, such as TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256; empty: OpenSSL's choice.
  /// Those of TLS 1.3 are only restricted where at least one of them is named.
  std::vector<std::string> cipher_suites;
  /// CurveP256, CurveP384, CurveP521 or X25519, most preferred first; empty: OpenSSL's choice.
  std::vector<std::string> curve_preferences;
  bool prefer_server_cipher_suites = true;
  friend bool operator==(const TlsSettings&, const TlsSettings&) = default;
};

/// What may change while the server runs (HttpServer::set_access).
struct AccessSettings {
  /// Names by which we may be called, beside IP addresses, `localhost` and the machine's own name;
  /// "*" is every name. Without ports.
  std::vector<std::string> allowed_hosts;
  TlsSettings tls;
  /// By user, the bcrypt hash of the password ($2a$, $2b$ or $2y$). Empty: nobody is asked for one.
  std::map<std::string, std::string> basic_auth_users;
  friend bool operator==(const AccessSettings&, const AccessSettings&) = default;
};

}  // namespace deskpulse::http
