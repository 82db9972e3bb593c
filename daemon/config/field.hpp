// The settings as a table: one row says all there is to know about one key, and the file, the
// environment, the flags, the list of known keys and the printed configuration all walk the rows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/config/config.hpp"

namespace deskpulse::config {

/// What TOML can say in one value; `list` is a list of strings, and a `number` may be written
/// without its point.
enum class Kind { text, integer, number, boolean, list };
using Value = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;

/// One key of `Target`. A new setting is a member in config.hpp and a row in fields.cpp.
template <class Target>
struct Field {
  std::string key;   ///< within its section; "feed.tls.ca_file" for the settings of Config
  Kind kind;         ///< the kind of Value that `set` is given
  std::string help;  ///< one line for people
  std::string must;  ///< "must be …; what to write", said when a value does not fit
  /// Stores the value; false, and nothing stored, when it does not fit.
  std::function<bool(Target&, const Value&)> set;
  /// The value in force; nothing when the key is not set.
  std::function<std::optional<Value>(const Target&)> get;
  /// Makes this key of `to` what it is in `from`, set or not.
  std::function<void(Target& to, const Target& from)> copy;
  /// A running daemon takes it over at a reload; otherwise it needs a restart.
  bool is_live = false;
  /// An address whose path and query may be secret: a log says no more of it than the rest, and a
  /// printed configuration no query.
  bool has_secret_path = false;
};

/// The scalar settings, in the order of the printed configuration; keys carry their section.
const std::vector<Field<Config>>& config_fields();
const std::vector<Field<Profile>>& profile_fields();
/// Without `id`, `ids` and `agent`, which the loader reads itself.
const std::vector<Field<Shop>>& shop_fields();
/// Without `id`.
const std::vector<Field<Agent>>& agent_fields();

/// Shop and agent ids: 1 to 256 bytes without control characters, as on the wire.
bool is_valid_id(std::string_view id);

/// [http.basic_auth_users] has a name of one's own as each key, and so no row.
inline constexpr std::string_view kBasicAuthUsers = "http.basic_auth_users";
/// What basic authentication can carry as a name: no colon, no control characters.
bool is_user_name(std::string_view name);
/// A hash that crypt(3) verifies as bcrypt: `$2y$`, the cost, 53 characters.
bool is_bcrypt_hash(std::string_view text);

/// What a printed configuration has in the place of a secret. No setting takes it as a value.
inline constexpr std::string_view kSecret = "<secret>";

/// A value as a person reads it, without quotes.
std::string plain_text(const Value& value);

/// The environment variable of a setting: "feed.url" is DESKPULSE_FEED_URL.
std::string environment_variable(std::string_view key);

}  // namespace deskpulse::config
