#include "daemon/http/basic_auth.hpp"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>

namespace deskpulse::http {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kHashSize = 60;  // "$2y$10$", 22 characters of salt, 31 of hash
constexpr int kGreatestCost = 14;

std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = kBase64.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU));
  }
  if (count >= 6) return std::nullopt;  // one character too many
  return bytes;
}

/// Of a hash that has passed bcrypt_problem().
int cost_of(std::string_view hash) { return (hash[4] - '0') * 10 + (hash[5] - '0'); }

void set_cost(std::string& hash, int cost) {
  hash[4] = static_cast<char>('0' + cost / 10);
  hash[5] = static_cast<char>('0' + cost % 10);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool matches(const std::string& password, const std::string& hash) {
  const auto room = std::make_unique<crypt_data>();  // 32 kB
  const char* const result = crypt_r(password.c_str(), hash.c_str(), room.get());
  const bool is_equal = result != nullptr && std::string_view(result).size() == hash.size() &&
                        CRYPTO_memcmp(result, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(room.get(), sizeof(crypt_data));
  return is_equal;
}

}  // namespace

std::optional<Credentials> basic_credentials(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (authorization.size() < kScheme.size() ||
      !std::equal(kScheme.begin(), kScheme.end(), authorization.begin(),
                  [](char a, unsigned char b) { return a == std::tolower(b); })) {
    return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  const std::optional<std::string> text = from_base64(authorization);
  // crypt(3) would read a password only as far as its first NUL.
  if (!text || text->find('\0') != std::string::npos) return std::nullopt;
  const std::size_t colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{.user = text->substr(0, colon), .password = text->substr(colon + 1)};
}

std::string bcrypt_problem(std::string_view hash) {
  const bool is_bcrypt =
      hash.size() == kHashSize && hash.starts_with("$2") &&
      std::string_view("aby").find(hash[2]) != std::string_view::npos && hash[3] == '$' &&
      is_digit(hash[4]) && is_digit(hash[5]) && hash[6] == '$' &&
      std::all_of(hash.begin() + 7, hash.end(), [](char c) {
        return c == '.' || (c != '+' && kBase64.find(c) != std::string_view::npos);
      });
  if (!is_bcrypt || cost_of(hash) < 4) {
    return "is not a bcrypt hash such as $2y$10$…; htpasswd -nBC 10 USER prints one";
  }
  if (cost_of(hash) > kGreatestCost) {
    return "has a cost of " + std::to_string(cost_of(hash)) +
           ", which takes seconds for each check; make one with a cost of 10 to " +
           std::to_string(kGreatestCost);
  }
  return {};
}

BasicAuth::BasicAuth(std::map<std::string, std::string> users) : users_(std::move(users)) {
  for (const auto& [user, hash] : users_) {
    if (user.empty() || user.find(':') != std::string::npos) {
      throw std::runtime_error("http.basic_auth_users: a user's name is empty or has a colon");
    }
    const std::string problem = bcrypt_problem(hash);
    if (!problem.empty()) {
      throw std::runtime_error("http.basic_auth_users: what stands for the user " + user + ' ' +
                               problem);
    }
    if (costliest_hash_.empty() || cost_of(hash) > cost_of(costliest_hash_)) {
      costliest_hash_ = hash;
    }
  }
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) {
    throw std::runtime_error("no random numbers for a key");
  }
}

bool BasicAuth::knows(const Credentials& credentials) const {
  const Digest digest = digest_of(credentials);
  const auto remembered = remembered_.find(credentials.user);
  return remembered != remembered_.end() &&
         CRYPTO_memcmp(remembered->second.data(), digest.data(), digest.size()) == 0;
}

bool BasicAuth::verify(const Credentials& credentials) const {
  assert(!users_.empty());
  const auto user = users_.find(credentials.user);
  const bool is_user = user != users_.end();
  std::string hash = is_user ? user->second : costliest_hash_;
  const bool is_right = matches(credentials.password, hash) && is_user;
  // Each cost takes twice as long as the one before it, so a cost and all from it up to another one
  // together take as long as that.
  for (int cost = cost_of(hash); cost < cost_of(costliest_hash_); ++cost) {
    set_cost(hash, cost);
    static_cast<void>(matches(credentials.password, hash));
  }
  return is_right;
}

void BasicAuth::remember(const Credentials& credentials) {
  remembered_.insert_or_assign(credentials.user, digest_of(credentials));
}

void BasicAuth::take_over(const BasicAuth& before) {
  key_ = before.key_;
  remembered_.clear();
  for (const auto& [user, digest] : before.remembered_) {
    const auto now = users_.find(user);
    if (now != users_.end() && now->second == before.users_.at(user)) {
      remembered_.emplace(user, digest);
    }
  }
}

BasicAuth::Digest BasicAuth::digest_of(const Credentials& credentials) const {
  // A user's name has no colon, so this is unambiguous.
  const std::string text = credentials.user + ':' + credentials.password;
  Digest digest{};
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), nullptr);
  return digest;
}

}  // namespace deskpulse::http
