#include "daemon/config/load.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>
#include <tuple>

#include "daemon/config/field.hpp"
#include "daemon/config/nearest.hpp"
#include "daemon/config/zone.hpp"

#define TOML_EXCEPTIONS 0
// toml++ 3.3 asserts that the name of a section begins as names do, and says with line and column
// what is wrong with `[店铺]` where the assertion is let pass. So do most builds of it; and a text
// is not to end a daemon that reads its configuration again.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

namespace deskpulse::config {
namespace {

// Ids that the engine gives a meaning of their own (METRICS.md, R3, R34 and R35).
constexpr std::string_view kQueueId = "unassigned";
constexpr std::string_view kOtherId = "_other";

/// Where a value was written.
struct Origin {
  int layer = 0;  ///< 0 file, 1 environment, 2 flags, for the order of the errors
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string text = "default";  ///< how an error calls it
};

struct Complaint {
  Origin origin;
  std::string sentence;
};

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // toml++ passes over it

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> entries;
  while (true) {
    const auto comma = text.find(',');
    std::string_view entry = text.substr(0, comma);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    entries.emplace_back(entry);
    if (comma == std::string_view::npos) return entries;
    text.remove_prefix(comma + 1);
  }
}

/// The number that all of `text` is.
template <class Number>
std::optional<Value> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A value of the environment or a flag, which have text only; lists are separated by commas.
std::optional<Value> value_from_text(Kind kind, const std::string& text) {
  switch (kind) {
    case Kind::text:
      return text;
    case Kind::list:
      return split_list(text);
    case Kind::boolean:
      if (text == "true") return true;
      if (text == "false") return false;
      return std::nullopt;
    case Kind::integer:
      return number_in<std::int64_t>(text);
    case Kind::number:
      return number_in<double>(text);
  }
  return std::nullopt;
}

/// A value of a TOML document; nothing when it is of another kind.
std::optional<Value> value_from_node(Kind kind, const toml::node& node) {
  switch (kind) {
    case Kind::text:
      if (const auto* text = node.as_string()) return text->get();
      return std::nullopt;
    case Kind::integer:
      if (const auto* number = node.as_integer()) return number->get();
      return std::nullopt;
    case Kind::number:
      if (const auto* number = node.as_integer()) return static_cast<double>(number->get());
      if (const auto* number = node.as_floating_point()) return number->get();
      return std::nullopt;
    case Kind::boolean:
      if (const auto* truth = node.as_boolean()) return truth->get();
      return std::nullopt;
    case Kind::list:
      const auto* array = node.as_array();
      if (array == nullptr) return std::nullopt;
      std::vector<std::string> entries;
      for (const toml::node& entry : *array) {
        const auto* text = entry.as_string();
        if (text == nullptr) return std::nullopt;
        entries.push_back(text->get());
      }
      return entries;
  }
  return std::nullopt;
}

template <class Target>
const Field<Target>* find_field(const std::vector<Field<Target>>& fields, std::string_view key) {
  for (const Field<Target>& field : fields)
    if (field.key == key) return &field;
  return nullptr;
}

/// The names directly below `prefix` ("" or "feed.") among the settings: keys and sections.
std::vector<std::string> names_below(const std::string& prefix) {
  std::vector<std::string> names;
  const auto add = [&names](std::string name) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  };
  for (const Field<Config>& field : config_fields())
    if (field.key.starts_with(prefix)) {
      const std::string rest = field.key.substr(prefix.size());
      add(rest.substr(0, rest.find('.')));
    }
  if (kBasicAuthUsers.starts_with(prefix)) {
    const std::string rest(kBasicAuthUsers.substr(prefix.size()));
    add(rest.substr(0, rest.find('.')));
  }
  if (prefix.empty()) {
    add("profiles");
    add("shop");
  }
  return names;
}

bool is_section(const std::string& path) {
  return std::any_of(config_fields().begin(), config_fields().end(),
                     [&](const auto& field) { return field.key.starts_with(path + "."); });
}

