// The arrows of the architecture, read from the #include lines.
//
// The linker cannot see an arrow that points up when the header is found through the shared include
// root, and a system header (Boost, prometheus-cpp) is in reach of every file. So this test reads
// every file of proto/ and daemon/ and holds each include against one table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Names = std::vector<std::string_view>;

enum class Purity : bool { impure, pure };

/// One folder, the folders of ours it may know, and the libraries it may use. A library is the
/// beginning of what stands between < and >.
struct Folder {
  std::string_view path;
  Names knows;
  Names libraries;
  Names libraries_in_interface;    ///< those of them that its public headers may show
  Purity purity = Purity::impure;  ///< pure: a function of what is passed in
};

const std::vector<Folder>& folders() {
  static const std::vector<Folder> table{
      {"proto/", {"proto/"}, {"boost/system/", "simdjson.h", "sodium.h"}, {"boost/system/"}},
      {"daemon/memory/", {"daemon/memory/"}, {}, {}},
      {"daemon/files/", {"daemon/files/"}, {}, {}},
      {"daemon/image/", {"daemon/image/", "proto/event.hpp"}, {}, {}},
      {"daemon/asio/", {}, {"boost/"}, {}},
      // From a frame to the numbers.
      {"daemon/feed/",
       {"daemon/feed/", "daemon/intake/", "daemon/files/", "proto/"},
       {"boost/", "openssl/", "sodium.h"},
       {"boost/system/", "boost/asio/awaitable.hpp"}},
      {"daemon/intake/",
       {"daemon/intake/", "daemon/image/", "daemon/memory/", "proto/"},
       {},
       {},
       Purity::pure},
      {"daemon/engine/",
       {"daemon/engine/", "daemon/image/", "daemon/memory/", "proto/event.hpp",
        "proto/id_hash.hpp"},
       {},
       {},
       Purity::pure},
      {"daemon/moment/", {"daemon/moment/", "daemon/engine/"}, {}, {}},
      {"daemon/monitor/",
       {"daemon/monitor/", "daemon/engine/", "daemon/feed/feed.hpp", "daemon/image/",
        "daemon/intake/", "daemon/moment/", "proto/"},
       {},
       {},
       Purity::pure},
      // From the numbers to a screen.
      {"daemon/text/", {"daemon/text/", "proto/event.hpp"}, {}, {}, Purity::pure},
      {"daemon/http/",
       {"daemon/http/", "daemon/files/", "daemon/text/"},
       {"boost/", "crypt.h", "openssl/", "libdeflate.h"},
       {"boost/system/"}},
      {"daemon/metrics/",
       {"daemon/metrics/", "daemon/engine/", "daemon/http/http_counts.hpp", "daemon/moment/",
        "daemon/text/"},
       {"prometheus/"},
       {"prometheus/"}},
      {"daemon/wall/", {"daemon/wall/"}, {}, {}},
      {"daemon/serve/",
       {"daemon/serve/", "daemon/engine/", "daemon/http/", "daemon/metrics/", "daemon/moment/",
        "daemon/text/", "daemon/wall/"},
       {},
       {}},
      // From one run to the next.
      {"daemon/store/", {"daemon/store/", "daemon/image/", "proto/"}, {"sodium.h", "zlib.h"}, {}},
      {"daemon/persistence/",
       {"daemon/persistence/", "daemon/feed/feed.hpp", "daemon/image/", "daemon/intake/",
        "daemon/log/", "daemon/moment/", "daemon/monitor/", "daemon/store/", "proto/"},
       {"boost/asio/"},
       {"boost/asio/io_context.hpp"}},
      // What is around it.
      {"daemon/config/", {"daemon/config/"}, {"absl/time/", "toml++/"}, {}},
      {"daemon/log/",
       {"daemon/log/", "daemon/config/config.hpp", "daemon/feed/feed_probe.hpp", "daemon/intake/",
        "proto/"},
       {"spdlog/", "fmt/"},
       {}},
      {"daemon/host/", {"daemon/host/", "proto/event.hpp"}, {}, {}},
      {"daemon/simulator/",
       {"daemon/simulator/", "proto/"},
       {"boost/", "openssl/", "CLI/", "fmt/"},
       {"boost/system/"}},
      // The wiring knows all of the daemon, and main() the wiring.
      {"daemon/app/", {"daemon/", "proto/"}, {"boost/", "CLI/"}, {}},
      {"daemon/", {"daemon/app/"}, {}, {}},
  };
  return table;
}

/// A program of its own: the daemon's wiring does not know it either.
constexpr std::string_view kSimulator = "daemon/simulator/";
constexpr std::string_view kWiring = "daemon/app/";

