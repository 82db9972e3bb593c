// The arrows of the architecture, read from the #include lines.
//
// The linker cannot see an arrow that points up when the header is found through the shared include
// root, and a system header (Boost, prometheus-cpp) is in reach of every file. So this test reads
// every file of proto/ and daemon/ and holds each include against one table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Names = std::vector<std::string_view>;

/// One folder, the folders of ours it may know, and the libraries it may use. A library is the
/// beginning of what stands between < and >.
struct Folder {
  std::string_view path;
  Names knows;
  Names libraries;            ///< in its .cpp files
  Names libraries_in_header;  ///< in its .hpp files: cheap to compile, and part of the interface
};

const std::vector<Folder>& folders() {
  static const std::vector<Folder> table{
      {"proto/", {"proto/"}, {"boost/system/", "simdjson.h", "sodium.h"}, {"boost/system/"}},
      {"daemon/engine/", {"daemon/engine/", "proto/event.hpp", "proto/id_hash.hpp"}, {}, {}},
      {"daemon/feed/",
       {"daemon/feed/", "proto/"},
       {"boost/", "openssl/"},
       {"boost/system/", "boost/asio/awaitable.hpp"}},
      {"daemon/serve/",
       {"daemon/serve/", "daemon/engine/", "proto/"},
       {"boost/", "prometheus/", "libdeflate.h", "zlib.h"},
       {"boost/system/", "prometheus/"}},
      {"daemon/config/", {"daemon/config/"}, {"absl/time/", "toml++/"}, {}},
      {"daemon/simulator/",
       {"daemon/simulator/", "proto/"},
       {"boost/", "openssl/", "CLI/"},
       {"boost/system/"}},
      // The files beside main.cpp wire the folders and know them all.
      {"daemon/",
       {"daemon/", "proto/"},
       {"boost/", "CLI/", "spdlog/", "fmt/", "prometheus/"},
       {"boost/system/", "boost/asio/io_context.hpp", "spdlog/", "fmt/", "prometheus/"}},
  };
  return table;
}

/// The simulator is a program of its own: the daemon's wiring does not know it either.
const std::set<std::string_view>& unknown_to_the_wiring() {
  static const std::set<std::string_view> paths{"daemon/simulator/"};
  return paths;
}

/// The wall around simdjson, and the header that stands on it: only files of proto/ see them.
constexpr std::string_view kSimdjsonWall = "proto/json_fields.hpp";
const std::set<std::string_view>& private_to_proto() {
  static const std::set<std::string_view> headers{kSimdjsonWall, "proto/event_decoder.hpp"};
  return headers;
}

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
  static const std::set<std::string_view> top{"fcntl.h",  "netdb.h",   "poll.h", "pthread.h",
                                              "signal.h", "syslog.h",  "time.h", "unistd.h",
                                              "errno.h",  "sysexits.h"};
  return top.count(header) > 0 || starts_with_any(header, {"sys/", "netinet/", "arpa/", "linux/"});
}

