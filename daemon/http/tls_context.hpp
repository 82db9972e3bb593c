// The certificate, key and rules of our own TLS listener.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "daemon/http/access_settings.hpp"

namespace deskpulse::http {

/// What a handshake needs.
struct TlsContext {
  explicit TlsContext(const TlsSettings& settings);

  boost::asio::ssl::context context;
  std::chrono::system_clock::time_point certificate_end;  ///< notAfter
};

/// Keeps the newest TlsContext of its files: they are looked at when somebody connects, at most
/// once a second, and read again when one has changed. Files that are being replaced, or are
/// broken, leave the old certificate in use until they are whole. Not thread-safe.
class TlsFiles {
 public:
  /// Reads them. Throws std::runtime_error with a sentence for the operator that names the setting
  /// and the file: `http.tls_server_config.cert_file: cannot read /etc/…: No such file or …`.
  explicit TlsFiles(TlsSettings settings);

  std::shared_ptr<TlsContext> newest(std::chrono::steady_clock::time_point now);
  /// Times that changed files could not be used.
  std::uint64_t failures() const { return failures_; }

 private:
  /// What tells one version of a file from the next.
  struct Stamp {
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  static Stamp stamp_of(const std::string& path);
  std::vector<Stamp> stamps() const;

  TlsSettings settings_;
  std::vector<Stamp> stamps_;  // of what was read, or could not be, last
  std::shared_ptr<TlsContext> context_;
  std::chrono::steady_clock::time_point looked_{};
  std::uint64_t failures_ = 0;
};

}  // namespace deskpulse::http
