#include "daemon/config/print.hpp"

#include <charconv>
#include <cstdio>
#include <string_view>

#include "daemon/config/field.hpp"

namespace deskpulse::config {
namespace {

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04X", static_cast<unsigned>(c));
      result += escape;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string to_text(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return in_quotes(*text);
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    std::string result = "[";
    for (const std::string& entry : *list)
      result += (result.size() > 1 ? ", " : "") + in_quotes(entry);
    return result + "]";
  }
  return plain_text(value);
}

/// The value in force, but for a token in the query of an address.
std::string printed(const Field<Config>& field, const Value& value) {
  if (!field.has_secret_path) return to_text(value);
  std::string address = plain_text(value);
  const auto query = address.find('?');
  if (query != std::string::npos) address.replace(query + 1, std::string::npos, kSecret);
  return to_text(address);
}

/// The keys of a profile, shop or agent that are set and say something.
template <class Target>
void print_fields(std::string& out, const std::vector<Field<Target>>& fields,
                  const Target& target) {
  for (const Field<Target>& field : fields) {
    const auto value = field.get(target);
    if (!value || *value == Value{std::string()}) continue;
    out += field.key + " = " + to_text(*value) + "\n";
  }
}

}  // namespace

std::string plain_text(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, *number).ptr;
    return {digits, end};
  }
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  std::string list;
  for (const std::string& entry : std::get<std::vector<std::string>>(value))
    list += (list.empty() ? "" : ",") + entry;
  return list;
}

std::string to_toml(const Config& config) {
  std::string out;
  std::string section;
  for (const Field<Config>& field : config_fields()) {
    const auto dot = field.key.rfind('.');
    if (field.key.substr(0, dot) != section) {
      section = field.key.substr(0, dot);
      out += (out.empty() ? "[" : "\n[") + section + "]\n";
    }
    const std::string key = field.key.substr(dot + 1);
    const auto value = field.get(config);
    out += "# " + field.help + "\n";
    out += value ? key + " = " + printed(field, *value) + "\n" : "# " + key + " is not set\n";
  }
  out += "\n[" + std::string(kBasicAuthUsers) +
         "]\n# Who may see the pages: name = \"bcrypt hash\".\n";
  for (const BasicAuthUser& user : config.http.users)
    out += in_quotes(user.name) + " = " + in_quotes(kSecret) + "\n";
  if (config.http.users.empty()) out += "# nobody is asked for a password\n";
  for (const Profile& profile : config.profiles) {
    out += "\n[profiles." + in_quotes(profile.name) + "]\n";
    print_fields(out, profile_fields(), profile);
  }
  for (const Shop& shop : config.shops) {
    out += "\n[[shop]]\nid = " + in_quotes(shop.id) + "\n";
    print_fields(out, shop_fields(), shop);
    for (const Agent& agent : shop.agents) {
      out += "\n[[shop.agent]]\nid = " + in_quotes(agent.id) + "\n";
      print_fields(out, agent_fields(), agent);
    }
  }
  return out;
}

}  // namespace deskpulse::config