const Folder* folder_of(std::string_view path) {
  for (const Folder& each : folders())
    if (path.substr(0, each.path.size()) == each.path) return &each;
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

std::string complaint_about(const Include& include, std::string_view path, const Folder& folder) {
  const std::string_view header = include.header;
  const bool in_header = path.size() > 4 && path.substr(path.size() - 4) == ".hpp";
  if (include.quoted) {
    if (folder_of(header) == nullptr) return "is not written from the root of the repository";
    if (private_to_proto().count(header) > 0 && folder.path != "proto/")
      return "is private to proto/";
    if (folder.path == "daemon/" && unknown_to_the_wiring().count(folder_of(header)->path) > 0)
      return "is not known to the daemon";
    if (!starts_with_any(header, folder.knows)) return "is an arrow that does not exist";
    return {};
  }
  if (is_standard(header)) {
    if (folder.path == "daemon/engine/" && impure().count(header) > 0)
      return "has no place in the pure engine";
    return {};
  }
  if (folder.path != "daemon/engine/" && is_of_the_system(header)) return {};
  if (!starts_with_any(header, folder.libraries)) return "is a library this folder does not use";
  if (in_header && path != kSimdjsonWall && !starts_with_any(header, folder.libraries_in_header))
    return "belongs into a .cpp file";
  return {};
}

/// One sentence for each include of the file that the table does not allow. `path` is relative to
/// the root of the repository.
std::vector<std::string> check(const std::string& path, const std::string& text) {
  std::vector<std::string> complaints;
  const Folder* folder = folder_of(path);
  if (folder == nullptr) return {path + " is in no folder of the table"};
  for (const Include& include : includes_of(text)) {
    const std::string complaint = complaint_about(include, path, *folder);
    if (!complaint.empty()) {
      complaints.push_back(path + " includes " + include.header + ", which " + complaint);
    }
  }
  return complaints;
}

TEST(Layering, EveryIncludeOfTheSourceIsAllowed) {
  const std::filesystem::path root = DESKPULSE_SOURCE_DIR;
  std::size_t files = 0;
  for (const char* const top : {"proto", "daemon"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".cpp" && extension != ".hpp") continue;
      std::ifstream file(entry.path());
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      ++files;

      const auto complaints = check(entry.path().lexically_relative(root).string(), text);

      EXPECT_THAT(complaints, IsEmpty());
    }
  }
  EXPECT_GT(files, 50U) << "the source was not found under " << root;
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
                                   "\"daemon/serve/series.hpp\"",
                                   "\"daemon/feed/feed.hpp\"",
                                   "\"daemon/config/config.hpp\"",
                                   "\"daemon/simulator/traffic.hpp\"",
                                   "\"daemon/monitor.hpp\"",
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

TEST(Layering, AnArrowThatPointsUpIsFound) {
  const struct {
    const char* path;
    const char* header;
  } cases[] = {
      {"proto/decoder.cpp", "daemon/engine/engine.hpp"},
      {"daemon/feed/intake.cpp", "daemon/engine/engine.hpp"},
      {"daemon/feed/intake.hpp", "daemon/serve/status.hpp"},
      {"daemon/serve/series.cpp", "daemon/feed/feed.hpp"},
      {"daemon/serve/series.cpp", "daemon/config/config.hpp"},
      {"daemon/config/load.cpp", "daemon/engine/settings.hpp"},
      {"daemon/config/load.cpp", "proto/event.hpp"},
      {"daemon/simulator/traffic.cpp", "daemon/engine/engine.hpp"},
      {"daemon/simulator/main.cpp", "daemon/feed/feed.hpp"},
      {"daemon/engine/engine.cpp", "daemon/monitor.hpp"},
      {"daemon/main.cpp", "daemon/simulator/traffic.hpp"},
  };
  for (const auto& each : cases) {
    EXPECT_THAT(check(each.path, std::string("#include \"") + each.header + "\"\n"),
                ElementsAre(HasSubstr(each.header)))
        << each.path;
  }
}

TEST(Layering, TheWiringKnowsTheDaemonsFolders) {
  EXPECT_THAT(check("daemon/monitor.cpp",
                    "#include \"daemon/engine/engine.hpp\"\n#include \"daemon/feed/feed.hpp\"\n"
                    "#include \"daemon/serve/series.hpp\"\n#include <spdlog/spdlog.h>\n"),
              IsEmpty());
}

TEST(Layering, SlowLibrariesStayOutOfHeaders) {
  for (const char* const path : {"daemon/feed/websocket_feed", "daemon/serve/http_server",
                                 "daemon/simulator/stream_server"}) {
    const std::string text = "#include <boost/beast/websocket.hpp>\n";

    EXPECT_THAT(check(std::string(path) + ".hpp", text), ElementsAre(HasSubstr("a .cpp file")));
    EXPECT_THAT(check(std::string(path) + ".cpp", text), IsEmpty());
  }
}

TEST(Layering, SimdjsonStaysInsideProto) {
  EXPECT_THAT(check("proto/event_decoder.hpp", "#include <simdjson.h>\n"),
              ElementsAre(HasSubstr("a .cpp file")));
  EXPECT_THAT(check("proto/json_fields.hpp", "#include <simdjson.h>\n"), IsEmpty());
  EXPECT_THAT(check("daemon/feed/replay.cpp", "#include <simdjson.h>\n"),
              ElementsAre(HasSubstr("does not use")));
  for (const char* const header : {"proto/json_fields.hpp", "proto/event_decoder.hpp"}) {
    EXPECT_THAT(check("daemon/feed/replay.cpp", std::string("#include \"") + header + "\"\n"),
                ElementsAre(HasSubstr("private to proto/")));
  }
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
