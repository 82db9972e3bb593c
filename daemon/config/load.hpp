// From a file, the environment and the flags to one Config, or to every error in them at once.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"

namespace deskpulse::config {

/// A TOML text and the name that errors call it by.
struct Document {
  std::string name;
  std::string text;
};

/// One `--set key=value`, or a flag that stands for one; `flag` is how errors call it.
struct Override {
  std::string flag;
  std::string key;
  std::string value;
};

/// Later ones win: the defaults, the document, the environment, the overrides.
struct Sources {
  std::optional<Document> document;
  std::vector<std::pair<std::string, std::string>> environment;  ///< all of it; ours are picked out
  std::vector<Override> overrides;
  /// Names of the profiles that exist without being configured.
  std::vector<std::string> shipped_profiles{"default"};
};

/// The configuration means something only when `errors` is empty. Each error is one line,
/// "file:line:column: what is wrong; what to do", in the order of the file; those of the
/// environment and the flags name the variable or flag instead. Warnings look the same and stop
/// nothing.
struct Loaded {
  Config config;
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};

/// Reads no file but the zone database. For start-up: milliseconds.
Loaded load(const Sources& sources);

}  // namespace deskpulse::config
