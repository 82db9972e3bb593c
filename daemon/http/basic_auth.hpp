// Basic authentication (RFC 7617) against bcrypt hashes, as Prometheus' exporters do it.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace deskpulse::http {

struct Credentials {
  std::string user;
  std::string password;
};

/// Those in an Authorization field's value; nothing where it is not `Basic` or not well formed.
std::optional<Credentials> basic_credentials(std::string_view authorization);

/// Why `hash` is no bcrypt hash that we take, as the end of a sentence ("is not …"); empty when it
/// is one. A cost over 14, a second and more for each check, is refused.
std::string bcrypt_problem(std::string_view hash);

/// The users and what they have proved. An expensive hash protects the passwords where they are
/// written down, but a scrape each second must not pay for it each time: who has proved a password
/// is known by a keyed hash of it from then on. A guess always costs the whole bcrypt, and as much
/// for a user that does not exist as for each that does, whatever the cost of his hash: as much as
/// the costliest of all.
class BasicAuth {
 public:
  /// By user, the bcrypt hash. Throws std::runtime_error with a sentence for the operator, which
  /// names the user and not the hash, where a hash is none.
  explicit BasicAuth(std::map<std::string, std::string> users);

  /// False: there are no users, and nobody is to be asked.
  bool is_required() const { return !users_.empty(); }
  /// Whether these have been remembered. A few microseconds, in a time that does not depend on the
  /// password.
  bool knows(const Credentials& credentials) const;
  /// Compares by bcrypt: some 50 ms where the greatest cost is 10 and twice that for each one more.
  /// It may run on another thread beside everything else. Only where there are users.
  bool verify(const Credentials& credentials) const;
  /// Keeps what verify() found to be right; one password a user.
  void remember(const Credentials& credentials);
  /// Knows from now on what `before` does of users that have the same hash here.
  void take_over(const BasicAuth& before);

 private:
  using Digest = std::array<unsigned char, 32>;
  Digest digest_of(const Credentials& credentials) const;

  const std::map<std::string, std::string> users_;
  std::string costliest_hash_;  // stands in for the hash of a user that does not exist
  std::array<unsigned char, 32> key_{};
  std::map<std::string, Digest> remembered_;
};

}  // namespace deskpulse::http
