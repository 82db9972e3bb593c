// Shows a fuzz target the files that are kept: every one in the folders and files named.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.hpp"

namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t shown = 0;
  for (int i = 1; i < argc; ++i) {
    for (const std::filesystem::path& path : files_of(argv[i])) {
      std::ifstream file(path, std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      // A copy of just its size: a sanitizer sees who reads beyond it.
      const std::vector<std::uint8_t> bytes(text.begin(), text.end());
      std::printf("%s\n", path.c_str());
      std::fflush(stdout);  // the last line names the one that ends the process
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      ++shown;
    }
  }
  std::printf("%zu files\n", shown);
  return shown == 0 ? 1 : 0;
}