/// What a pure function of events and times has no use for: clocks, threads, files, chance.
const std::set<std::string_view>& impure() {
  static const std::set<std::string_view> headers{"atomic",     "condition_variable",
                                                  "ctime",      "filesystem",
                                                  "fstream",    "future",
                                                  "iostream",   "mutex",
                                                  "random",     "shared_mutex",
                                                  "stop_token", "thread"};
  return headers;
}

bool starts_with_any(std::string_view text, const Names& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view each) { return text.substr(0, each.size()) == each; });
}

bool is_standard(std::string_view header) {
  return header.find_first_of("./") == std::string_view::npos;
}

/// POSIX and C headers end in .h and have at most one of these folders.
bool is_of_the_system(std::string_view header) {
  static const std::set<std::string_view> top{"fcntl.h",  "netdb.h",    "poll.h",  "pthread.h",
                                              "signal.h", "syslog.h",   "time.h",  "unistd.h",
                                              "errno.h",  "sysexits.h", "dirent.h"};
  return top.count(header) > 0 || starts_with_any(header, {"sys/", "netinet/", "arpa/", "linux/"});
}

/// What a library keeps to itself and renames as it likes. Asio's manual itself names two such
/// files.
bool is_internal(std::string_view header) {
  if (header == "boost/asio/impl/src.hpp" || header == "boost/asio/ssl/impl/src.hpp") return false;
  return header.find("/impl/") != std::string_view::npos ||
         header.find("/detail/") != std::string_view::npos ||
         header.find("/details/") != std::string_view::npos;
}

/// Null where the table has no such folder.
const Folder* folder_of(std::string_view path) {
  const std::string_view folder = path.substr(0, path.rfind('/') + 1);
  for (const Folder& each : folders())
    if (folder == each.path) return &each;
  return nullptr;
}

struct Include {
  std::string header;
  bool quoted = false;
};

std::vector<Include> includes_of(const std::string& text) {
  std::vector<Include> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty() || line[0] != '#') continue;
    line.erase(0, std::min(line.find_first_not_of(" \t", 1), line.size()));
    if (line.rfind("include", 0) != 0) continue;
    const std::size_t open = line.find_first_of("<\"");
    if (open == std::string::npos) continue;
    const bool quoted = line[open] == '"';
    const std::size_t close = line.find(quoted ? '"' : '>', open + 1);
    if (close == std::string::npos) continue;
    found.push_back({line.substr(open + 1, close - open - 1), quoted});
  }
  return found;
}

using Files = std::map<std::string, std::string>;  ///< text by path from the root

/// Headers that show a library which its folder keeps to itself, because it is slow to compile or
/// could be replaced, or that include such a header: they are for the folder's own files only.
std::set<std::string> private_headers(const Files& files) {
  std::set<std::string> found;
  const auto shows_a_library = [&](const std::string& path, const Include& include) {
    if (include.quoted) return found.count(include.header) > 0;
    return !is_standard(include.header) && !is_of_the_system(include.header) &&
           !starts_with_any(include.header, folder_of(path)->libraries_in_interface);
  };
  for (std::size_t before = 1, after = 0; before != after; after = found.size()) {
    before = found.size();
    for (const auto& [path, text] : files) {
      if (path.substr(path.size() - 4) != ".hpp" || folder_of(path) == nullptr) continue;
      const auto includes = includes_of(text);
      if (std::any_of(includes.begin(), includes.end(),
                      [&](const Include& include) { return shows_a_library(path, include); }))
        found.insert(path);
    }
  }
  return found;
}

std::string complaint_about(const Include& include, const Folder& folder,
                            const std::set<std::string>& privates) {
  const std::string_view header = include.header;
  if (include.quoted) {
    const Folder* const other = folder_of(header);
    if (other == nullptr) return "is not written from the root of the repository";
    if (folder.path == kWiring && other->path == kSimulator) return "is not of the daemon";
    if (!starts_with_any(header, folder.knows)) return "is an arrow that does not exist";
    if (other != &folder && privates.count(include.header) > 0)
      return "is private to " + std::string(other->path);
    return {};
  }
  if (is_internal(header)) return "is internal to its library";
  const bool is_pure = folder.purity == Purity::pure;
  if (is_pure && impure().count(header) > 0) return "has no place in a pure folder";
  if (is_standard(header) || (!is_pure && is_of_the_system(header))) return {};
  if (!starts_with_any(header, folder.libraries)) return "is a library this folder does not use";
  return {};
}

