#include "daemon/http/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "daemon/files/read_file.hpp"

namespace deskpulse::http {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

[[noreturn]] void fail(std::string_view key, const std::string& sentence) {
  // What OpenSSL still has to say belongs to this, not to the next connection.
  ERR_clear_error();
  throw std::runtime_error("http.tls_server_config." + std::string(key) + ": " + sentence);
}

std::string text_of_file(std::string_view key, const std::string& path) {
  files::Contents file = files::read_file(path);
  if (!file.error.empty()) {
    fail(key, "cannot read " + path + ": " + file.error + "; correct the path or its permissions");
  }
  return std::move(file.text);
}

int version_of(std::string_view key, const std::string& name) {
  if (name == "TLS12") return TLS1_2_VERSION;
  if (name == "TLS13") return TLS1_3_VERSION;
  if (name == "TLS10" || name == "TLS11") {
    fail(key, name + " is broken and not spoken here; use TLS12 or TLS13");
  }
  fail(key, '"' + name + "\" is no version; use TLS12 or TLS13");
}

struct VerifyMode {
  std::string_view name;
  ssl::verify_mode mode;
  bool verifies;         ///< what a client shows
  bool needs_authority;  ///< named by the settings; otherwise the system's do
};

VerifyMode verify_mode_of(const std::string& name) {
  static const std::array<VerifyMode, 5> modes{{
      {"NoClientCert", ssl::verify_none, false, false},
      {"RequestClientCert", ssl::verify_peer, false, false},
      {"RequireAnyClientCert", ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, false, false},
      {"VerifyClientCertIfGiven", ssl::verify_peer, true, false},
      {"RequireAndVerifyClientCert", ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, true,
       true},
  }};
  std::string names;
  for (const VerifyMode& mode : modes) {
    if (mode.name == name) return mode;
    names.append(names.empty() ? "" : ", ").append(mode.name);
  }
  fail("client_auth_type", '"' + name + "\" is none of " + names);
}

void use_certificate(ssl::context& context, const TlsSettings& settings) {
  error_code error;
  const std::string chain = text_of_file("cert_file", settings.cert_file);
  context.use_certificate_chain(boost::asio::buffer(chain), error);
  if (error)
    fail("cert_file", settings.cert_file + " holds no certificate in PEM that can be used");

  const std::string key = text_of_file("key_file", settings.key_file);
  // Asked for a password, OpenSSL would read one from the terminal.
  context.set_password_callback(
      [](std::size_t, ssl::context::password_purpose) { return std::string(); }, error);
  context.use_private_key(boost::asio::buffer(key), ssl::context::pem, error);
  const bool is_of_another =
      ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH;
  if (error && !is_of_another) {
    fail("key_file", settings.key_file +
                         " holds no private key in PEM that can be used; it must "
                         "have no password");
  }
  if (error || SSL_CTX_check_private_key(context.native_handle()) != 1) {
    fail("key_file",
         settings.key_file + " is not the key of the certificate in " + settings.cert_file);
  }
}

void believe_clients_of(ssl::context& context, const std::string& path) {
  const std::string text = text_of_file("client_ca_file", path);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  X509_STORE* const store = SSL_CTX_get_cert_store(context.native_handle());
  int count = 0;
  for (;; ++count) {
    const std::unique_ptr<X509, decltype(&X509_free)> authority(
        PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr), X509_free);
    if (authority == nullptr) break;
    X509_STORE_add_cert(store, authority.get());
    SSL_CTX_add_client_CA(context.native_handle(), authority.get());  // a hint for the client
  }
  const bool is_whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count == 0 || !is_whole) fail("client_ca_file", path + " does not hold certificates in PEM");
}

void ask_for_client_certificates(ssl::context& context, const TlsSettings& settings) {
  const VerifyMode mode = verify_mode_of(settings.client_auth_type);
  if (mode.mode == ssl::verify_none && !settings.client_ca_file.empty()) {
    fail("client_ca_file",
         "clients are not asked for a certificate; set client_auth_type to "
         "RequireAndVerifyClientCert");
  }
  if (mode.needs_authority && settings.client_ca_file.empty()) {
    fail("client_auth_type",
         settings.client_auth_type + " needs client_ca_file, whose clients are believed");
  }
  if (!settings.client_ca_file.empty()) {
    believe_clients_of(context, settings.client_ca_file);
  } else if (mode.verifies) {
    error_code error;
    context.set_default_verify_paths(error);  // as Go does, and so Prometheus' listeners
    if (error) fail("client_auth_type", "the system's certificate authorities cannot be read");
  }
  context.set_verify_mode(mode.mode);
  if (mode.mode != ssl::verify_none && !mode.verifies) {
    context.set_verify_callback([](bool, ssl::verify_context&) { return true; });
  }
  static constexpr std::string_view kSession = "deskpulse";
  SSL_CTX_set_session_id_context(context.native_handle(),
                                 reinterpret_cast<const unsigned char*>(kSession.data()),
                                 static_cast<unsigned>(kSession.size()));
}