/// A setting of this name in any section: what someone meant who wrote it into the wrong one.
std::optional<std::string> setting_called(std::string_view name) {
  for (const Field<Config>& field : config_fields())
    if (field.key.substr(field.key.rfind('.') + 1) == name) return field.key;
  return std::nullopt;
}

std::vector<std::string> all_settings() {
  std::vector<std::string> keys;
  for (const Field<Config>& field : config_fields()) keys.push_back(field.key);
  return keys;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// Whether what is sent to the host of a URL, `scheme://host…`, stays on this machine.
bool is_this_machine(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  const std::string_view host = url.substr(0, url.find_first_of("/?"));
  for (const std::string_view own : {"localhost", "[::1]"})
    if (host.starts_with(own) && (host.size() == own.size() || host[own.size()] == ':'))
      return true;
  const std::string address(host.substr(0, host.find(':')));
  in_addr bytes{};
  return inet_pton(AF_INET, address.c_str(), &bytes) == 1 && ntohl(bytes.s_addr) >> 24U == 127;
}

/// Where a key has more parts than any key should; toml++ makes each a table inside the one before,
/// and takes them apart again by recursion.
std::optional<toml::source_position> endless_key(std::string_view text) {
  constexpr int kMostDots = 1'000;
  toml::source_position at{1, 0};
  int dots = 0;
  for (const char c : text) {
    ++at.column;
    if (c == '.') {
      if (++dots > kMostDots) return at;
    } else if (c == '\n') {
      dots = 0;
      ++at.line;
      at.column = 0;
    } else if (c == '=' || c == ',') {
      dots = 0;
    }
  }
  return std::nullopt;
}

/// The quotes that `text` begins with: one, or three, whose text may have several lines.
std::string_view quotes_at(std::string_view text) {
  const std::string_view three = text.substr(0, 3);
  return three == "\"\"\"" || three == "'''" ? three : text.substr(0, 1);
}

/// The text without letters beyond ASCII: each is a `?` and its bytes in hexadecimal digits, which
/// TOML has a place for where it has one for those, in quotes and comments, and nowhere else.
std::string in_ascii(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      result += c;
      continue;
    }
    if (byte >= 0xc0) result += '?';
    result += kDigits[byte >> 4U];
    result += kDigits[byte & 0xfU];
  }
  return result;
}

/// The place in `text` that is at `there` in in_ascii() of it.
toml::source_position place_of(const toml::source_position& there, std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (toml::source_index line = 1; line < there.line; ++line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  toml::source_position place{there.line, 0};
  for (toml::source_index column = 0; column < there.column && !text.empty();
       text.remove_prefix(1)) {
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte < 0x80 || byte >= 0xc0) ++place.column;
    column += byte < 0x80 ? 1U : byte < 0xc0 ? 2U : 3U;
  }
  place.column = std::max(place.column, toml::source_index{1});
  return place;
}

/// toml++ says of some faults where they begin, one letter ahead.
bool is_before(const toml::source_position& a, const toml::source_position& b) {
  return a.line < b.line || (a.line == b.line && a.column + 1 < b.column);
}

/// Where a letter beyond ASCII stands that TOML has no place for: outside quotes and comments, or
/// behind a `\`. toml++ asks of such a letter whether it is white space, and promises the compiler
/// of an `é`, or of a `。`, that nobody does. So none gets there, nor one that begins a line which
/// a `\` joins to the line before. Of a text whose quotes are in order, up to there.
std::optional<toml::source_position> misplaced_letter(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  toml::source_position at{1, 0};
  std::string_view quotes;        // those that are open
  bool behind_backslash = false;  // with nothing but white space since
  bool in_comment = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool is_white = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (c < 0x80 || c >= 0xc0) ++at.column;
    if (c >= 0x80) {
      if (!in_comment && (quotes.empty() || behind_backslash)) return at;
    } else if (c == '\n') {
      ++at.line;
      at.column = 0;
      in_comment = false;
      if (quotes.size() == 1) quotes = {};
      behind_backslash = behind_backslash && !quotes.empty();
    } else if (in_comment) {
      continue;
    } else if (quotes.empty()) {
      in_comment = c == '#';
      if (c != '"' && c != '\'') continue;
      quotes = quotes_at(text.substr(i));
      i += quotes.size() - 1;
      at.column += static_cast<toml::source_index>(quotes.size() - 1);
    } else if (behind_backslash && (is_white || text[i - 1] == '\\')) {
      behind_backslash = is_white;
    } else {
      behind_backslash = c == '\\' && quotes.front() == '"';
      if (!text.substr(i).starts_with(quotes)) continue;
      // Of up to five quotes the last three end the text.
      std::size_t end = i + quotes.size();
      if (quotes.size() == 3) end = std::min(text.find_first_not_of(text[i], end), end + 2);
      at.column += static_cast<toml::source_index>(end - i - 1);
      i = end - 1;
      quotes = {};
    }
  }
  return std::nullopt;
}

