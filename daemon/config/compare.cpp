#include "daemon/config/compare.hpp"

#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "daemon/config/field.hpp"

namespace deskpulse::config {
namespace {

const std::string kNotSet = "(not set)";
const std::string kSet = "(set)";
const std::string kHidden = "(secret)";

template <class Target>
std::string text_of(const Field<Target>& field, const Target& target) {
  const auto value = field.get(target);
  if (!value) return kNotSet;
  std::string text = plain_text(*value);
  if (!field.has_secret_path) return text;
  const auto host = text.find("://");
  const auto path = text.find_first_of("/?", host == std::string::npos ? 0 : host + 3);
  return path == std::string::npos || text.substr(path) == "/" ? text
                                                               : text.substr(0, path) + "/(secret)";
}

template <class Target>
void compare_fields(const std::vector<Field<Target>>& fields, const std::string& prefix,
                    const Target& old, const Target& next, std::vector<Change>& changes) {
  for (const Field<Target>& field : fields)
    if (field.get(old) != field.get(next))
      changes.push_back(
          {prefix + field.key, text_of(field, old), text_of(field, next), field.is_live});
}

/// Pairs the entries of two lists by name; `both` is called with each pair that both have.
template <class Entry, class Both>
void compare_lists(const std::vector<Entry>& old, const std::vector<Entry>& next,
                   std::string Entry::*name, const std::string& prefix, bool is_live,
                   std::vector<Change>& changes, const Both& both) {
  std::map<std::string_view, std::pair<const Entry*, const Entry*>> pairs;
  for (const Entry& entry : old) pairs[entry.*name].first = &entry;
  for (const Entry& entry : next) pairs[entry.*name].second = &entry;
  for (const auto& [key, pair] : pairs) {
    const std::string path = prefix + std::string(key);
    if (pair.first == nullptr)
      changes.push_back({path, kNotSet, kSet, is_live});
    else if (pair.second == nullptr)
      changes.push_back({path, kSet, kNotSet, is_live});
    else
      both(path, *pair.first, *pair.second);
  }
}

}  // namespace

std::vector<Change> compare(const Config& old, const Config& next) {
  std::vector<Change> changes;
  compare_fields(config_fields(), "", old, next, changes);
  compare_lists(old.http.users, next.http.users, &BasicAuthUser::name,
                std::string(kBasicAuthUsers) + ".", true, changes,
                [&](const std::string& path, const BasicAuthUser& a, const BasicAuthUser& b) {
                  if (a != b) changes.push_back({path, kHidden, kHidden, true});
                });
  compare_lists(old.profiles, next.profiles, &Profile::name, "profiles.", false, changes,
                [&](const std::string& path, const Profile& a, const Profile& b) {
                  compare_fields(profile_fields(), path + ".", a, b, changes);
                });
  compare_lists(old.shops, next.shops, &Shop::id, "shop.", false, changes,
                [&](const std::string& path, const Shop& a, const Shop& b) {
                  compare_fields(shop_fields(), path + ".", a, b, changes);
                  compare_lists(a.agents, b.agents, &Agent::id, path + ".agent.", false, changes,
                                [&](const std::string& agent, const Agent& c, const Agent& d) {
                                  compare_fields(agent_fields(), agent + ".", c, d, changes);
                                });
                });
  return changes;
}

Config reloaded(const Config& running, const Config& next) {
  Config result = running;
  for (const Field<Config>& field : config_fields())
    if (field.is_live) field.copy(result, next);
  result.http.users = next.http.users;
  return result;
}

}  // namespace deskpulse::config
