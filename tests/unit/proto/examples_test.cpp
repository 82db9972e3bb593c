// The decoder and the published schema agree on one set of files; schema_test.py is the other half.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "proto/decoder.hpp"

namespace deskpulse::proto {
namespace {

namespace fs = std::filesystem;

const fs::path kExamples = fs::path(PROTO_FOLDER) / "examples";

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> files(const std::string& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(kExamples / folder))
    if (entry.path().extension() == ".json") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// A file of a bad event is called REASON__what.json.
void expect_each_rejected_for_its_reason(const std::string& folder) {
  Decoder decoder;
  for (const fs::path& file : files(folder)) {
    const std::string name = file.filename().string();
    const std::string reason = name.substr(0, name.find("__"));
    const auto decoded = decoder.event(contents(file));
    ASSERT_FALSE(decoded) << name;
    EXPECT_EQ(reason_name(decoded.error().reason), reason) << name;
  }
}

TEST(Examples, GoodEventsAreRead) {
  EXPECT_GT(files("good").size(), 40u);
  Decoder decoder;
  for (const fs::path& file : files("good")) {
    const auto decoded = decoder.event(contents(file));
    EXPECT_TRUE(decoded) << file.filename() << ": " << reason_name(decoded.error().reason) << " "
                         << decoded.error().field;
  }
}

TEST(Examples, BadEventsAreRejectedForTheReasonInTheirName) {
  EXPECT_GT(files("bad").size(), 80u);
  expect_each_rejected_for_its_reason("bad");
}

TEST(Examples, WhatNoSchemaSeesIsRejectedAllTheSame) {
  EXPECT_GT(files("bad_beyond_schema").size(), 20u);
  expect_each_rejected_for_its_reason("bad_beyond_schema");
}

TEST(Examples, EveryLineOfTheStreamIsAnEvent) {
  std::ifstream in(kExamples / "stream.ndjson");
  Decoder decoder;
  int lines = 0;
  for (std::string line; std::getline(in, line); ++lines) EXPECT_TRUE(decoder.event(line)) << line;
  EXPECT_GT(lines, 10);
}

TEST(Examples, ThePlainArrayIsAFrameOfEvents) {
  Decoder decoder;
  const auto frame = decoder.plain_frame(contents(kExamples / "plain_array.json"));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->size(), 2u);
  for (const auto& event : *frame) EXPECT_TRUE(event);
}

TEST(Examples, SessionFramesAreReadByTheirReceiver) {
  Decoder decoder;
  const auto frames = files("session");
  EXPECT_GT(frames.size(), 10u);
  for (const fs::path& file : frames) {
    const std::string name = file.filename().string();
    if (name.starts_with("hello") || name.starts_with("ack"))
      EXPECT_TRUE(decoder.client_frame(contents(file))) << name;
    else
      EXPECT_TRUE(decoder.server_frame(contents(file))) << name;
  }
}

}  // namespace
}  // namespace deskpulse::proto