/// One sentence for each include that the table does not allow.
std::vector<std::string> check(const Files& files) {
  const std::set<std::string> privates = private_headers(files);
  std::vector<std::string> complaints;
  for (const auto& [path, text] : files) {
    const Folder* const folder = folder_of(path);
    if (folder == nullptr) complaints.push_back(path + " is in a folder the table does not have");
    if (folder == nullptr) continue;
    for (const Include& include : includes_of(text)) {
      const std::string complaint = complaint_about(include, *folder, privates);
      if (complaint.empty()) continue;
      complaints.push_back(path + " includes " + include.header + ", which " + complaint);
    }
  }
  return complaints;
}

/// The same for one file alone.
std::vector<std::string> check(const std::string& path, const std::string& text) {
  return check(Files{{path, text}});
}

Files files_under(const std::filesystem::path& root, const Names& tops = {"proto", "daemon"}) {
  Files files;
  for (const std::string_view top : tops) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".cpp" && extension != ".hpp") continue;
      std::ifstream file(entry.path());
      files[entry.path().lexically_relative(root).string()] =
          std::string{std::istreambuf_iterator<char>(file), {}};
    }
  }
  return files;
}

TEST(Layering, EveryIncludeOfTheSourceIsAllowed) {
  const Files files = files_under(DESKPULSE_SOURCE_DIR);

  EXPECT_THAT(check(files), IsEmpty());
  EXPECT_GT(files.size(), 50U) << "the source was not found under " << DESKPULSE_SOURCE_DIR;
}

TEST(Layering, TheEngineKnowsNoLibraryAndNoOtherFolder) {
  const std::string path = "daemon/engine/turns.cpp";
  for (const char* const header : {"<boost/asio.hpp>",
                                   "<boost/system/result.hpp>",
                                   "<simdjson.h>",
                                   "<spdlog/spdlog.h>",
                                   "<prometheus/collectable.h>",
                                   "<nlohmann/json.hpp>",
                                   "<absl/time/time.h>",
                                   "<fmt/format.h>",
                                   "<time.h>",
                                   "<sys/time.h>",
                                   "<thread>",
                                   "<mutex>",
                                   "<fstream>",
                                   "\"daemon/metrics/series.hpp\"",
                                   "\"daemon/feed/feed.hpp\"",
                                   "\"daemon/config/config.hpp\"",
                                   "\"daemon/simulator/traffic.hpp\"",
                                   "\"daemon/monitor/monitor.hpp\"",
                                   "\"proto/decoder.hpp\"",
                                   "\"proto/json_fields.hpp\""}) {
    EXPECT_THAT(check(path, std::string("#include ") + header + "\n"), testing::SizeIs(1))
        << header;
  }
}

TEST(Layering, TheEngineMayUseTheStandardLibraryAndTheEventTypes) {
  EXPECT_THAT(check("daemon/engine/turns.cpp",
                    "#include <algorithm>\n#include \"daemon/engine/state.hpp\"\n"
                    "#include \"proto/event.hpp\"\n"),
              IsEmpty());
}

TEST(Layering, APureFolderReadsNoClock) {
  for (const auto& [path, text] : files_under(DESKPULSE_SOURCE_DIR)) {
    const Folder* const folder = folder_of(path);
    if (folder == nullptr || folder->purity != Purity::pure) continue;
    for (const char* const clock :
         {"system_clock", "steady_clock", "_clock::now", "gettimeofday"}) {
      EXPECT_THAT(text, Not(HasSubstr(clock))) << path;
    }
  }
}

TEST(Layering, AnArrowThatPointsUpIsFound) {
  const struct {
    const char* path;
    const char* header;
  } cases[] = {
      {"proto/decoder.cpp", "daemon/engine/engine.hpp"},
      {"daemon/intake/intake.cpp", "daemon/engine/engine.hpp"},
      {"daemon/intake/intake.hpp", "daemon/moment/status.hpp"},
      {"daemon/metrics/series.cpp", "daemon/feed/feed.hpp"},
      {"daemon/metrics/series.cpp", "daemon/config/config.hpp"},
      {"daemon/config/load.cpp", "daemon/engine/settings.hpp"},
      {"daemon/config/load.cpp", "proto/event.hpp"},
      {"daemon/simulator/traffic.cpp", "daemon/engine/engine.hpp"},
      {"daemon/simulator/main.cpp", "daemon/feed/feed.hpp"},
      {"daemon/engine/engine.cpp", "daemon/monitor/monitor.hpp"},
      {"daemon/intake/intake.cpp", "daemon/feed/feed.hpp"},
      {"daemon/monitor/monitor.hpp", "daemon/serve/snapshot.hpp"},
      {"daemon/monitor/monitor.cpp", "daemon/persistence/persistence.hpp"},
      {"daemon/http/connection.cpp", "daemon/moment/moment.hpp"},
      {"daemon/moment/status.hpp", "daemon/http/http_server.hpp"},
      {"daemon/persistence/persistence.cpp", "daemon/app/settings.hpp"},
      {"daemon/app/run_command.cpp", "daemon/simulator/traffic.hpp"},
      {"daemon/main.cpp", "daemon/engine/engine.hpp"},
  };
  for (const auto& each : cases) {
    EXPECT_THAT(check(each.path, std::string("#include \"") + each.header + "\"\n"),
                ElementsAre(HasSubstr(each.header)))
        << each.path;
  }
}

