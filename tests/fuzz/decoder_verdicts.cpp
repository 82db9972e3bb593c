// Says of each file what the decoder says of its bytes, for decoder_differential_test.py: a line
// each with the name and, behind tabs, the answer as an event, as a server's and as a client's
// frame: "ok", or the reason and the field.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "proto/decoder.hpp"

namespace {

using namespace deskpulse::proto;

template <class T>
std::string verdict(const Decoded<T>& decoded) {
  if (decoded) return "ok";
  return std::string(reason_name(decoded.error().reason)) + " " +
         std::string(decoded.error().field);
}

}  // namespace

int main(int argc, char** argv) {
  Decoder decoder({.max_bytes = 1 << 20, .max_depth = 32});
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      std::printf("%s", entry.path().c_str());
      std::printf("\t%s", verdict(decoder.event(text)).c_str());
      std::printf("\t%s", verdict(decoder.server_frame(text)).c_str());
      std::printf("\t%s\n", verdict(decoder.client_frame(text)).c_str());
    }
  }
  return 0;
}