/// OpenSSL's name of a suite that has its IANA name in the settings; empty when it has none.
std::string openssl_name(const ssl::context& context, std::string_view iana_name) {
  const std::unique_ptr<SSL, decltype(&SSL_free)> session(
      SSL_new(const_cast<ssl::context&>(context).native_handle()), SSL_free);
  STACK_OF(SSL_CIPHER)* const suites = SSL_get_ciphers(session.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(suites); ++i) {
    const SSL_CIPHER* const suite = sk_SSL_CIPHER_value(suites, i);
    const char* const name = SSL_CIPHER_standard_name(suite);
    if (name == nullptr) continue;
    // Go, and so Prometheus' documentation, leaves the hash off the names of two.
    if (name == iana_name || std::string_view(name) == std::string(iana_name) + "_SHA256") {
      return SSL_CIPHER_get_name(suite);
    }
  }
  return {};
}

void use_cipher_suites(ssl::context& context, const TlsSettings& settings) {
  SSL_CTX* const handle = context.native_handle();
  std::string suites;
  std::string suites_of_13;
  for (const std::string& name : settings.cipher_suites) {
    const std::string found = openssl_name(context, name);
    if (found.empty()) {
      fail("cipher_suites", '"' + name +
                                "\" is unknown or unsafe; name suites such as "
                                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    }
    std::string& list = found.starts_with("TLS_") ? suites_of_13 : suites;
    list.append(list.empty() ? "" : ":").append(found);
  }
  if ((!suites.empty() && SSL_CTX_set_cipher_list(handle, suites.c_str()) != 1) ||
      (!suites_of_13.empty() && SSL_CTX_set_ciphersuites(handle, suites_of_13.c_str()) != 1)) {
    fail("cipher_suites", "OpenSSL does not take them");
  }

  std::string curves;
  for (const std::string& name : settings.curve_preferences) {
    static const std::array<std::pair<std::string_view, std::string_view>, 4> known{
        {{"CurveP256", "P-256"},
         {"CurveP384", "P-384"},
         {"CurveP521", "P-521"},
         {"X25519", "X25519"}}};
    std::string_view curve;
    for (const auto& [ours, theirs] : known) {
      if (ours == name) curve = theirs;
    }
    if (curve.empty()) {
      fail("curve_preferences",
           '"' + name + "\" is none of CurveP256, CurveP384, CurveP521, X25519");
    }
    curves.append(curves.empty() ? "" : ":").append(curve);
  }
  if (!curves.empty() && SSL_CTX_set1_groups_list(handle, curves.c_str()) != 1) {
    fail("curve_preferences", "OpenSSL does not take them");
  }
}

std::chrono::system_clock::time_point end_of_certificate(const ssl::context& context) {
  const X509* const certificate =
      SSL_CTX_get0_certificate(const_cast<ssl::context&>(context).native_handle());
  std::tm end{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) {
    return {};
  }
  return std::chrono::system_clock::from_time_t(timegm(&end));
}

}  // namespace

TlsContext::TlsContext(const TlsSettings& settings) : context(ssl::context::tls_server) {
  if (settings.cert_file.empty()) fail("cert_file", "is missing; TLS needs it, and key_file");
  if (settings.key_file.empty()) fail("key_file", "is missing; TLS needs it, and cert_file");
  SSL_CTX* const handle = context.native_handle();
  const int min_version = version_of("min_version", settings.min_version);
  const int max_version = version_of("max_version", settings.max_version);
  if (min_version > max_version) {
    fail("min_version", settings.min_version + " is above max_version, " + settings.max_version);
  }
  SSL_CTX_set_min_proto_version(handle, min_version);
  SSL_CTX_set_max_proto_version(handle, max_version);
  context.set_options(ssl::context::default_workarounds | ssl::context::no_compression |
                      SSL_OP_NO_RENEGOTIATION);
  if (settings.prefer_server_cipher_suites) context.set_options(SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);  // 34 kB of each connection that is idle
  use_cipher_suites(context, settings);
  use_certificate(context, settings);
  ask_for_client_certificates(context, settings);
  certificate_end = end_of_certificate(context);
  ERR_clear_error();
}

TlsFiles::TlsFiles(TlsSettings settings)
    : settings_(std::move(settings)),
      stamps_(stamps()),
      context_(std::make_shared<TlsContext>(settings_)) {}

std::shared_ptr<TlsContext> TlsFiles::newest(std::chrono::steady_clock::time_point now) {
  if (now - looked_ < std::chrono::seconds{1}) return context_;
  looked_ = now;
  // Before they are read: what changes meanwhile is found the next time.
  std::vector<Stamp> found = stamps();
  if (found == stamps_) return context_;
  stamps_ = std::move(found);
  try {
    context_ = std::make_shared<TlsContext>(settings_);
  } catch (const std::runtime_error&) {
    ++failures_;
  }
  return context_;
}

TlsFiles::Stamp TlsFiles::stamp_of(const std::string& path) {
  struct stat file {};
  if (path.empty() || stat(path.c_str(), &file) != 0) return {};
  return {.inode = file.st_ino,
          .size = static_cast<std::uint64_t>(file.st_size),
          .seconds = file.st_mtim.tv_sec,
          .nanoseconds = file.st_mtim.tv_nsec};
}

std::vector<TlsFiles::Stamp> TlsFiles::stamps() const {
  return {stamp_of(settings_.cert_file), stamp_of(settings_.key_file),
          stamp_of(settings_.client_ca_file)};
}

}  // namespace deskpulse::http