TEST(Layering, TheWiringKnowsTheDaemonsFolders) {
  EXPECT_THAT(check("daemon/app/run_command.cpp",
                    "#include \"daemon/engine/engine.hpp\"\n#include \"daemon/feed/feed.hpp\"\n"
                    "#include \"daemon/metrics/series.hpp\"\n#include <boost/asio.hpp>\n"),
              IsEmpty());
}

TEST(Layering, AHeaderThatShowsASlowLibraryIsPrivateToItsFolder) {
  const Files files{{"daemon/feed/feed.hpp", "#include <boost/system/result.hpp>\n"},
                    {"daemon/feed/stream.hpp", "#include <boost/beast/websocket.hpp>\n"},
                    {"daemon/feed/session.hpp", "#include \"daemon/feed/stream.hpp\"\n"},
                    {"daemon/feed/session.cpp", "#include \"daemon/feed/session.hpp\"\n"},
                    {"daemon/app/run.cpp",
                     "#include \"daemon/feed/feed.hpp\"\n#include \"daemon/feed/stream.hpp\"\n"
                     "#include \"daemon/feed/session.hpp\"\n"}};

  EXPECT_THAT(check(files),
              ElementsAre(HasSubstr("stream.hpp, which is private to daemon/feed/"),
                          HasSubstr("session.hpp, which is private to daemon/feed/")));
}

TEST(Layering, SimdjsonStaysInsideProto) {
  EXPECT_THAT(check("daemon/feed/replay.cpp", "#include <simdjson.h>\n"),
              ElementsAre(HasSubstr("does not use")));
  EXPECT_THAT(check({{"proto/json_fields.hpp", "#include <simdjson.h>\n"},
                     {"proto/decoder.cpp", "#include \"proto/json_fields.hpp\"\n"},
                     {"daemon/feed/replay.cpp", "#include \"proto/json_fields.hpp\"\n"}}),
              ElementsAre(HasSubstr("private to proto/")));
}

TEST(Layering, WhatALibraryKeepsToItselfStaysThere) {
  for (const auto& [path, text] : files_under(DESKPULSE_SOURCE_DIR, {"proto", "daemon", "tests"}))
    for (const Include& include : includes_of(text))
      EXPECT_FALSE(!include.quoted && is_internal(include.header)) << path << " " << include.header;

  EXPECT_THAT(check("daemon/config/load.cpp", "#include <toml++/impl/preprocessor.h>\n"),
              ElementsAre(HasSubstr("internal to its library")));
  EXPECT_THAT(check("daemon/log/logging.cpp", "#include <spdlog/details/thread_pool.h>\n"),
              ElementsAre(HasSubstr("internal to its library")));
  EXPECT_THAT(check("daemon/asio/asio.cpp", "#include <boost/asio/impl/src.hpp>\n"), IsEmpty());
}

TEST(Layering, ANewFolderHasToBeEnteredInTheTable) {
  EXPECT_THAT(check("daemon/gossip/gossip.cpp", ""), ElementsAre(HasSubstr("does not have")));
}

TEST(Layering, IncludesAreWrittenFromTheRoot) {
  EXPECT_THAT(check("daemon/engine/turns.cpp", "#include \"state.hpp\"\n"),
              ElementsAre(HasSubstr("from the root")));
  EXPECT_THAT(check("daemon/engine/turns.cpp", "#include \"../serve/series.hpp\"\n"),
              ElementsAre(HasSubstr("from the root")));
}

TEST(Layering, AnyWayToWriteAnIncludeIsRead) {
  EXPECT_THAT(check("daemon/engine/turns.cpp", "  #  include\t<boost/asio.hpp>  // why\n"),
              ElementsAre(HasSubstr("boost/asio.hpp")));
  EXPECT_THAT(check("daemon/engine/turns.cpp", "// #include <boost/asio.hpp>\n"), IsEmpty());
}

}  // namespace