class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources) {}

  Loaded run() {
    if (sources_.document) read_document(*sources_.document);
    read_environment();
    read_overrides();
    take_state_directory();
    check_references();
    return {.config = std::move(config_),
            .errors = lines_of(std::move(errors_)),
            .warnings = lines_of(std::move(warnings_))};
  }

 private:
  // --- errors ---

  Origin at(const toml::source_position& position) const {
    return {0, position.line, position.column,
            sources_.document->name + ":" + std::to_string(position.line) + ":" +
                std::to_string(position.column)};
  }
  Origin at(const toml::node& node) const { return at(node.source().begin); }
  Origin at(const toml::key& key) const { return at(key.source().begin); }

  void error(Origin origin, std::string sentence) {
    errors_.push_back({std::move(origin), std::move(sentence)});
  }

  static std::vector<std::string> lines_of(std::vector<Complaint> complaints) {
    std::stable_sort(complaints.begin(), complaints.end(), [](const auto& a, const auto& b) {
      return std::tie(a.origin.layer, a.origin.line, a.origin.column) <
             std::tie(b.origin.layer, b.origin.line, b.origin.column);
    });
    std::vector<std::string> lines;
    for (const Complaint& complaint : complaints) {
      std::string& line = lines.emplace_back(complaint.origin.text + ": " + complaint.sentence);
      // What is quoted in it may be anything, also what a terminal obeys.
      std::replace_if(
          line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
    }
    return lines;
  }

  void unknown_key(const toml::key& key, const std::string& where,
                   const std::vector<std::string>& known) {
    std::string sentence = "unknown key " + in_quotes(key.str());
    if (!where.empty()) sentence += " in " + where;
    if (const auto near = nearest(key.str(), known))
      sentence += "; did you mean " + in_quotes(*near) + "?";
    else if (const auto elsewhere = setting_called(key.str()))
      sentence += "; did you mean " + in_quotes(*elsewhere) + "?";
    else
      sentence += "; known here: " + joined(known);
    error(at(key), sentence);
  }

  /// "no profile "tabao"; did you mean "taobao"?"
  static std::string unknown_name(const std::string& kind, const std::string& name,
                                  const std::vector<std::string>& known) {
    const auto near = nearest(name, known);
    return "unknown " + kind + " " + in_quotes(name) +
           (near ? "; did you mean " + in_quotes(*near) + "?" : "; known: " + joined(known));
  }

  // --- the document ---

  void read_document(const Document& document) {
    if (const auto place = endless_key(document.text)) {
      error(at(*place), "more dots than a key can have; correct it, the file was not read");
      return;
    }
    // Where the quotes are not in order, only toml++ knows what is outside of them.
    const toml::parse_result shape = toml::parse(in_ascii(document.text), document.name);
    const auto place = misplaced_letter(document.text);
    const auto fault =
        shape ? std::nullopt : std::optional(place_of(shape.error().source().begin, document.text));
    if (place && (!fault || !is_before(*fault, *place))) {
      error(at(*place),
            "not valid TOML: a letter beyond ASCII outside quotes or behind a \\; "
            "correct it, the file was not read");
      return;
    }
    if (fault) return invalid(*fault, shape.error());
    const toml::parse_result result = toml::parse(document.text, document.name);
    if (!result) return invalid(result.error().source().begin, result.error());
    read_section(result.table(), "");
  }

  void invalid(const toml::source_position& place, const toml::parse_error& why) {
    error(at(place), "not valid TOML: " + std::string(why.description()) +
                         "; correct it, the rest of the file was not read");
  }

  void read_section(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string path = prefix + std::string(key.str());
      if (const auto* field = find_field(config_fields(), path)) {
        set_from_node(config_, *field, path, node);
        origins_[path] = at(node);
      } else if (is_section(path)) {
        if (const auto* section = node.as_table())
          read_section(*section, path + ".");
        else
          error(at(node), path + " is a section; write [" + path + "] on a line of its own");
      } else if (path == kBasicAuthUsers) {
        read_users(node);
      } else if (path == "profiles") {
        read_profiles(node);
      } else if (path == "shop") {
        read_shops(node);
      } else {
        const std::string where =
            prefix.empty() ? "" : "[" + prefix.substr(0, prefix.size() - 1) + "]";
        unknown_key(key, where, names_below(prefix));
      }
    }
  }

  template <class Target>
  void set_from_node(Target& target, const Field<Target>& field, const std::string& path,
                     const toml::node& node) {
    const auto value = value_from_node(field.kind, node);
    if (!value || !field.set(target, *value)) error(at(node), path + " " + field.must);
  }

  /// Sets every key of `table` that has a field; others must be in `own`, which the caller reads.
  template <class Target>
  void read_fields(const toml::table& table, const std::vector<Field<Target>>& fields,
                   const std::vector<std::string>& own, const std::string& path,
                   const std::string& where, Target& target) {
    for (const auto& [key, node] : table) {
      if (const auto* field = find_field(fields, key.str())) {
        set_from_node(target, *field, path + "." + field->key, node);
      } else if (std::find(own.begin(), own.end(), key.str()) == own.end()) {
        std::vector<std::string> known = own;
        for (const Field<Target>& each : fields) known.push_back(each.key);
        unknown_key(key, where, known);
      }
    }
  }

  /// What was written as a hash is not repeated: it may be somebody's password.
  void read_users(const toml::node& node) {
    const auto* table = node.as_table();
    if (table == nullptr) {
      error(at(node), std::string(kBasicAuthUsers) + " is a section; write [" +
                          std::string(kBasicAuthUsers) + "] on a line of its own");
      return;
    }
    for (const auto& [key, entry] : *table) {
      const auto* hash = entry.as_string();
      if (!is_user_name(key.str()))
        error(
            at(key),
            "the name of a user must be 1 to 256 bytes without a colon or control characters, and "
            "no hash; choose a short word, and write name = \"hash\"");
      else if (hash == nullptr || !is_bcrypt_hash(hash->get()))
        error(at(entry), std::string(kBasicAuthUsers) + "." + std::string(key.str()) +
                             " must be a bcrypt hash, which begins with $2y$; make one with "
                             "htpasswd -nB NAME (package apache2-utils)");
      else
        config_.http.users.push_back({std::string(key.str()), hash->get()});
    }
  }

  void read_profiles(const toml::node& node) {
    const auto* table = node.as_table();
    if (table == nullptr) {
      error(at(node), "profiles holds sections; write [profiles.NAME] on a line of its own");
      return;
    }
    for (const auto& [key, entry] : *table) {
      const std::string name(key.str());
      const std::string path = "profiles." + name;
      if (!is_valid_id(name)) {
        error(at(key),
              "the name of a profile must be 1 to 256 bytes without control characters; "
              "choose a short word");
      } else if (const auto* profile = entry.as_table()) {
        config_.profiles.push_back({});
        config_.profiles.back().name = name;
        read_fields(*profile, profile_fields(), {}, path, "[" + path + "]",
                    config_.profiles.back());
      } else {
        error(at(entry), path + " is a section; write [" + path + "] on a line of its own");
      }
    }
  }

  /// Calls `read` with each table of `[[path]]`.
  template <class Read>
  void each_table(const toml::node& node, const std::string& path, Read read) {
    const auto* array = node.as_array();
    const bool tables = array != nullptr && std::all_of(array->begin(), array->end(),
                                                        [](auto& e) { return e.is_table(); });
    if (!tables) {
      error(at(node), path + " is a list of sections; write [[" + path +
                          "]] on a line of its own, once for each");
      return;
    }
    for (const toml::node& entry : *array) read(*entry.as_table());
  }

  void read_shops(const toml::node& node) {
    each_table(node, "shop", [this](const toml::table& table) {
      Shop shop;
      read_fields(table, shop_fields(), {"id", "ids", "agent"}, "shop", "[[shop]]", shop);
      if (const auto* profile = table.get("profile"); profile != nullptr && shop.profile)
        shop_profiles_.push_back({at(*profile), *shop.profile});
      if (const auto* agents = table.get("agent")) read_agents(*agents, shop.agents);

      const std::vector<std::string> ids = read_shop_ids(table);
      if (ids.size() > 1 && !shop.name.empty())
        error(at(*table.get("name")),
              "one name cannot stand for several shops; give each a [[shop]] of its own");
      for (const std::string& id : ids) {
        config_.shops.push_back(shop);
        config_.shops.back().id = id;
      }
    });
  }

  std::vector<std::string> read_shop_ids(const toml::table& table) {
    const toml::node* one = table.get("id");
    const toml::node* many = table.get("ids");
    if ((one == nullptr) == (many == nullptr)) {
      if (one == nullptr)
        error(at(table),
              "a [[shop]] without an id; add id = \"…\", or ids = [\"…\", \"…\"] for "
              "several shops with the same settings");
      else
        error(at(*many), "a [[shop]] with both id and ids; keep one of them");
      return {};
    }
    std::vector<std::string> ids;
    const auto take = [&](const toml::node& node, const std::string& key) {
      const auto* text = node.as_string();
      if (text == nullptr || !is_valid_id(text->get())) {
        error(at(node), "shop." + key +
                            " must be 1 to 256 bytes of text without control "
                            "characters; write it as the stream does");
        return;
      }
      if (text->get() == kOtherId) {
        error(at(node),
              "\"_other\" is the shop that those beyond limits.shops are counted as; remove it");
        return;
      }
      const auto [known, is_new] = shops_.emplace(text->get(), at(node));
      if (is_new)
        ids.push_back(text->get());
      else
        error(at(node), "shop " + in_quotes(text->get()) + " is already configured at line " +
                            std::to_string(known->second.line) + "; remove one of the two");
    };
    if (one != nullptr) {
      take(*one, "id");
    } else if (const auto* array = many->as_array(); array != nullptr && !array->empty()) {
      for (const toml::node& entry : *array) take(entry, "ids");
    } else {
      error(at(*many), "shop.ids must be a list of shop ids; write it like [\"a\", \"b\"]");
    }
    return ids;
  }

  void read_agents(const toml::node& node, std::vector<Agent>& agents) {
    std::map<std::string, Origin> seen;
    each_table(node, "shop.agent", [&](const toml::table& table) {
      Agent agent;
      read_fields(table, agent_fields(), {"id"}, "shop.agent", "[[shop.agent]]", agent);
      const toml::node* id = table.get("id");
      if (id == nullptr) {
        error(at(table), "a [[shop.agent]] without an id; add id = \"…\"");
        return;
      }
      const auto* text = id->as_string();
      if (text == nullptr || !is_valid_id(text->get())) {
        error(at(*id),
              "shop.agent.id must be 1 to 256 bytes of text without control characters; "
              "write it as the stream does");
        return;
      }
      agent.id = text->get();
      if (agent.id == kQueueId) {
        error(at(*id), "\"unassigned\" is the queue and no agent; remove the section");
        return;
      }
      if (agent.id == kOtherId) {
        error(at(*id),
              "\"_other\" is the agent that those beyond limits.agents are counted as; remove the "
              "section");
        return;
      }
      const auto [known, is_new] = seen.emplace(agent.id, at(*id));
      if (is_new)
        agents.push_back(std::move(agent));
      else
        error(at(*id), "agent " + in_quotes(agent.id) + " is already configured at line " +
                           std::to_string(known->second.line) + "; remove one of the two");
    });
  }

  // --- environment and flags ---

  void set_from_text(const Field<Config>& field, const std::string& text, const Origin& origin) {
    const auto value = value_from_text(field.kind, text);
    if (!value || !field.set(config_, *value)) {
      // What to write is said for a file; here a list is separated by commas and nothing is quoted.
      error(origin, field.key + " " + field.must +
                        (field.kind == Kind::list ? "; outside a file as 1m,5m,1h" : ""));
      return;
    }
    origins_[field.key] = origin;
  }

  void read_environment() {
    std::vector<std::string> known;
    for (const Field<Config>& field : config_fields())
      known.push_back(environment_variable(field.key));
    for (const auto& [name, value] : sources_.environment) {
      if (!name.starts_with("DESKPULSE_") || value.empty()) continue;
      const Origin origin{1, 0, 0, "environment " + name};
      const auto found = std::find(known.begin(), known.end(), name);
      if (found != known.end()) {
        set_from_text(config_fields()[static_cast<std::size_t>(found - known.begin())], value,
                      origin);
        continue;
      }
      // Not an error: container platforms make variables of this shape from the name of a service.
      const auto near = nearest(name, known);
      warnings_.push_back(
          {origin, "unknown variable, ignored; " + (near ? "did you mean " + *near + "?"
                                                         : "--print-config shows every setting")});
    }
  }

  void read_overrides() {
    for (const Override& given : sources_.overrides) {
      const Origin origin{2, 0, 0, given.flag};
      if (const auto* field = find_field(config_fields(), given.key)) {
        set_from_text(*field, given.value, origin);
        continue;
      }
      auto near = nearest(given.key, all_settings());
      if (!near) near = setting_called(given.key);
      error(origin, "unknown key " + in_quotes(given.key) + "; " +
                        (near ? "did you mean " + in_quotes(*near) + "?"
                              : "--print-config shows every setting"));
    }
  }

  // --- what can only be judged when every layer is read ---

  Origin origin_of(const std::string& key) const {
    const auto found = origins_.find(key);
    return found == origins_.end() ? Origin{} : found->second;
  }

  /// What the service manager made for us, where nobody says otherwise; of several the first.
  void take_state_directory() {
    if (config_.store.directory) return;
    for (const auto& [name, value] : sources_.environment)
      if (name == "STATE_DIRECTORY" && !value.empty())
        set_from_text(*find_field(config_fields(), "store.directory"),
                      value.substr(0, value.find(':')), {1, 0, 0, "environment " + name});
  }

  void check_references() {
    if (!load_zone(config_.rules.zone))
      error(origin_of("rules.zone"),
            "unknown time zone " + in_quotes(config_.rules.zone) +
                "; choose a name such as \"Asia/Shanghai\" that is a file below "
                "/usr/share/zoneinfo (package tzdata, or tzdata-legacy for old names such as PRC)");

    std::vector<std::string> profiles = sources_.shipped_profiles;
    for (const Profile& profile : config_.profiles) profiles.push_back(profile.name);
    const auto check_profile = [&](const Origin& origin, const std::string& name) {
      if (std::find(profiles.begin(), profiles.end(), name) == profiles.end())
        error(origin, unknown_name("profile", name, profiles));
    };
    check_profile(origin_of("rules.profile"), config_.rules.profile);
    for (const auto& [origin, name] : shop_profiles_) check_profile(origin, name);

    check_token(config_.feed);
    check_tls(config_.http.tls);
    check_journal(config_.store);
    check_targets(config_.targets);

    if (config_.feed.reconnect_base > config_.feed.reconnect_cap) {
      const bool by_base = origins_.count("feed.reconnect.base") != 0;
      error(origin_of(by_base ? "feed.reconnect.base" : "feed.reconnect.cap"),
            "feed.reconnect.base is longer than feed.reconnect.cap; lower the one or raise the "
            "other");
    }
  }

  void check_token(const Feed& feed) {
    if (!feed.url.starts_with("ws://") || is_this_machine(feed.url)) return;
    const auto warn = [&](const char* key, const std::string& what) {
      warnings_.push_back({origin_of(key), what + " goes to another machine over ws://, where "
                                                  "everybody on the way can read it; make feed.url "
                                                  "wss://"});
    };
    if (feed.token_file) warn("feed.token_file", "feed.token_file");
    if (feed.url.find('?') != std::string::npos)
      warn("feed.url", "the query of feed.url, which may hold a token,");
  }

  void check_journal(const Store& store) {
    if (store.journal && store.directory.value_or("").empty())
      error(origin_of("store.journal"),
            "store.journal needs a place; set store.directory, or remove store.journal");
    if (store.journal_max_bytes / 2 < store.journal_segment_bytes) {
      const bool by_segment = origins_.count("store.journal_segment_bytes") != 0;
      error(origin_of(by_segment ? "store.journal_segment_bytes" : "store.journal_max_bytes"),
            "store.journal_max_bytes must hold two segments; raise it, or lower "
            "store.journal_segment_bytes");
    }
  }

  /// METRICS.md, waiting_customers_over: nobody is counted at a longer wait.
  static constexpr double kLongestCountedWait = 600;

  void check_targets(const Targets& targets) {
    if (targets.oldest_wait_seconds > kLongestCountedWait)
      warnings_.push_back({origin_of("targets.oldest_wait_seconds"),
                           "targets.oldest_wait_seconds is above 600, the longest wait that "
                           "customers are counted by: DeskpulseManyCustomersWaitTooLong will never "
                           "fire"});
  }

  void check_tls(const TlsServer& tls) {
    const std::string section = "http.tls_server_config.";
    const auto complain = [&](const char* key, const std::string& sentence) {
      error(origin_of(section + key), section + key + " " + sentence);
    };
    if (tls.cert_file && !tls.key_file) complain("cert_file", "needs its key_file; add it");
    if (tls.key_file && !tls.cert_file) complain("key_file", "needs its cert_file; add it");
    const bool verifies = tls.client_auth_type == "VerifyClientCertIfGiven" ||
                          tls.client_auth_type == "RequireAndVerifyClientCert";
    const bool asks = tls.client_auth_type != "NoClientCert";
    if (asks && !tls.cert_file)
      complain("client_auth_type", "means nothing without TLS; add cert_file and key_file");
    else if (tls.client_auth_type == "RequireAndVerifyClientCert" && !tls.client_ca_file)
      complain("client_auth_type", "needs a client_ca_file to verify with; add it");
    if (tls.client_ca_file && !asks)
      complain("client_ca_file",
               "is not used by this client_auth_type; choose \"RequireAndVerifyClientCert\", or "
               "remove it");
    else if (tls.client_ca_file && !verifies)
      warnings_.push_back({origin_of(section + "client_ca_file"),
                           section + "client_ca_file verifies nobody with this client_auth_type; "
                                     "choose \"RequireAndVerifyClientCert\""});
    if (tls.min_version > tls.max_version)  // "TLS12" and "TLS13"
      complain(origins_.count(section + "min_version") != 0 ? "min_version" : "max_version",
               "leaves no version; lower min_version or raise max_version");
  }

  const Sources& sources_;
  Config config_;
  std::vector<Complaint> errors_;
  std::vector<Complaint> warnings_;
  std::map<std::string, Origin> origins_;  ///< of the settings that were given, by key
  std::map<std::string, Origin> shops_;
  std::vector<std::pair<Origin, std::string>> shop_profiles_;
};

}  // namespace

Loaded load(const Sources& sources) { return Loader(sources).run(); }

}  // namespace deskpulse::config
